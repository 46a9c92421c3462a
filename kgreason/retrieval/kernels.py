"""Compiled loops of retrieval. Importing this file imports numba: do it where a loop is needed.

Scratch arrays are all zero (or −1 where said) between calls: each kernel clears what it touched.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["count_paths", "induce", "link_pairs", "touched_by"]

_Int32 = npt.NDArray[np.int32]
_Int64 = npt.NDArray[np.int64]
_Float64 = npt.NDArray[np.float64]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(20)
_ONE = np.uint64(1)
#: A row this many times longer than there are nodes to find in it is searched instead of read.
_SEARCH_FROM = 16


@njit(cache=True, nogil=True)
def touched_by(
    seeds: _Int32,
    ptr: _Int64,
    idx: _Int32,
    weight: npt.NDArray[np.float32],
    count: _Int32,
    total: _Float64,
    out_node: _Int32,
    out_count: _Int32,
    out_weight: _Float64,
) -> int:
    """Nodes that are neighbours of two or more seeds, which are exactly those on a path of two steps between seeds.

    Args:
        seeds: distinct nodes, never among the results.
        ptr: bounds of the seeds' rows, sorted by neighbour.
        idx: neighbours.
        weight: of the entries.
        count: scratch by node, zero.
        total: scratch by node, zero.
        out_node: written; as long as ``idx``, as are the next two.
        out_count: written: seeds touched.
        out_weight: written: summed weight of the edges to seeds.

    Returns:
        How many were found.

    Shapes:
        seeds [k], ptr [k + 1], idx and weight [m], count and total [nodes of the graph], out_* [m].
    """
    touched = 0
    for k in range(len(seeds)):
        last = -1
        for entry in range(ptr[k], ptr[k + 1]):
            node = idx[entry]
            if node != last:
                if count[node] == 0:
                    out_node[touched] = node
                    touched += 1
                count[node] += 1
                last = node
            total[node] += weight[entry]
    for seed in seeds:
        count[seed] = min(count[seed], 1)
    found = 0
    for i in range(touched):
        node = out_node[i]
        if count[node] > 1:
            out_node[found], out_count[found], out_weight[found] = node, count[node], total[node]
            found += 1
        count[node] = 0
        total[node] = 0.0
    for seed in seeds:
        count[seed] = 0
    return found


@njit(cache=True, nogil=True)
def induce(
    ptr: _Int64,
    idx: _Int32,
    nodes: _Int32,
    local: _Int32,
    readable: npt.NDArray[np.bool_],
    place: _Int32,
    out: _Int64,
) -> int:
    """Entries of the rows of ``nodes`` that lead to one of them.

    Args:
        ptr: bounds of the graph's rows, sorted by neighbour.
        idx: neighbours.
        nodes: ascending.
        local: their numbers in the subgraph.
        readable: whether a node's row is read; the others are ends only.
        place: scratch by node, zero.
        out: written: number of the row's node, number of the neighbour, entry.

    Returns:
        How many there are, of which those that fit are in ``out``.

    Shapes:
        ptr [nodes of the graph + 1], idx [entries], nodes, local and readable [k], place [nodes], out [h, 3].
    """
    found = 0
    size = len(nodes)
    for k in range(size):
        place[nodes[k]] = local[k] + 1
    for k in range(size):
        if not readable[k]:
            continue
        low, end = ptr[nodes[k]], ptr[nodes[k] + 1]
        if end - low <= _SEARCH_FROM * size:
            for entry in range(low, end):
                other = place[idx[entry]]
                if other > 0:
                    if found < len(out):
                        out[found, 0], out[found, 1], out[found, 2] = local[k], other - 1, entry
                    found += 1
        else:
            for other in range(size):
                high = end
                while low < high:
                    middle = (low + high) >> 1
                    if idx[middle] < nodes[other]:
                        low = middle + 1
                    else:
                        high = middle
                while low < end and idx[low] == nodes[other]:
                    if found < len(out):
                        out[found, 0], out[found, 1], out[found, 2] = local[k], local[other], low
                    found += 1
                    low += 1
    for k in range(size):
        place[nodes[k]] = 0
    return found


@njit(cache=True, nogil=True)
def _degree(node: int, ptr: _Int64, patched: _Int64, patched_degree: _Int64) -> np.int64:
    at = np.searchsorted(patched, node)
    if at < len(patched) and patched[at] == node:
        return np.int64(patched_degree[at])
    return np.int64(ptr[node + 1] - ptr[node])


@njit(cache=True, nogil=True)
def _add(table: _Int64, sums: _Float64, used: _Int32, size: int, key: int, value: float) -> int:
    """Add to the sum of a key in an open-addressing table; the number of keys after it."""
    mask = np.uint64(len(table) - 1)
    slot = ((np.uint64(key) * _MULTIPLIER) >> _SHIFT) & mask
    while table[slot] >= 0:
        if table[slot] == key:
            sums[slot] += value
            return size
        slot = (slot + _ONE) & mask
    table[slot] = key
    sums[slot] = value
    used[size] = np.int32(slot)
    return size + 1


@njit(cache=True, nogil=True)
def count_paths(
    seeds: _Int32,
    ptr: _Int64,
    idx: _Int32,
    code: _Int32,
    weight: npt.NDArray[np.float32],
    row_of: _Int32,
    is_question: npt.NDArray[np.bool_],
    option_ptr: _Int32,
    option_row: _Int32,
    inverse: _Int32,
    graph_ptr: _Int64,
    patched: _Int64,
    patched_degree: _Int64,
    head: _Int32,
    following: _Int32,
    place: _Int32,
    table: _Int64,
    sums: _Float64,
    used: _Int32,
) -> int:
    """Sum, for every option and path type, the values of the paths of one and two steps that reach the option.

    A path leads from a concept of the question, unless it is one of the option as well, to a concept of the option.
    A step counts min(weight, 1), and a middle node divides by the square root of its degree. The key of a type is
    ``(option · C + first) · C + second + 1`` with C = 2 R + 1, and second = −1 for one step.

    Args:
        seeds: distinct nodes, one row each.
        ptr: bounds of their rows.
        idx: neighbours.
        code: relation codes.
        weight: of the entries.
        row_of: the row an entry stands in.
        is_question: whether a seed is a concept of the question.
        option_ptr: bounds of the options' seeds.
        option_row: their rows.
        inverse: code of an edge from its other end.
        graph_ptr: bounds of all rows of the graph, for degrees.
        patched: ascending nodes whose degree is another.
        patched_degree: that degree.
        head: scratch by node, −1.
        following: scratch by entry.
        place: scratch by node, zero.
        table: scratch, −1, a power of two long.
        sums: scratch beside it.
        used: written: the slots of ``table`` that are filled.

    Returns:
        The number of keys, or −1 where they fill half of ``table``.

    Shapes:
        seeds [k], ptr [k + 1], idx, code, weight, row_of, following [m], is_question [k], option_ptr [o + 1],
        option_row [j], inverse [2R], head and place [nodes], table, sums and used [h].
    """
    codes = np.int64(len(inverse)) + 1
    limit = len(table) // 2
    member = np.full(len(seeds), -1, np.int32)
    for k in range(len(seeds)):
        place[seeds[k]] = k + 1
        if is_question[k]:
            for entry in range(ptr[k], ptr[k + 1]):
                following[entry] = head[idx[entry]]
                head[idx[entry]] = entry
    size = 0
    for option in range(len(option_ptr) - 1):
        for j in range(option_ptr[option], option_ptr[option + 1]):
            member[option_row[j]] = option
        for j in range(option_ptr[option], option_ptr[option + 1]):
            row = option_row[j]
            for entry in range(ptr[row], ptr[row + 1]):
                if size >= limit:
                    break
                node = idx[entry]
                last = inverse[code[entry]]
                step = min(weight[entry], np.float32(1.0))
                start = place[node] - 1
                if start >= 0 and is_question[start] and member[start] != option:
                    key = (option * codes + last) * codes
                    size = _add(table, sums, used, size, key, step)
                before = head[node]
                if before < 0:
                    continue
                scale = step / np.sqrt(_degree(node, graph_ptr, patched, patched_degree))
                while before >= 0 and size < limit:
                    if member[row_of[before]] != option:
                        key = (option * codes + code[before]) * codes + last + 1
                        value = min(weight[before], np.float32(1.0)) * scale
                        size = _add(table, sums, used, size, key, value)
                    before = following[before]
    for k in range(len(seeds)):
        place[seeds[k]] = 0
        if is_question[k]:
            for entry in range(ptr[k], ptr[k + 1]):
                head[idx[entry]] = -1
    return size if size < limit else -1


@njit(cache=True, nogil=True)
def link_pairs(
    starts: npt.NDArray[np.bool_],
    ends: npt.NDArray[np.bool_],
    ptr: _Int64,
    idx: _Int32,
    head: _Int32,
    following: _Int32,
    out: _Int32,
) -> int:
    """Pairs of entries (from a start to a node, from an end to the same node): the paths of two steps.

    Args:
        starts: which rows paths start from.
        ends: which rows they lead to.
        ptr: bounds of the rows.
        idx: neighbours.
        head: scratch by node, −1.
        following: scratch by entry.
        out: written: entry of the start's row, entry of the end's row.

    Returns:
        How many there are, of which those that fit are in ``out``.

    Shapes:
        starts and ends [k], ptr [k + 1], idx and following [m], head [nodes], out [h, 2].
    """
    for k in range(len(starts)):
        if starts[k]:
            for entry in range(ptr[k], ptr[k + 1]):
                following[entry] = head[idx[entry]]
                head[idx[entry]] = entry
    found = 0
    for k in range(len(ends)):
        if ends[k]:
            for entry in range(ptr[k], ptr[k + 1]):
                before = head[idx[entry]]
                while before >= 0:
                    if found < len(out):
                        out[found, 0], out[found, 1] = before, entry
                    found += 1
                    before = following[before]
    for k in range(len(starts)):
        if starts[k]:
            for entry in range(ptr[k], ptr[k + 1]):
                head[idx[entry]] = -1
    return found
