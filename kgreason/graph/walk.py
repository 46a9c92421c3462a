"""Shortest paths between two concepts, by breadth-first search from both ends (Pohl 1971)."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kgreason.errors import InputError
from kgreason.records import Path

if TYPE_CHECKING:
    from kgreason.graph.image import KnowledgeGraph

__all__ = ["entries_of", "path_between"]

_Nodes = npt.NDArray[np.int64]
_Partial = tuple[float, tuple[int, ...], tuple[int, ...]]  # minus value, nodes, entries


def path_between(
    graph: KnowledgeGraph, start: int, end: int, *, max_hops: int = 4, limit: int = 5, negated: bool = False
) -> tuple[Path, ...]:
    """The best of the shortest paths, edges walked in either direction.

    A path's value, its ``contribution``, is the product of its edges' weights, each node between counting
    1/sqrt(degree); of several edges between two nodes the heaviest is taken, and equal values go by node ids.

    Args:
        graph: where to look.
        start: first node.
        end: last node.
        max_hops: no path has more edges.
        limit: at most so many paths.
        negated: whether negated relations may be walked.

    Returns:
        the paths, best first; empty if there is none, or if start is end.

    Raises:
        InputError: a node is not in the graph.

    Example:
        >>> from kgreason.graph import KnowledgeGraph
        >>> graph = KnowledgeGraph.from_triples([("penguin", "AtLocation", "zoo"), ("zoo", "IsA", "park")])
        >>> print(*path_between(graph, graph.resolve("penguin"), graph.resolve("park")))
        penguin is found at zoo; zoo is a kind of park
    """
    for node in (start, end):
        if not 0 <= node < graph.num_nodes:
            raise InputError(f"there is no node {node}", fix=f"Give 0 to {graph.num_nodes - 1}.")
    walkable = np.tile(~graph.is_negated | negated, 2)
    layers = _layers(graph, start, end, max_hops, walkable)
    best: dict[int, list[_Partial]] = {start: [(-1.0, (start,), ())]}
    for layer in layers[1:]:
        best = _extended(graph, best, layer, limit, walkable)
    paths = []
    for value, nodes, entries in best.get(end, ()) if layers else ():
        edges = tuple(graph.edge(node, entry) for node, entry in zip(nodes, entries, strict=False))
        paths.append(Path(edges, contribution=-value))
    return tuple(paths)


def entries_of(graph: KnowledgeGraph, nodes: _Nodes, walkable: npt.NDArray[np.bool_]) -> tuple[_Nodes, _Nodes]:
    """Row and position of every walkable entry of some nodes.

    Shapes:
        nodes [k] -> rows [j], entries [j]
    """
    sizes = graph.ptr[nodes + 1] - graph.ptr[nodes]
    rows = np.repeat(nodes, sizes)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    entries = graph.ptr[rows] + within
    kept = walkable[graph.rel[entries]]
    return rows[kept], entries[kept]


def _layers(
    graph: KnowledgeGraph, start: int, end: int, max_hops: int, walkable: npt.NDArray[np.bool_]
) -> list[_Nodes]:
    """The nodes of all shortest paths, one array a step; empty if there is no path."""
    if start == end:
        return []
    sides = [[np.array([start])], [np.array([end])]]
    seen = np.zeros((2, graph.num_nodes), np.bool_)
    seen[0, start] = seen[1, end] = True
    while len(sides[0]) + len(sides[1]) - 2 < max_hops:
        cost = [int((graph.ptr[side[-1] + 1] - graph.ptr[side[-1]]).sum()) for side in sides]
        near = int(cost[1] < cost[0])
        _, entries = entries_of(graph, sides[near][-1], walkable)
        reached = np.unique(graph.idx[entries]).astype(np.int64)
        reached = reached[~seen[near, reached]]
        if not len(reached):
            return []
        seen[near, reached] = True
        sides[near].append(reached)
        meeting = np.intersect1d(reached, sides[1 - near][-1], assume_unique=True)
        if len(meeting):
            before = _traced(graph, sides[0][:-1], meeting, walkable)
            after = _traced(graph, sides[1][:-1], meeting, walkable)
            return [*before[::-1], meeting, *after]
    return []


def _traced(
    graph: KnowledgeGraph, layers: list[_Nodes], meeting: _Nodes, walkable: npt.NDArray[np.bool_]
) -> list[_Nodes]:
    """From the meeting nodes back to one end: those nodes of each layer that a shortest path uses."""
    kept, last = [], meeting
    for layer in reversed(layers):
        _, entries = entries_of(graph, last, walkable)
        last = np.intersect1d(layer, graph.idx[entries])
        kept.append(last)
    return kept


def _extended(
    graph: KnowledgeGraph,
    best: dict[int, list[_Partial]],
    layer: _Nodes,
    limit: int,
    walkable: npt.NDArray[np.bool_],
) -> dict[int, list[_Partial]]:
    """The best paths to each node of the next layer."""
    rows, entries = entries_of(graph, np.array(sorted(best)), walkable)
    inside = np.isin(graph.idx[entries], layer)
    heaviest: dict[tuple[int, int], tuple[float, int]] = {}
    for row, entry in zip(rows[inside].tolist(), entries[inside].tolist(), strict=True):
        pair, weight = (row, int(graph.idx[entry])), float(graph.weight[entry])
        if pair not in heaviest or weight > heaviest[pair][0]:
            heaviest[pair] = (weight, entry)
    found: dict[int, list[_Partial]] = {}
    for (row, node), (weight, entry) in heaviest.items():
        for value, nodes, steps in best[row]:
            between = graph.degree(row) ** -0.5 if steps else 1.0
            found.setdefault(node, []).append((value * weight * between, (*nodes, node), (*steps, entry)))
    return {node: heapq.nsmallest(limit, partials) for node, partials in found.items()}
