"""The graph as one question sees it: its own facts laid over the image, edges added, edges removed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from kgreason.errors import InputError
from kgreason.graph.schema import default_label, is_negated
from kgreason.grounding import namesakes, resolve
from kgreason.language import normal_form
from kgreason.records import ORIGINS, Edge, Grounding, Question, Triple

if TYPE_CHECKING:
    from kgreason.graph import KnowledgeGraph

__all__ = ["Degrees", "GraphView", "Rows", "edge_text"]

#: idx, code, weight, origin of one node's row.
_Row = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.float32], npt.NDArray[np.uint8]]

_Ints = npt.NDArray[np.int64]
_T = TypeVar("_T", bound=np.generic)

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
    def empty(cls, count: int, entries: int) -> Rows:
        """Room for some rows of so many entries together."""
        idx, code = np.empty((2, entries), np.int32)
        weight, origin = np.empty(entries, np.float32), np.empty(entries, np.uint8)
        return cls(np.zeros(count + 1, np.int64), idx, code, weight, origin)

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

    def row(self, number: int) -> _Row:
        """The entries of one row."""
        span = slice(self.ptr[number], self.ptr[number + 1])
        return self.idx[span], self.code[span], self.weight[span], self.origin[span]

    def row_of(self) -> npt.NDArray[np.int32]:
        """The row each entry stands in. Shape: [m]."""
        return np.repeat(np.arange(len(self.ptr) - 1, dtype=np.int32), np.diff(self.ptr))

    def filter(self, mask: npt.NDArray[np.bool_]) -> Rows:
        """The entries where ``mask`` holds. Shapes: mask [m]."""
        before = np.concatenate([[0], np.cumsum(mask)])
        return Rows(before[self.ptr], self.idx[mask], self.code[mask], self.weight[mask], self.origin[mask])


_NOTHING, _NO_ROWS = np.empty(0, np.int64), Rows.join([])


class Degrees(NamedTuple):
    """Degrees of all nodes, as kernels read them.

    Shapes:
        ptr [nodes of the graph + 1] int64 (bounds of the image's rows), patched [p] int64 (ascending nodes whose
        rows are others), own [p + 1] int64 (bounds of those rows).
    """

    ptr: npt.NDArray[np.int64]
    patched: npt.NDArray[np.int64]
    own: npt.NDArray[np.int64]


class GraphView:
    """A graph under the edits of one question; an edited view equals a graph built with the edits.

    Facts of the question and edges that its texts state come first, then ``remove`` hides edges of all, then ``add``
    adds. A fact that is there already gains weight 1. Concepts that the graph does not know get the ids after its
    last; relations that it does not know come after its own.

    Args:
        graph: the image.
        grounding: brings the question's facts, and concepts that only they name.
        add: triples of keys or labels and relation names, each of weight 1.
        remove: triples to hide.

    Attributes:
        relations: names, R of them; ``symmetric`` [R]; ``inverse`` [2R] the code of an edge from its other end;
            ``negated`` [2R] whether a code is of a relation Not<name>; ``name_ranks`` [R] the order of the names;
            ``image_codes`` what the image's codes are here; names: keys of the question's own concepts; patched: [p]
            int64, ascending, nodes whose rows are not the image's; own: these rows.

    Raises:
        InputError: ``remove`` names a concept, relation or edge that is not there.
    """

    def __init__(
        self, graph: KnowledgeGraph, grounding: Grounding, add: Iterable[Triple] = (), remove: Iterable[Triple] = ()
    ) -> None:
        self.graph, self.question = graph, grounding.question
        laid, add, remove = _laid(grounding), tuple(add), tuple(remove)
        facts = [edge.triple for edge in laid]
        self._nodes: dict[str, int | None] = {}
        self._local: dict[str, int] = {}
        names: list[str] = []
        for name in dict.fromkeys(name for source, _, target in (*facts, *add) for name in (source, target)):
            self._nodes[name] = self._known_or_new(name, names)
        for mention in grounding.mentions:
            for candidate in mention.candidates:
                if candidate.node < 0:
                    self._new(candidate.key, names)
        self.names = tuple(names)
        self.relations, self.symmetric = self._relations(name for _, name, _ in (*facts, *add))
        tables = _code_tables(self.relations, self.symmetric.tobytes(), len(graph.relations))
        self.inverse, self.negated, self.name_ranks, self.image_codes = tables
        self._codes: dict[str, int | None] = {}
        self._ranks: tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]] | None = None
        self.patched, self.own = _NOTHING, _NO_ROWS
        if laid or add or remove:
            self._patch(laid, remove, add)

    @property
    def num_nodes(self) -> int:
        """Nodes of the graph and of the question alone."""
        return self.graph.num_nodes + len(self.names)

    def node(self, name: str) -> int | None:
        """Id of a key or label, or None."""
        if name not in self._nodes:
            found = resolve(self.graph, name)
            self._nodes[name] = found if found is not None else self._local.get(normal_form(name))
        return self._nodes[name]

    def namesakes(self, name: str) -> list[int]:
        """Ids of all concepts with this key or label."""
        own = self._local.get(normal_form(name))
        return namesakes(self.graph, name) + ([] if own is None else [own])

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
        return Rows.join([self._row(node) for node in nodes])

    @property
    def all_degrees(self) -> Degrees:
        """Row lengths of all nodes, as kernels read them."""
        return Degrees(self.graph.ptr, self.patched, self.own.ptr)

    def degrees(self, nodes: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """Row lengths. Shapes: nodes [k] -> [k]."""
        ptr, size = self.graph.ptr, self.graph.num_nodes
        degree: npt.NDArray[np.int64] = ptr[np.minimum(nodes + 1, size)] - ptr[np.minimum(nodes, size)]
        return _replaced(degree, nodes, self.patched, np.diff(self.own.ptr))

    def ranks(self, nodes: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """Numbers that sort nodes by degree descending, then key, as ids sort an unedited graph's.

        Shapes:
            nodes [k] -> [k]
        """
        if not (len(self.patched) or self.names):
            return nodes.astype(np.float64)
        if self._ranks is None:
            self._ranks = self._rank_moved()
        return _replaced(nodes.astype(np.float64), nodes, *self._ranks)

    def _rank_moved(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """The nodes that an edit moved or made, ascending, and their ranks."""
        ptr, keys, size = self.graph.ptr, self.graph.arrays.keys, self.graph.num_nodes
        moved = np.union1d(self.patched, np.arange(size, self.num_nodes))
        order = sorted(
            (-degree, self.key(node).encode(), i)
            for i, (node, degree) in enumerate(zip(moved.tolist(), self.degrees(moved).tolist(), strict=True))
        )
        ranks = np.empty(len(moved))
        for position, (falling, key, i) in enumerate(order):
            low = bisect_left(
                range(size), (falling, key), key=lambda node: (int(ptr[node] - ptr[node + 1]), keys.raw(node))
            )
            ranks[i] = low - 0.5 + 0.25 * position / len(order)
        return moved, ranks

    def _known_or_new(self, name: str, names: list[str]) -> int:
        found = resolve(self.graph, name)
        return found if found is not None else self._new(name, names)

    def _new(self, name: str, names: list[str]) -> int:
        """Id of a concept that the graph does not know; the first spelling of its name is its key."""
        form = normal_form(name)
        if form not in self._local:
            self._local[form] = self.graph.num_nodes + len(names)
            names.append(name)
        return self._local[form]

    def _row(self, node: int) -> _Row:
        at = int(np.searchsorted(self.patched, node))
        if at < len(self.patched) and self.patched[at] == node:
            return self.own.row(at)
        graph = self.graph
        span = slice(graph.ptr[node], graph.ptr[node + 1]) if node < graph.num_nodes else slice(0)
        idx, weight = graph.idx[span], graph.weight[span].astype(np.float32)
        return idx, self.image_codes[graph.rel[span]], weight, np.zeros(len(idx), np.uint8)

    def _relations(self, wanted: Iterable[str]) -> tuple[tuple[str, ...], npt.NDArray[np.bool_]]:
        graph = self.graph
        new = [name for name in dict.fromkeys(wanted) if self._relation_of_graph(name) is None]
        if not new:
            return graph.relations, graph.symmetric
        return (*graph.relations, *new), np.concatenate([graph.symmetric, [_is_symmetric(name) for name in new]])

    def _code(self, name: str) -> int | None:
        if name not in self._codes:
            known = name if name in self.relations else self._relation_of_graph(name)
            self._codes[name] = None if known is None else self.relations.index(known)
        return self._codes[name]

    def _relation_of_graph(self, name: str) -> str | None:
        if name in self.graph.relations:
            return name
        canonical = self.graph.relation_table.canonical(name)
        return canonical if canonical in self.graph.relations else None

    def _patch(self, laid: Sequence[Edge], remove: Sequence[Triple], add: Sequence[Triple]) -> None:
        laid = [edge for edge in laid if self.node(edge.source) != self.node(edge.target)]
        facts = [edge.triple for edge in laid]
        given, hidden, added = (self._entries(triples) for triples in (facts, remove, add))
        patched = np.unique(np.concatenate([given[0], hidden[0], added[0]]))
        base = self.rows(patched[patched < self.graph.num_nodes].tolist())
        codes = 2 * len(self.relations)

        def keyed(row: _Ints, idx: npt.NDArray[np.integer], code: npt.NDArray[np.integer]) -> _Ints:
            key: _Ints = (np.searchsorted(patched, row) * self.num_nodes + idx) * codes + code
            return key

        key = np.concatenate([keyed(patched[base.row_of()], base.idx, base.code), keyed(*given)])
        weight = np.concatenate([base.weight, np.tile(np.array([edge.weight for edge in laid], np.float32), 2)])
        origins = np.array([ORIGINS.index(edge.origin) for edge in laid], np.uint8)
        origin = np.concatenate([base.origin, np.tile(origins, 2)])
        gone = keyed(*hidden)
        if not (there := np.isin(gone, key)).all():
            proper = [triple for triple in remove if self.node(triple[0]) != self.node(triple[2])]
            raise _missing(proper[int(there.argmin()) % len(proper)], "edge")
        kept = ~np.isin(key, gone)
        more = keyed(*added)
        key = np.concatenate([key[kept], more])
        weight = np.concatenate([weight[kept], np.ones(len(more), np.float32)])
        origin = np.concatenate([origin[kept], np.full(len(more), _GIVEN, np.uint8)])
        self.patched, self.own = patched, _merged(key, weight, origin, (len(patched), self.num_nodes, codes))

    def _entries(self, triples: Sequence[Triple]) -> tuple[_Ints, _Ints, _Ints]:
        """Row, neighbour and code of triples seen from their source, then of the same seen from their target.

        As in the image, none leads from a node to itself.
        """
        numbers = np.array([self._numbered(triple) for triple in triples], np.int64).reshape(-1, 3)
        source, code, target = numbers[numbers[:, 0] != numbers[:, 2]].T
        ends = np.concatenate([source, target]), np.concatenate([target, source])
        return *ends, np.concatenate([code, self.inverse[code]])

    def _numbered(self, triple: Triple) -> tuple[int, int, int]:
        source, target, code = self.node(triple[0]), self.node(triple[2]), self._code(triple[1])
        if source is None or target is None:
            raise _missing(triple, f"concept {triple[0] if source is None else triple[2]!r}")
        if code is None:
            raise _missing(triple, f"relation {triple[1]!r}")
        return source, code, target


def _laid(grounding: Grounding) -> list[Edge]:
    """A question's own edges: its facts, then what its texts state."""
    question = grounding.question
    return [*(Edge(*fact, 1.0, "given") for fact in question.facts), *question.edges]


