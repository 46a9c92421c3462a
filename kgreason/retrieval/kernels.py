"""Compiled loops of retrieval. Importing this file imports numba: do it where a loop is needed.

Scratch arrays are all zero (or −1 where said) between calls: each kernel clears what it touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from numba import njit

if TYPE_CHECKING:
    from kgreason.retrieval.edits import Rows
    from kgreason.retrieval.network import Network, Room

__all__ = ["arrange", "bounds", "closed", "cosines", "induce", "read_rows", "touched_by"]

_Bytes = npt.NDArray[np.uint8]
_Int32 = npt.NDArray[np.int32]
_Int64 = npt.NDArray[np.int64]
_Float32 = npt.NDArray[np.float32]
_Float64 = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]
_Vectors = npt.NDArray[np.int8]
_Edges = tuple[_Int32, npt.NDArray[np.uint16], _Float32, _Bytes]

_QUESTION, _OPTION = 1, 2
#: Mark of a node that two seeds reach, or that is one.
_MET = 2


@njit(cache=True, nogil=True)
def touched_by(seeds: _Int32, rows: Rows, place: _Int32, node: _Int32, touches: _Int32, strength: _Float64) -> int:
    """Nodes that are neighbours of two or more seeds, which are exactly those on a path of two steps between seeds.

    Args:
        seeds: distinct nodes, never among the results.
        rows: of :func:`read_rows`, which has left out what one seed alone reaches.
        place: scratch by node, zero.
        node: written; has room for as many as there are entries, as have the next two.
        touches: written: seeds touched.
        strength: written: summed weight of the edges to seeds.

    Returns:
        How many were found.
    """
    for seed in seeds:
        place[seed] = -1
    found = 0
    for k in range(len(seeds)):
        last = -1
        for entry in range(rows.ptr[k], rows.ptr[k + 1]):
            other = rows.idx[entry]
            if place[other] >= 0:
                if place[other] == 0:
                    node[found], touches[found], strength[found] = other, 0, 0.0
                    found += 1
                    place[other] = found
                at = place[other] - 1
                touches[at] += other != last
                strength[at] += rows.weight[entry]
            last = other
    for seed in seeds:
        place[seed] = 0
    for i in range(found):
        place[node[i]] = 0
    return found


@njit(cache=True, nogil=True)
def bounds(net: Network, node: int) -> tuple[np.int64, np.int64, bool]:
    """First entry of a row, the entry after its last, and whether they are of the patched rows."""
    if len(net.patched):
        at = np.searchsorted(net.patched, node)
        if at < len(net.patched) and net.patched[at] == node:
            return net.own.ptr[at], net.own.ptr[at + 1], True
    if node + 1 < len(net.ptr):
        return net.ptr[node], net.ptr[node + 1], False
    return np.int64(0), np.int64(0), False


@njit(cache=True, nogil=True)
def closed(net: Network, first: int, second: int) -> bool:
    """Whether edges between two nodes are left out, by the values of ``place``."""
    roles = len(net.role)
    if net.direct or first < 1 or first > roles or second < 1 or second > roles:
        return False
    return bool(_crosses(net.role[first - 1], net.role[second - 1]))


@njit(cache=True, nogil=True)
def _crosses(a: np.uint8, b: np.uint8) -> np.bool_:
    return (a & _QUESTION) * (b & _OPTION) + (a & _OPTION) * (b & _QUESTION) > 0


@njit(cache=True, nogil=True)
def read_rows(seeds: _Int32, net: Network, near: _Bytes, rows: Rows) -> int:
    """Copy what paths of two steps between seeds walk: entries that lead to a seed, or to what another seed reaches.

    Most entries lead nowhere else. A first pass marks nodes in one byte each, which stays in the processor's cache.

    Args:
        seeds: distinct nodes, whose rows.
        net: adjacency; entries of hidden codes are left out.
        near: scratch by node, zero.
        rows: written; has room for all entries.

    Returns:
        How many entries were written.
    """
    some = net.hidden.any()
    for node in seeds:
        start, end, own = bounds(net, node)
        _mark(net.own.idx if own else net.idx, start, end, net, own, some, near)
    for node in seeds:
        near[node] = _MET
    size = 0
    rows.ptr[0] = 0
    # Two loops: where one chooses between the arrays for each entry, it takes nine times as long.
    for k in range(len(seeds)):
        start, end, own = bounds(net, seeds[k])
        if own:
            for entry in range(start, end):
                other, code = net.own.idx[entry], net.own.code[entry]
                if near[other] == _MET and not net.hidden[code]:
                    rows.idx[size], rows.code[size] = other, code
                    rows.weight[size], rows.origin[size] = net.own.weight[entry], net.own.origin[entry]
                    size += 1
        else:
            for entry in range(start, end):
                if near[net.idx[entry]] == _MET:
                    code = net.codes[net.rel[entry]]
                    if not net.hidden[code]:
                        rows.idx[size], rows.code[size] = net.idx[entry], code
                        rows.weight[size], rows.origin[size] = net.halves[net.weight[entry]], 0
                        size += 1
        rows.ptr[k + 1] = size
    for node in seeds:
        start, end, own = bounds(net, node)
        _clear(net.own.idx if own else net.idx, start, end, near)
        near[node] = 0
    return size


@njit(cache=True, nogil=True)
def _mark(idx: _Int32, start: int, end: int, net: Network, own: bool, some: bool, near: _Bytes) -> None:
    """Count a row's neighbours in ``near``, up to :data:`_MET`; where ``some`` codes are hidden, without them."""
    last = -1
    for entry in range(start, end):
        other = idx[entry]
        if other != last and not (some and net.hidden[net.own.code[entry] if own else net.codes[net.rel[entry]]]):
            near[other] = min(near[other] + 1, _MET)
            last = other


