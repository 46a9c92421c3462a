"""Compiled loops of retrieval. Importing this file imports numba: do it where a loop is needed.

Scratch arrays are all zero (or −1 where said) between calls: each kernel clears what it touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numba import njit

if TYPE_CHECKING:
    from kgreason.retrieval.edits import Degrees, Rows
    from kgreason.retrieval.network import Network, Room
    from kgreason.retrieval.scratch import Lists, TypeTable

__all__ = ["bounds", "closed", "count_paths", "induce", "link_paths", "read_rows", "touched_by"]

_Bytes = npt.NDArray[np.uint8]
_Int32 = npt.NDArray[np.int32]
_Int64 = npt.NDArray[np.int64]
_Float64 = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(20)
_ONE = np.uint64(1)
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
    a, b = net.role[first - 1], net.role[second - 1]
    return bool((a & _QUESTION) * (b & _OPTION) + (a & _OPTION) * (b & _QUESTION) > 0)


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
    found, count = 0, len(net.hidden) // 2
    for k in range(len(nodes)):
        place[nodes[k]] = k + 1
    for k in range(len(nodes)):
        node = nodes[k]
        start, end, own = bounds(net, node)
        for entry in range(start, end):
            other = net.own.idx[entry] if own else net.idx[entry]
            if other >= node:
                break
            at = place[other]
            if at == 0:
                continue
            code = net.own.code[entry] if own else net.codes[net.rel[entry]]
            if net.hidden[code] or closed(net, k + 1, at):
                continue
            if found < len(out.source):
                backward = code >= count or net.symmetric[code]
                out.source[found], out.target[found] = (at - 1, k) if backward else (k, at - 1)
                out.code[found] = code % count
                out.weight[found] = net.own.weight[entry] if own else net.halves[net.weight[entry]]
                out.origin[found] = net.own.origin[entry] if own else 0
            found += 1
    for node in nodes:
        place[node] = 0
    return found


@njit(cache=True, nogil=True)
def _degree(node: int, degrees: Degrees) -> np.int64:
    at = np.searchsorted(degrees.patched, node)
    if at < len(degrees.patched) and degrees.patched[at] == node:
        return np.int64(degrees.of_patched[at])
    return np.int64(degrees.ptr[node + 1] - degrees.ptr[node])


@njit(cache=True, nogil=True)
def _add(table: TypeTable, size: int, key: int, value: float) -> int:
    """Add to the sum of a key in an open-addressing table; the number of keys after it."""
    mask = np.uint64(len(table.keys) - 1)
    slot = ((np.uint64(key) * _MULTIPLIER) >> _SHIFT) & mask
    while table.keys[slot] >= 0:
        if table.keys[slot] == key:
            table.sums[slot] += value
            return size
        slot = (slot + _ONE) & mask
    table.keys[slot] = key
    table.sums[slot] = value
    table.used[size] = np.int32(slot)
    return size + 1


@njit(cache=True, nogil=True)
def _thread(rows: Rows, chosen: _Flags, head: _Int32, following: _Int32) -> None:
    """List the entries of the chosen rows by the node they lead to: ``head[node]``, then ``following[entry]``."""
    for k in range(len(chosen)):
        if chosen[k]:
            for entry in range(rows.ptr[k], rows.ptr[k + 1]):
                following[entry] = head[rows.idx[entry]]
                head[rows.idx[entry]] = entry


@njit(cache=True, nogil=True)
def _unthread(rows: Rows, chosen: _Flags, head: _Int32) -> None:
    for k in range(len(chosen)):
        if chosen[k]:
            for entry in range(rows.ptr[k], rows.ptr[k + 1]):
                head[rows.idx[entry]] = -1


@njit(cache=True, nogil=True)
def count_paths(
    seeds: _Int32,
    rows: Rows,
    row_of: _Int32,
    is_question: _Flags,
    of_options: _Int32,
    inverse: _Int32,
    degrees: Degrees,
    lists: Lists,
    table: TypeTable,
) -> int:
    """Sum, for every option and path type, the values of the paths of one and two steps that reach the option.

    A path leads from a concept of the question, unless it is one of the option as well, to a concept of the option.
    A step counts min(weight, 1), and a middle node divides by the square root of its degree. The key of a type is
    ``(option · C + first) · C + second + 1`` with C = 2 R + 1, and second = −1 for one step.

    Args:
        seeds: distinct nodes, one row each.
        rows: their adjacency.
        row_of: the row an entry stands in.
        is_question: whether a seed is a concept of the question.
        of_options: option and seed, sorted.
        inverse: code of an edge from its other end.
        degrees: of all nodes.
        lists: scratch.
        table: written: sums by key.

    Returns:
        The number of keys, or −1 where they fill half of ``table``.

    Shapes:
        seeds and is_question [k], row_of [m], of_options [2, j], inverse [2R].
    """
    if of_options.shape[1] == 0:
        return 0
    codes = np.int64(len(inverse)) + 1
    limit = len(table.keys) // 2
    place = lists.place
    member = np.full(len(seeds), -1, np.int32)
    for k in range(len(seeds)):
        place[seeds[k]] = k + 1
    _thread(rows, is_question, lists.head, lists.following)
    size, pairs = 0, of_options.shape[1]
    for j in range(pairs):
        option, row = of_options[0, j], of_options[1, j]
        if j == 0 or option != of_options[0, j - 1]:
            _join(option, j, of_options, member)
        for entry in range(rows.ptr[row], rows.ptr[row + 1]):
            if size >= limit:
                break
            node, last = rows.idx[entry], inverse[rows.code[entry]]
            step = min(rows.weight[entry], np.float32(1.0))
            start = place[node] - 1
            if start >= 0 and is_question[start] and member[start] != option:
                size = _add(table, size, (option * codes + last) * codes, step)
            before = lists.head[node]
            if before >= 0:
                step /= np.sqrt(_degree(node, degrees))
            while before >= 0 and size < limit:
                if member[row_of[before]] != option:
                    key = (option * codes + rows.code[before]) * codes + last + 1
                    size = _add(table, size, key, min(rows.weight[before], np.float32(1.0)) * step)
                before = lists.following[before]
    for seed in seeds:
        place[seed] = 0
    _unthread(rows, is_question, lists.head)
    return size if size < limit else -1


@njit(cache=True, nogil=True)
def link_paths(
    seeds: _Int32, rows: Rows, row_of: _Int32, is_question: _Flags, of_options: _Int32, lists: Lists, out: _Int32
) -> int:
    """Paths of one and two steps from concepts of the question to those of each option, by the entries that they walk.

    A concept of an option starts no path to it.

    Args:
        seeds: distinct nodes, one row each.
        rows: their adjacency.
        row_of: the row an entry stands in.
        is_question: whether a seed is a concept of the question.
        of_options: option and seed, sorted.
        lists: scratch.
        out: written: option, entry of the start's row, entry of the end's row; the second is −1 for a path of one step.

    Returns:
        How many there are, of which those that fit are in ``out``.

    Shapes:
        seeds and is_question [k], row_of [m], of_options [2, j], out [3, h].
    """
    place = lists.place
    member = np.full(len(seeds), -1, np.int32)
    for k in range(len(seeds)):
        place[seeds[k]] = k + 1
    _thread(rows, is_question, lists.head, lists.following)
    found, room, pairs = 0, out.shape[1], of_options.shape[1]
    for j in range(pairs):
        option, row = of_options[0, j], of_options[1, j]
        if j == 0 or option != of_options[0, j - 1]:
            _join(option, j, of_options, member)
        for entry in range(rows.ptr[row], rows.ptr[row + 1]):
            node = rows.idx[entry]
            start = place[node] - 1
            if start >= 0 and is_question[start] and member[start] != option:
                if found < room:
                    out[0, found], out[1, found], out[2, found] = option, -1, entry
                found += 1
            before = lists.head[node]
            while before >= 0:
                if member[row_of[before]] != option:
                    if found < room:
                        out[0, found], out[1, found], out[2, found] = option, before, entry
                    found += 1
                before = lists.following[before]
    for seed in seeds:
        place[seed] = 0
    _unthread(rows, is_question, lists.head)
    return found


@njit(cache=True, nogil=True)
def _join(option: int, first: int, of_options: _Int32, member: _Int32) -> None:
    """Write an option to its concepts in ``member``; its pairs begin at the first one."""
    for i in range(first, of_options.shape[1]):
        if of_options[0, i] != option:
            break
        member[of_options[1, i]] = option
