"""What tells reading a graph from being helped by it: the same questions with the graph spoilt in one way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kgreason import storage
from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.nn.batch import Item
from kgreason.records import Subgraph
from kgreason.retrieval.lazy import Lazy

__all__ = ["CONTROLS", "Control", "Permuted", "View", "control", "rewire"]

SWAPS = 10
_ROUNDS = 20 * SWAPS
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class View:
    """How a run sees the graph.

    Args:
        graph: plain, rewired or none.
        direct: whether edges straight from question to option take part.
        permuted: whether relation names are exchanged within each question.
    """

    graph: str = "plain"
    direct: bool = True
    permuted: bool = False


@dataclass(frozen=True, slots=True)
class Control:
    """The graph as it is seen in training and when answering."""

    name: str
    train: View
    test: View

    @property
    def own_run(self) -> bool:
        """Whether a model is trained for it."""
        return self.train != View()


def _both(name: str, view: View) -> tuple[Control, Control]:
    """At test only, and in a training run of its own."""
    return Control(f"{name}@test", View(), view), Control(name, view, view)


#: Every control by name.
CONTROLS = {
    each.name: each
    for each in (
        Control("plain", View(), View()),
        Control("none@test", View(), View("none")),
        *_both("rewired", View("rewired")),
        *_both("permuted", View(permuted=True)),
        *_both("no-direct", View(direct=False)),
    )
}


def control(name: str) -> Control:
    """The control of a name.

    Raises:
        InputError: there is none.
    """
    if name not in CONTROLS:
        raise InputError(f"there is no control {name!r}", fix=f"Use one of {', '.join(CONTROLS)}.")
    return CONTROLS[name]


class Permuted(Lazy[Item]):
    """Questions whose relations bear one another's names: the edges say the same, in the wrong words.

    Within each question the names of the relations that occur move on by one in a random circle, so that none keeps
    its own. A question with a single relation takes a name of the graph's.

    Args:
        items: questions with their subgraphs.
        seed: of the circles.
    """

    def __init__(self, items: Sequence[Item], seed: int = 0) -> None:
        self.items = items
        self.seed = seed

    def __len__(self) -> int:
        return len(self.items)

    def make(self, i: int) -> Item:
        """One item."""
        question, subgraph = self.items[i]
        return question, None if subgraph is None else self._renamed(subgraph)

    def _renamed(self, subgraph: Subgraph) -> Subgraph:
        names = list(subgraph.relations)
        count = len(names)
        codes = np.concatenate([subgraph.edge_relation.astype(np.int64), subgraph.path_type.reshape(-1)])
        occurring = np.unique(codes[codes >= 0] % count) if count else codes
        if len(occurring) == 1:
            occurring = np.arange(count)
        digest = storage.digest_bytes(f"{self.seed}\n{subgraph.question.text}".encode())
        circle = np.random.default_rng(int(digest[:16], 16)).permutation(occurring)
        for number, after in zip(circle.tolist(), np.roll(circle, -1).tolist(), strict=True):
            names[number] = subgraph.relations[after]
        return replace(subgraph, relations=tuple(names))


def rewire(graph: KnowledgeGraph, seed: int = 0, *, swaps: float = SWAPS) -> KnowledgeGraph:
    """The graph with the ends of its edges exchanged within each relation; every node keeps its degrees.

    Double edge swaps (Maslov and Sneppen 2002): of two edges a→b and c→d of one relation a→d and c→b are made, unless
    that gives a loop or an edge that is there already. Nodes, names and surface forms stay, and so do the numbers of
    the nodes, which follow from the degrees.

    Args:
        graph: the graph.
        seed: of the draws.
        swaps: how many an edge on average; a graph that hardly allows any gets as many as it allows.

    Returns:
        A graph in memory.

    Example:
        >>> graph = KnowledgeGraph.from_triples([("a", "IsA", "b"), ("c", "IsA", "d")])
        >>> spoilt = rewire(graph)
        >>> [spoilt.degree(node) for node in range(4)]
        [1, 1, 1, 1]
    """
    source, target, relation, weight = _edges(graph)
    symmetric = graph.symmetric[relation]
    random = np.random.default_rng(seed)
    wanted, done, rounds = swaps * len(source), 0, 0
    while done < wanted and rounds < _ROUNDS:
        done += _swap(source, target, relation, symmetric, graph.num_nodes, random)
        rounds += 1
    return _with_edges(graph, source, target, relation, weight)


def _edges(graph: KnowledgeGraph) -> tuple[Ints, Ints, Ints, npt.NDArray[np.float16]]:
    """Source, target, relation and weight of every edge, once each. Shapes: [e] each."""
    row = np.repeat(np.arange(graph.num_nodes), np.diff(graph.ptr))
    col, code, count = graph.idx.astype(np.int64), graph.rel.astype(np.int64), len(graph.relations)
    once = (code < count) & (~graph.symmetric[code % max(count, 1)] | (row < col))
    return row[once], col[once], code[once], np.asarray(graph.weight)[once]


def _swap(
    source: Ints,
    target: Ints,
    relation: Ints,
    symmetric: npt.NDArray[np.bool_],
    nodes: int,
    random: np.random.Generator,
) -> int:
    """One round: edges of a relation in random pairs, the ends of all pairs that allow it exchanged in place."""
    turned = symmetric & (random.random(len(source)) < 0.5)
    source[turned], target[turned] = target[turned], source[turned]
    order = random.permutation(len(source))
    order = order[np.argsort(relation[order], kind="stable")]
    first, second = order[:-1], order[1:]
    # Pairs of neighbours in the order that lie in one relation, no edge in two of them.
    place = np.arange(len(order)) - np.searchsorted(relation[order], relation[order])
    paired = (place[:-1] % 2 == 0) & (relation[first] == relation[second])
    first, second = first[paired], second[paired]

    def key(a: Ints, b: Ints, edge: Ints) -> Ints:
        swap = symmetric[edge] & (a > b)
        return (relation[edge] * nodes + np.where(swap, b, a)) * nodes + np.where(swap, a, b)

    made = key(source[first], target[second], first), key(source[second], target[first], second)
    keys = np.concatenate([*made, key(source, target, np.arange(len(source)))])
    _, place, count = np.unique(keys, return_inverse=True, return_counts=True)
    once = (count[place] == 1)[: 2 * len(first)].reshape(2, -1).all(0)
    good = once & (source[first] != target[second]) & (source[second] != target[first])
    first, second = first[good], second[good]
    target[first], target[second] = target[second], target[first]
    return len(first)


def _with_edges(
    graph: KnowledgeGraph,
    source: Ints,
    target: Ints,
    relation: Ints,
    weight: npt.NDArray[np.float16],
) -> KnowledgeGraph:
    back = np.where(graph.symmetric[relation], relation, relation + len(graph.relations))
    row, col, code = (np.concatenate(pair) for pair in ((source, target), (target, source), (relation, back)))
    order = np.lexsort((code, col, row))
    ptr = np.zeros(graph.num_nodes + 1, np.int64)
    np.cumsum(np.bincount(row, minlength=graph.num_nodes), out=ptr[1:])
    arrays = replace(
        graph.arrays,
        ptr=ptr,
        idx=col[order].astype(np.int32),
        rel=code[order].astype(graph.rel.dtype),
        weight=np.tile(weight, 2)[order].astype(np.float16),
    )
    columns = {name: column for name in graph.info()["columns"] if (column := graph.column(name)) is not None}
    return KnowledgeGraph(arrays, columns=columns)