@njit(cache=True, nogil=True)
def _clear(idx: _Int32, start: int, end: int, near: _Bytes) -> None:
    for entry in range(start, end):
        near[idx[entry]] = 0


@njit(cache=True, nogil=True)
def induce(nodes: _Int32, net: Network, place: _Int32, out: Room) -> int:
    """Edges between nodes; each is written once, as its relation runs, a symmetric one from the lower id.

    An edge stands in the rows of both its ends, and is read in that of the higher id: ids fall with degree, so that
    this is the shorter row, and rows are sorted, so that no more than its beginning is read.

    Args:
        nodes: distinct; ``net.role`` is theirs.
        net: adjacency.
        place: scratch by node, zero.
        out: written, ends by their numbers in ``nodes``.

    Returns:
        How many there are, of which those that fit are in ``out``.
    """
    # Arrays in names of their own: reading them out of records for every entry takes several times as long.
    source, target, code, weight, origin = out
    codes, symmetric, shut, role = net.codes, net.symmetric, net.hidden[net.codes], net.role
    rel, bits, halves = net.rel, net.weight, net.halves
    own_code, own_weight, own_origin = net.own.code, net.own.weight, net.own.origin
    for k in range(len(nodes)):
        place[nodes[k]] = k + 1
    found, room = 0, len(source)
    for k in range(len(nodes)):
        node = nodes[k]
        start, end, own = bounds(net, node)
        rest = place, role, net.direct, source[found:], target[found:]
        if own:
            size = _between(k, node, net.own.idx[start:end], own_code[start:end], net.hidden, *rest)
        else:
            size = _between(k, node, net.idx[start:end], rel[start:end], shut, *rest)
        for i in range(found, min(found + size, room)):
            entry = start + source[i]
            if own:
                seen, weight[i], origin[i] = own_code[entry], own_weight[entry], own_origin[entry]
            else:
                seen, weight[i], origin[i] = codes[rel[entry]], halves[bits[entry]], 0
            code[i] = seen % len(symmetric)
            if seen >= len(symmetric) or symmetric[seen]:
                source[i], target[i] = target[i], k
            else:
                source[i] = k
        found += size
    for node in nodes:
        place[node] = 0
    return found