def edge_text(graph: KnowledgeGraph, question: Question, source: str, relation: str, target: str) -> str:
    """An edge between two labels, in the words of the question if it states it."""
    if question.edges:
        asked = normal_form(source), relation, normal_form(target)
        for edge in question.edges:
            if edge.text and (normal_form(edge.source), edge.relation, normal_form(edge.target)) == asked:
                return edge.text
    return graph.relation_table.sentence(relation, source, target)


@lru_cache(maxsize=64)
def _code_tables(
    relations: tuple[str, ...], symmetric: bytes, known: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_], _Ints, npt.NDArray[np.int32]]:
    """Inverse and negation of every code, the ranks of the names, and the codes of the image's, the first ``known``."""
    count = len(relations)
    forward = np.arange(count, dtype=np.int32)
    inverse = np.concatenate([np.where(np.frombuffer(symmetric, np.bool_), forward, forward + count), forward])
    negated = np.tile(np.array([is_negated(name) for name in relations], np.bool_), 2)
    ranks = np.empty(count, np.int64)
    ranks[sorted(range(count), key=relations.__getitem__)] = np.arange(count)
    codes = np.concatenate([forward[:known], count + forward[:known]])
    return inverse.astype(np.int32), negated, ranks, codes.astype(np.int32)


@lru_cache(maxsize=4096)
def _is_symmetric(relation: str) -> bool:
    from kgreason.graph.derive import is_symmetric  # reads the data package

    return is_symmetric(relation)


