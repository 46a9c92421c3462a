"""The graph as one question sees it: its own facts laid over the image, edges added, edges removed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from kgreason.errors import InputError
from kgreason.graph.schema import default_label, is_negated
from kgreason.grounding import local_names, resolve
from kgreason.language import normal_form
from kgreason.records import ORIGINS, Grounding, Triple

if TYPE_CHECKING:
    from kgreason.graph import KnowledgeGraph

__all__ = ["Degrees", "GraphView", "Rows"]

#: idx, code, weight, origin of one node's row.
_Row = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.float32], npt.NDArray[np.uint8]]
#: (neighbour, relation code)
_Entry = tuple[int, int]

_GIVEN = ORIGINS.index("given")


class Rows(NamedTuple):
    """Adjacency rows of some nodes, one after another, each sorted by neighbour, then relation code.

    Shapes:
        ptr [k + 1] int64, idx [m] int32, code [m] int32, weight [m] float32, origin [m] uint8.
    """

    ptr: npt.NDArray[np.int64]
    idx: npt.NDArray[np.int32]
    code: npt.NDArray[np.int32]
    weight: npt.NDArray[np.float32]
    origin: npt.NDArray[np.uint8]

    @classmethod
    def join(cls, parts: Sequence[_Row]) -> Rows:
        """Rows from (idx, code, weight, origin) of each node."""
        ptr = np.zeros(len(parts) + 1, np.int64)
        np.cumsum([len(part[0]) for part in parts], out=ptr[1:])
        columns = zip(*parts, strict=True) if parts else [()] * 4
        joined = [
            np.concatenate([np.empty(0, dtype), *column]).astype(dtype, copy=False)
            for column, dtype in zip(columns, (np.int32, np.int32, np.float32, np.uint8), strict=True)
        ]
        return cls(ptr, *joined)

    def row_of(self) -> npt.NDArray[np.int32]:
        """The row each entry stands in. Shape: [m]."""
        return np.repeat(np.arange(len(self.ptr) - 1, dtype=np.int32), np.diff(self.ptr))

    def filter(self, mask: npt.NDArray[np.bool_]) -> Rows:
        """The entries where ``mask`` holds. Shapes: mask [m]."""
        before = np.concatenate([[0], np.cumsum(mask)])
        return Rows(before[self.ptr], self.idx[mask], self.code[mask], self.weight[mask], self.origin[mask])


class Degrees(NamedTuple):
    """Degrees of all nodes, as kernels read them.

    Shapes:
        ptr [nodes of the graph + 1] int64 (bounds of the image's rows), patched [p] int64 (ascending nodes whose
        degree is another), of_patched [p] int64 (that degree).
    """

    ptr: npt.NDArray[np.int64]
    patched: npt.NDArray[np.int64]
    of_patched: npt.NDArray[np.int64]


class GraphView:
    """A graph under the edits of one question; an edited view equals a graph built with the edits.

    Facts of the question come first, then ``remove`` hides edges of both, then ``add`` adds. A fact that is there
    already gains weight 1. Concepts that the graph does not know get the ids after its last; relations that it does
    not know come after its own.

    Args:
        graph: the image.
        grounding: brings the question's facts, and concepts that only they name.
        add: triples of keys or labels and relation names, each of weight 1.
        remove: triples to hide.

    Attributes:
        relations: names, R of them; ``symmetric`` [R]; ``inverse`` [2R] the code of an edge from its other end;
            ``negated`` [2R] whether a code is of a relation Not<name>; names: keys of the question's own concepts.

    Raises:
        InputError: ``remove`` names a concept, relation or edge that is not there.
    """

    def __init__(
        self, graph: KnowledgeGraph, grounding: Grounding, add: Iterable[Triple] = (), remove: Iterable[Triple] = ()
    ) -> None:
        self.graph = graph
        facts, add, remove = grounding.question.facts, tuple(add), tuple(remove)
        names = local_names(graph, (*facts, *add)) if facts or add else {}
        for mention in grounding.mentions:
            for candidate in mention.candidates:
                if candidate.node < 0:
                    names.setdefault(normal_form(candidate.key), candidate.key)
        self.names = tuple(names.values())
        self._local = {form: graph.num_nodes + i for i, form in enumerate(names)}
        self.relations, self.symmetric = self._relations(name for _, name, _ in (*facts, *add))
        count = len(self.relations)
        forward = np.arange(count, dtype=np.int32)
        self.inverse = np.concatenate([np.where(self.symmetric, forward, forward + count), forward]).astype(np.int32)
        self.negated = np.tile([is_negated(name) for name in self.relations], 2).astype(np.bool_)
        self._patched: dict[int, _Row] = {}
        self._ranks: dict[int, float] = {}
        if facts or add or remove:
            self._patch(facts, remove, add)

    @property
    def num_nodes(self) -> int:
        """Nodes of the graph and of the question alone."""
        return self.graph.num_nodes + len(self.names)

    @property
    def patched(self) -> npt.NDArray[np.int64]:
        """Nodes whose rows are not the image's, ascending. Shape: [p]."""
        return np.array(sorted(self._patched), np.int64)

    def node(self, name: str) -> int | None:
        """Id of a key or label, or None."""
        found = resolve(self.graph, name)
        return found if found is not None else self._local.get(normal_form(name))

    def local(self, name: str) -> int:
        """Id of a concept that the question alone knows."""
        return self._local[normal_form(name)]

    def key(self, node: int) -> str:
        """Key of a node."""
        return self.graph.key(node) if node < self.graph.num_nodes else self.names[node - self.graph.num_nodes]

    def label(self, node: int) -> str:
        """Label of a node."""
        return self.graph.label(node) if node < self.graph.num_nodes else default_label(self.key(node))

    def rows(self, nodes: Sequence[int]) -> Rows:
        """The adjacency of some nodes."""
        return Rows.join([self._patched.get(node) or self._own_row(node) for node in nodes])

    def codes(self, rel: npt.NDArray[np.generic]) -> npt.NDArray[np.int32]:
        """The image's relation codes among this view's relations. Shapes: rel [m] -> [m]."""
        code = rel.astype(np.int32)
        own = len(self.graph.relations)
        if (more := len(self.relations) - own) > 0:
            code[code >= own] += more
        return code

    def degrees(self, nodes: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """Row lengths. Shapes: nodes [k] -> [k]."""
        ptr, size = self.graph.ptr, self.graph.num_nodes
        degree: npt.NDArray[np.int64] = ptr[np.minimum(nodes + 1, size)] - ptr[np.minimum(nodes, size)]
        if self._patched:
            for i, node in enumerate(nodes.tolist()):
                if node in self._patched:
                    degree[i] = len(self._patched[node][0])
        return degree

    def ranks(self, nodes: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """Numbers that sort nodes by degree descending, then key, as ids sort an unedited graph's.

        Shapes:
            nodes [k] -> [k]
        """
        ranks = nodes.astype(np.float64)
        if self._patched or self.names:
            moved = [node for node in nodes.tolist() if node in self._patched or node >= self.graph.num_nodes]
            if any(node not in self._ranks for node in moved):
                self._rank_moved()
            for i, node in enumerate(nodes.tolist()):
                ranks[i] = self._ranks.get(node, ranks[i])
        return ranks

    def _rank_moved(self) -> None:
        own = range(self.graph.num_nodes, self.num_nodes)
        moved = np.array(sorted({*self._patched, *own}), np.int64)
        order = sorted(
            (-degree, self.key(node).encode(), node)
            for node, degree in zip(moved.tolist(), self.degrees(moved).tolist(), strict=True)
        )
        for i, (falling, key, node) in enumerate(order):
            low, high = 0, self.graph.num_nodes
            while low < high:
                middle = (low + high) // 2
                if (-self.graph.degree(middle), self.graph.key(middle).encode()) < (falling, key):
                    low = middle + 1
                else:
                    high = middle
            self._ranks[node] = low - 0.5 + 0.25 * i / len(order)

    def _own_row(self, node: int) -> _Row:
        graph = self.graph
        if node >= graph.num_nodes:
            return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32), np.empty(0, np.uint8)
        span = slice(graph.ptr[node], graph.ptr[node + 1])
        idx = graph.idx[span]
        weight = graph.weight[span].astype(np.float32)
        return idx, self.codes(graph.rel[span]), weight, np.zeros(len(idx), np.uint8)

    def _relations(self, wanted: Iterable[str]) -> tuple[tuple[str, ...], npt.NDArray[np.bool_]]:
        graph = self.graph
        new = [name for name in dict.fromkeys(wanted) if self._relation_of_graph(name) is None]
        if not new:
            return graph.relations, graph.symmetric
        from kgreason.graph.derive import is_symmetric

        return (*graph.relations, *new), np.concatenate([graph.symmetric, [is_symmetric(name) for name in new]])

    def _relation_of_graph(self, name: str) -> str | None:
        if name in self.graph.relations:
            return name
        canonical = self.graph.relation_table.canonical(name)
        return canonical if canonical in self.graph.relations else None

    def _code(self, name: str) -> int | None:
        name = self._relation_of_graph(name) or name
        return self.relations.index(name) if name in self.relations else None

    def _patch(self, facts: Sequence[Triple], remove: Sequence[Triple], add: Sequence[Triple]) -> None:
        given, hidden, added = (self._by_node(part) for part in (facts, remove, add))
        for node in sorted({*given, *hidden, *added}):
            row = _merged(self._own_row(node), given.get(node, {}))
            for entry, triples in hidden.get(node, {}).items():
                row, found = _without(row, entry)
                if not found:
                    raise _missing(triples[0], "edge")
            self._patched[node] = _merged(row, added.get(node, {}))

    def _by_node(self, triples: Sequence[Triple]) -> dict[int, dict[_Entry, list[Triple]]]:
        """Triples as entries of the rows at both their ends; as in the image, none leads from a node to itself."""
        entries: dict[int, dict[_Entry, list[Triple]]] = defaultdict(lambda: defaultdict(list))
        for triple in triples:
            source, target, code = self.node(triple[0]), self.node(triple[2]), self._code(triple[1])
            if source is None or target is None:
                raise _missing(triple, f"concept {triple[0] if source is None else triple[2]!r}")
            if code is None:
                raise _missing(triple, f"relation {triple[1]!r}")
            if source != target:
                entries[source][target, code].append(triple)
                entries[target][source, int(self.inverse[code])].append(triple)
        return entries


def _merged(row: _Row, entries: Mapping[_Entry, Sequence[Triple]]) -> _Row:
    """A row with entries added, each of as much weight as it has triples; the sums round as the image's do."""
    if not entries:
        return row
    idx, code, weight, origin = row
    idx = np.concatenate([idx, np.array([entry[0] for entry in entries], np.int32)])
    code = np.concatenate([code, np.array([entry[1] for entry in entries], np.int32)])
    weight = np.concatenate([weight, np.array([len(triples) for triples in entries.values()], np.float32)])
    origin = np.concatenate([origin, np.full(len(entries), _GIVEN, np.uint8)])
    order = np.lexsort((code, idx))
    idx, code, weight, origin = idx[order], code[order], weight[order], origin[order]
    first = np.flatnonzero(np.concatenate([[True], (idx[1:] != idx[:-1]) | (code[1:] != code[:-1])]))
    total = np.add.reduceat(weight, first).astype(np.float16).astype(np.float32)
    return idx[first], code[first], total, np.maximum.reduceat(origin, first)


def _without(row: _Row, entry: _Entry) -> tuple[_Row, bool]:
    idx, code, weight, origin = row
    kept = (idx != entry[0]) | (code != entry[1])
    return (idx[kept], code[kept], weight[kept], origin[kept]), not bool(kept.all())


def _missing(triple: object, what: str) -> InputError:
    return InputError(f"{triple!r} cannot be removed: the graph has no such {what}", fix="Name an edge that is there.")
