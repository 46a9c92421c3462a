"""Look-up by pattern: edges whose ends and relation are given exactly, by a prefix, or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kgreason.errors import InputError
from kgreason.graph.walk import entries_of
from kgreason.records import Edge

if TYPE_CHECKING:
    from kgreason.graph.image import KnowledgeGraph

__all__ = ["match_edges", "named_nodes", "relation_index"]

_Nodes = npt.NDArray[np.int64]


def named_nodes(graph: KnowledgeGraph, pattern: str) -> _Nodes:
    """The nodes that a pattern names, ascending.

    Args:
        graph: where to look.
        pattern: a key; the beginning of keys, with ``*`` after it; ``/c/LANG/TERM``, which also names the keys below
            it, as ConceptNet's look-up does; or any name that :meth:`KnowledgeGraph.resolve` finds.

    Returns:
        their ids, of which a prefix may name none.

    Raises:
        InputError: a name without ``*`` names no concept.

    Shapes:
        [k]

    Example:
        >>> from kgreason.graph import KnowledgeGraph
        >>> graph = KnowledgeGraph.from_triples([("/c/en/dog", "CapableOf", "/c/en/dogfight")])
        >>> [named_nodes(graph, name).tolist() for name in ("/c/en/dog*", "/c/en/dog/n/wn/animal", "Dogfight")]
        [[0, 1], [0], [1]]
    """
    keys, order = graph.arrays.keys, graph.arrays.key_order
    exact = graph.find(pattern)
    if exact is None and pattern.endswith("*"):
        return np.sort(keys.below(pattern[:-1], order)).astype(np.int64)
    found = [] if exact is None else [exact]
    if pattern.startswith("/c/"):
        found += keys.below(f"{pattern}/", order).tolist()
    return np.array(sorted(found) or [graph.resolve(pattern)], np.int64)


def relation_index(graph: KnowledgeGraph, relation: str) -> int:
    """Number of a relation, called by its name in the graph or by ConceptNet's, ``/r/IsA``.

    Raises:
        InputError: the graph has no such relation.
    """
    for name in (relation, relation.removeprefix("/r/")):
        if name in graph.relations:
            return graph.relations.index(name)
    known = ", ".join(graph.relations)
    raise InputError(f"the graph has no relation {relation!r}", fix=f"Choose one of {known}.")


def match_edges(
    graph: KnowledgeGraph, named: Sequence[str | None], relation: str | None, offset: int, limit: int | None
) -> tuple[Edge, ...]:
    """What :meth:`KnowledgeGraph.match` gives; ``named`` are its source, target, node and other."""
    if offset < 0 or (limit is not None and limit < 0):
        raise InputError(f"offset {offset} and limit {limit} are no part of a list", fix="Give 0 or more.")
    ends = [None if end is None else named_nodes(graph, end) for end in named]
    codes = np.ones(2 * len(graph.relations), np.bool_)
    if relation is not None:
        codes = np.tile(np.arange(len(graph.relations)) == relation_index(graph, relation), 2)
    rows, entries = entries_of(graph, _fewest(graph, ends), codes)
    rows, entries = _distinct(graph, rows, entries, _fits(graph, rows, entries, ends))
    best = np.argsort(-graph.weight[entries], kind="stable")[offset:][:limit]
    return tuple(graph.edge(*place) for place in zip(rows[best].tolist(), entries[best].tolist(), strict=True))


def _fewest(graph: KnowledgeGraph, ends: list[_Nodes | None]) -> _Nodes:
    """The nodes of the end whose rows are shortest together: every edge that fits stands in one of these rows."""
    given = [end for end in ends if end is not None]
    everything = np.arange(graph.num_nodes)
    return min(given, key=lambda end: int((graph.ptr[end + 1] - graph.ptr[end]).sum()), default=everything)


def _fits(graph: KnowledgeGraph, rows: _Nodes, entries: _Nodes, ends: list[_Nodes | None]) -> npt.NDArray[np.bool_]:
    """Which entries have the given ends, an edge of a symmetric relation either way round. Shapes: [m]."""
    code, others = graph.rel[entries], graph.idx[entries]
    back, both = code >= len(graph.relations), graph.symmetric[code % max(len(graph.relations), 1)]
    first, last = np.where(back, others, rows), np.where(back, rows, others)
    source, target, node, other = (_members(graph, end) for end in ends)
    straight = source[first] & target[last]
    turned = both & source[last] & target[first]
    met = (node[first] & other[last]) | (node[last] & other[first])
    fits: npt.NDArray[np.bool_] = (straight | turned) & met
    return fits


def _members(graph: KnowledgeGraph, nodes: _Nodes | None) -> npt.NDArray[np.bool_]:
    members = np.full(graph.num_nodes, nodes is None)
    if nodes is not None:
        members[nodes] = True
    return members


def _distinct(
    graph: KnowledgeGraph, rows: _Nodes, entries: _Nodes, kept: npt.NDArray[np.bool_]
) -> tuple[_Nodes, _Nodes]:
    """The kept entries, one for each edge, in the order of its ends and relation. Shapes: [m] -> [k]."""
    rows, entries = rows[kept], entries[kept]
    size, relations = graph.num_nodes, max(len(graph.relations), 1)
    code, others = graph.rel[entries].astype(np.int64), graph.idx[entries].astype(np.int64)
    turn = np.where(graph.symmetric[code % relations], rows > others, code >= relations)
    first, last = np.where(turn, others, rows), np.where(turn, rows, others)
    _, one = np.unique((first * size + last) * relations + code % relations, return_index=True)
    return rows[one], entries[one]