def _merged(
    key: _Ints, weight: npt.NDArray[np.float32], origin: npt.NDArray[np.uint8], sizes: tuple[int, int, int]
) -> Rows:
    """Rows from entries in any order, by the key (row · nodes + neighbour) · codes + code; sums round as the image's.

    Args:
        key: of each entry; equal ones become one entry of their summed weight.
        weight: of each entry.
        origin: of each entry; a given one marks its sum.
        sizes: rows, nodes, codes.
    """
    rows, nodes, codes = sizes
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    row, rest = np.divmod(key[first], nodes * codes)
    idx, code = np.divmod(rest, codes)
    ptr = np.searchsorted(row, np.arange(rows + 1))
    if not len(first):
        return Rows(ptr, idx.astype(np.int32), code.astype(np.int32), weight, origin)
    total = np.add.reduceat(weight[order], first).astype(np.float16).astype(np.float32)
    mark = np.maximum.reduceat(origin[order], first)
    return Rows(ptr, idx.astype(np.int32), code.astype(np.int32), total, mark)


def _replaced(
    values: npt.NDArray[_T], nodes: npt.NDArray[np.integer], moved: npt.NDArray[np.int64], by: npt.NDArray[_T]
) -> npt.NDArray[_T]:
    """The values of nodes, with those of the moved nodes (ascending) put in. Shapes: values and nodes [k]."""
    if len(moved):
        at = np.minimum(np.searchsorted(moved, nodes), len(moved) - 1)
        values = np.where(moved[at] == nodes, by[at], values)
    return values


def _missing(triple: object, what: str) -> InputError:
    return InputError(f"{triple!r} cannot be removed: the graph has no such {what}", fix="Name an edge that is there.")
