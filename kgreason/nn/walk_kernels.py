"""Compiled loops of :mod:`kgreason.nn.walks`. Importing this file imports numba: do it where a loop is needed.

Both of its kinds of walk are one algebra: the mass of a follower adds up over walks and multiplies along them, of the
importance of messages the greatest over walks counts, and it adds up along them.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["Lattice", "best_first", "spread"]

_Floats = npt.NDArray[np.float64]
_Ints = npt.NDArray[np.int64]


class Lattice(NamedTuple):
    """One question's edges, and what they carry step by step.

    Shapes:
        source, target [e], order [e] (edges by their target), bounds [n + 1] (where the edges into a node begin there),
        gain [w, steps, e] (of an edge that a walker walks at a step), stays [w, steps + 1, steps + 1] (what is left at
        a node from one step to a later one), came [w, steps + 1, n] (what enters a node by each step, or starts there).
    """

    source: _Ints
    target: _Ints
    order: _Ints
    bounds: _Ints
    gain: _Floats
    stays: _Floats
    came: _Floats


@njit(cache=True, nogil=True)
def _either(first: float, second: float, sums: bool) -> float:
    return first + second if sums else max(first, second)


@njit(cache=True, nogil=True)
def _both(first: float, second: float, sums: bool) -> float:
    return first * second if sums else first + second


@njit(cache=True, nogil=True)
def spread(lattice: Lattice, sums: bool) -> None:
    """Writes what enters each node by each step, from what starts there.

    Args:
        lattice: ``came`` holds what starts at a node, and nothing after that.
        sums: whether walks add up; otherwise the greatest counts.
    """
    walkers, size, nodes = lattice.came.shape
    for walker in range(walkers):
        came, stays = lattice.came[walker], lattice.stays[walker]
        for step in range(size - 1):
            here = np.empty(nodes)
            for node in range(nodes):
                here[node] = _both(came[0, node], stays[0, step], sums)
                for before in range(1, step + 1):
                    here[node] = _either(here[node], _both(came[before, node], stays[before, step], sums), sums)
            for edge in range(len(lattice.source)):
                passed = _both(here[lattice.source[edge]], lattice.gain[walker, step, edge], sums)
                node = lattice.target[edge]
                came[step + 1, node] = _either(came[step + 1, node], passed, sums)


@njit(cache=True, nogil=True)
def _before(after: _Floats, gain: _Floats, stays: _Floats, sums: bool) -> _Floats:
    """What a walk is worth by the step at which it comes to the source of an edge, from the same for its target."""
    steps = len(gain)
    nothing = 0.0 if sums else -np.inf
    grown = np.full(steps + 1, nothing)
    for step in range(steps):
        moved = _both(gain[step], after[step + 1], sums)
        for before in range(step + 1):
            grown[before] = _either(grown[before], _both(stays[before, step], moved, sums), sums)
    return grown


@njit(cache=True, nogil=True)
def best_first(
    lattice: Lattice, node: _Ints, walker: _Ints, bound: _Floats, after: _Floats, limit: int, searched: int, sums: bool
) -> tuple[_Floats, _Ints]:
    """The best walks of positive value, searched from their ends, most promising end first.

    Args:
        lattice: what the walks run in, ``came`` written by :func:`spread`.
        node: where walks end.
        walker: who came there.
        bound: what no walk to there is worth more than.
        after: what a walk is worth if it is there by each step.
        limit: how many walks.
        searched: ends that are looked at, at most.
        sums: whether walks add up; otherwise the greatest counts, and no walk comes to a node twice.

    Returns:
        Their values, falling, and their edges in the order they are walked, −1 behind the last.

    Shapes:
        node, walker, bound [k], after [k, steps + 1] -> [m], [m, steps].
    """
    steps = lattice.gain.shape[1]
    at, by, edges, parent = list(node), list(walker), [-1 for _ in node], [-1 for _ in node]
    worth = [after[k] for k in range(len(node))]
    frontier = [(-bound[k], k) for k in range(len(node))]
    heapify(frontier)
    best = [(0.0, 0) for _ in range(0)]
    for _ in range(searched):
        least = best[0][0] if len(best) == limit else 0.0
        if len(frontier) == 0 or -frontier[0][0] <= least:
            break
        end = heappop(frontier)[1]
        for place in range(lattice.bounds[at[end]], lattice.bounds[at[end] + 1]):
            edge = lattice.order[place]
            source = lattice.source[edge]
            if not sums and _visited(source, end, at, parent):
                continue
            came = lattice.came[by[end], :, source]
            grown = _before(worth[end], lattice.gain[by[end], :, edge], lattice.stays[by[end]], sums)
            value = _both(came[0], grown[0], sums)
            most = _both(came[1], grown[1], sums)
            for step in range(2, steps + 1):
                most = _either(most, _both(came[step], grown[step], sums), sums)
            least = best[0][0] if len(best) == limit else 0.0
            if max(value, most) <= least:
                continue
            made = len(at)
            at.append(source)
            by.append(by[end])
            worth.append(grown)
            edges.append(edge)
            parent.append(end)
            if value > least:
                heappush(best, (value, -made))
                if len(best) > limit:
                    heappop(best)
            if most > least:
                heappush(frontier, (-most, made))
    best.sort(reverse=True)
    walks = np.full((len(best), steps), -1)
    for place in range(len(best)):
        made = -best[place][1]
        step = 0
        while edges[made] >= 0:
            walks[place, step] = edges[made]
            step, made = step + 1, parent[made]
    return np.array([value for value, _ in best], np.float64), walks


@njit(cache=True, nogil=True)
def _visited(node: int, end: int, at: list[int], parent: list[int]) -> bool:
    """Whether a walk that is known from ``end`` on comes to a node."""
    while end >= 0:
        if at[end] == node:
            return True
        end = parent[end]
    return False
