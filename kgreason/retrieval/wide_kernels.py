"""Compiled loops of wide reading. Importing this file imports numba: do it where a loop is needed.

``place`` is scratch by node: 0 for a node that is not kept, −1 for one found but not numbered yet, else its number in
the subgraph plus 1. Seeds are numbered before all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numba import njit

from kgreason.retrieval.kernels import bounds, closed

if TYPE_CHECKING:
    from kgreason.retrieval.network import Network, Room

__all__ = ["connect", "expand"]

_Int32 = npt.NDArray[np.int32]
_Flags = npt.NDArray[np.bool_]


@njit(cache=True, nogil=True)
def expand(
    frontier: _Int32, net: Network, most: int, room: int, place: _Int32, reached: _Flags, found: _Int32
) -> tuple[int, int, int]:
    """Neighbours of the nodes of a frontier that were not reached before.

    Args:
        frontier: nodes in the order of their turn.
        net: adjacency.
        most: nodes with a longer row are passed over.
        room: how many nodes besides the seeds may be found.
        place: scratch by node; nodes found become −1.
        reached: of each seed; written.
        found: written; has room for ``room`` nodes and the seeds.

    Returns:
        How many were found, how many of them are no seeds, and how many nodes of the frontier had their turn: the one
        after them has more new neighbours than there is room for.
    """
    size, new, seeds = 0, 0, len(reached)
    for turn in range(len(frontier)):
        node = frontier[turn]
        start, end, own = bounds(net, node)
        if end - start > most:
            continue
        before, new_before = size, new
        for entry in range(start, end):
            other = net.own.idx[entry] if own else net.idx[entry]
            at = place[other]
            if at < 0 or at > seeds or (at > 0 and reached[at - 1]):
                continue
            if net.hidden[net.own.code[entry] if own else net.codes[net.rel[entry]]] or closed(net, place[node], at):
                continue
            if at == 0 and new == room:
                for i in range(before, size):
                    if place[found[i]] < 0:
                        place[found[i]] = 0
                    else:
                        reached[place[found[i]] - 1] = False
                return before, new_before, turn
            if at == 0:
                place[other] = -1
                new += 1
            else:
                reached[at - 1] = True
            found[size] = other
            size += 1
    return size, new, len(frontier)


@njit(cache=True, nogil=True)
def connect(lead: _Int32, turn: _Int32, net: Network, place: _Int32, out: Room) -> tuple[int, int]:
    """Edges between kept nodes that start from one of ``lead``; each is written once, as the relation runs.

    Args:
        lead: nodes in the order of their turn.
        turn: by number in the subgraph: when a node of ``lead`` has its turn, for others a number beyond all turns.
        net: adjacency.
        place: by node.
        out: written.

    Returns:
        How many edges were written, and how many nodes had their turn: the edges of the one after them do not fit.
    """
    size, count = 0, len(net.hidden) // 2
    for k in range(len(lead)):
        node, before = lead[k], size
        start, end, own = bounds(net, node)
        here = place[node]
        for entry in range(start, end):
            other = net.own.idx[entry] if own else net.idx[entry]
            at = place[other]
            if at == 0 or turn[at - 1] < k:
                continue
            code = net.own.code[entry] if own else net.codes[net.rel[entry]]
            if net.hidden[code] or closed(net, here, at):
                continue
            if size == len(out.source):
                return before, k
            backward = code >= count or (net.symmetric[code] and other < node)
            out.source[size], out.target[size] = (at - 1, here - 1) if backward else (here - 1, at - 1)
            out.code[size] = code % count
            out.weight[size] = net.own.weight[entry] if own else net.halves[net.weight[entry]]
            out.origin[size] = net.own.origin[entry] if own else 0
            size += 1
    return size, len(lead)