@njit(cache=True, nogil=True)
def _between(
    k: int,
    node: int,
    idx: _Int32,
    kind: npt.NDArray[Any],
    shut: _Flags,
    place: _Int32,
    role: _Bytes,
    direct: bool,
    where: _Int32,
    others: _Int32,
) -> int:
    """Write where in the row of a node, the ``k``-th, the others of lower id stand that are kept, and which they are.

    Returns:
        How many there are, of which those that fit were written.
    """
    size, room = 0, len(where)
    for entry in range(len(idx)):
        if idx[entry] >= node:
            break
        other = place[idx[entry]] - 1
        if other >= 0 and not shut[kind[entry]] and (direct or not _crosses(role[k], role[other])):
            if size < room:
                where[size], others[size] = entry, other
            size += 1
    return size


@njit(cache=True, nogil=True)
def arrange(
    edges: Room,
    size: int,
    room: int,
    turns: tuple[_Int64, _Int64, _Int64],
    role: _Bytes,
    inverse: _Int32,
) -> _Edges:
    """Edges in their order, then their mates; where there are too many, the best ones, best first.

    Better is an edge of more seeds, then one of more weight. The order is found by counting, a digit at a time.

    Args:
        edges: of :func:`induce`.
        size: how many.
        room: how many are kept.
        turns: of nodes as sources, of nodes as targets, and of relations.
        role: of each node; 0 for one that is no seed.
        inverse: code of an edge from its other end.

    Returns:
        ``edge_index``, ``edge_relation``, ``edge_weight`` and ``edge_origin`` of :class:`kgreason.records.Subgraph`.
    """
    source, target, code = edges.source[:size], edges.target[:size], edges.code[:size]
    of_source, of_target, of_relation = turns
    order = np.arange(size)
    order = _counted(of_relation[code], order)
    order = _counted(of_target[target], order)
    order = _counted(of_source[source], order)
    if size > room:
        # Of numbers that are not negative, the bits sort as they do; as these were float16, the last 13 are 0.
        high = edges.weight[:size].view(np.int32) >> 13
        low = 1023 - (high & 1023)
        for i in range(size):
            ends = (role[source[i]] > 0) + (role[target[i]] > 0)
            high[i] = 1023 - (ends << 8 | high[i] >> 10)
        order = _counted(high, _counted(low, order))
    kept = min(size, room)
    index, relation = np.empty((2, 2 * kept), np.int32), np.empty(2 * kept, np.uint16)
    weight, origin = np.empty(2 * kept, np.float32), np.empty(2 * kept, np.uint8)
    for i in range(kept):
        at, mate = order[i], i + kept
        index[0, i] = index[1, mate] = source[at]
        index[1, i] = index[0, mate] = target[at]
        relation[i], relation[mate] = code[at], inverse[code[at]]
        weight[i] = weight[mate] = edges.weight[at]
        origin[i] = origin[mate] = edges.origin[at]
    return index, relation, weight, origin


@njit(cache=True, nogil=True)
def _counted(digit: _Int64, order: _Int64) -> _Int64:
    """An order sorted by a digit, not negative; equal ones stay as they were."""
    most = 0
    for value in digit:
        most = max(most, value)
    first = np.zeros(most + 2, np.int64)
    for value in digit:
        first[value + 1] += 1
    for value in range(most):
        first[value + 1] += first[value]
    fresh = np.empty_like(order)
    for at in order:
        fresh[first[digit[at]]] = at
        first[digit[at]] += 1
    return fresh


@njit(cache=True, nogil=True)
def cosines(vectors: _Vectors, own: _Vectors, nodes: _Int32, text: _Vectors, scale: np.float32) -> _Float32:
    """Products of the vectors of nodes and of a text, divided by ``scale``; nodes after the last are of ``own``.

    Shapes:
        vectors [nodes of the graph, d], own [j, d], nodes [k], text [d] -> [k]
    """
    found = np.empty(len(nodes), np.float32)
    for i in range(len(nodes)):
        node = nodes[i]
        if node < len(vectors):
            found[i] = _product(vectors[node], text) / scale
        else:
            found[i] = _product(own[node - len(vectors)], text) / scale
    return found


@njit(cache=True, nogil=True)
def _product(vector: _Vectors, text: _Vectors) -> np.float32:
    total = np.int32(0)
    for d in range(len(text)):
        total += np.int32(vector[d]) * np.int32(text[d])
    return np.float32(total)
