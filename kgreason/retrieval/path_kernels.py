"""Compiled loops over paths. Importing this file imports numba: do it where a loop is needed.

Scratch arrays are as they were found between calls: each kernel clears what it touched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numba import njit

if TYPE_CHECKING:
    from kgreason.retrieval.edits import Degrees, Rows
    from kgreason.retrieval.scratch import Lists, TypeTable

__all__ = ["count_paths", "link_paths"]

_Int32 = npt.NDArray[np.int32]
_Int64 = npt.NDArray[np.int64]
_Float64 = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(20)
_ONE = np.uint64(1)


@njit(cache=True, nogil=True)
def _degree(node: int, ptr: _Int64, patched: _Int64, own: _Int64) -> np.int64:
    if len(patched):
        at = np.searchsorted(patched, node)
        if at < len(patched) and patched[at] == node:
            return np.int64(own[at + 1] - own[at])
    return np.int64(ptr[node + 1] - ptr[node])


@njit(cache=True, nogil=True)
def _add(keys: _Int64, sums: _Float64, used: _Int32, size: int, key: int, value: float) -> int:
    """Add to the sum of a key in an open-addressing table; the number of keys after it."""
    mask = np.uint64(len(keys) - 1)
    slot = ((np.uint64(key) * _MULTIPLIER) >> _SHIFT) & mask
    while keys[slot] >= 0:
        if keys[slot] == key:
            sums[slot] += value
            return size
        slot = (slot + _ONE) & mask
    keys[slot], sums[slot], used[size] = key, value, np.int32(slot)
    return size + 1


@njit(cache=True, nogil=True)
def _thread(rows: Rows, chosen: _Flags, lists: Lists) -> None:
    """List the entries of the chosen rows by the node they lead to: ``head[node]``, then ``following[entry]``."""
    for k in range(len(chosen)):
        if chosen[k]:
            for entry in range(rows.ptr[k], rows.ptr[k + 1]):
                node = rows.idx[entry]
                lists.following[entry], lists.row[entry] = lists.head[node], k
                lists.head[node] = entry


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
        is_question: whether a seed is a concept of the question.
        of_options: option and seed, sorted.
        inverse: code of an edge from its other end.
        degrees: of all nodes.
        lists: scratch.
        table: written: sums by key.

    Returns:
        The number of keys, or −1 where they fill half of ``table``.

    Shapes:
        seeds and is_question [k], of_options [2, j], inverse [2R].
    """
    if of_options.shape[1] == 0:
        return 0
    codes = np.int64(len(inverse)) + 1
    # Arrays in names of their own: reading them out of records for every path takes several times as long.
    ptr, idx, code, weight, _ = rows
    head, following, row_of, place = lists
    keys, sums, used = table
    bounds, patched, own = degrees
    limit = len(keys) // 2
    member = np.full(len(seeds), -1, np.int32)
    for k in range(len(seeds)):
        place[seeds[k]] = k + 1
    _thread(rows, is_question, lists)
    size, pairs = 0, of_options.shape[1]
    for j in range(pairs):
        option, row = of_options[0, j], of_options[1, j]
        if j == 0 or option != of_options[0, j - 1]:
            _join(option, j, of_options, member)
        for entry in range(ptr[row], ptr[row + 1]):
            if size >= limit:
                break
            node, last = idx[entry], inverse[code[entry]]
            step = min(weight[entry], np.float32(1.0))
            start = place[node] - 1
            if start >= 0 and is_question[start] and member[start] != option:
                size = _add(keys, sums, used, size, (option * codes + last) * codes, step)
            before = head[node]
            if before >= 0:
                step /= np.sqrt(_degree(node, bounds, patched, own))
            while before >= 0 and size < limit:
                if member[row_of[before]] != option:
                    key = (option * codes + code[before]) * codes + last + 1
                    size = _add(keys, sums, used, size, key, min(weight[before], np.float32(1.0)) * step)
                before = following[before]
    for seed in seeds:
        place[seed] = 0
    _unthread(rows, is_question, head)
    return size if size < limit else -1


@njit(cache=True, nogil=True)
def link_paths(
    seeds: _Int32, rows: Rows, is_question: _Flags, of_options: _Int32, inverse: _Int32, lists: Lists, out: _Int32
) -> int:
    """Paths of one and two steps from concepts of the question to those of each option, by option.

    A concept of an option starts no path to it.

    Args:
        seeds: distinct nodes, one row each.
        rows: their adjacency.
        is_question: whether a seed is a concept of the question.
        of_options: option and seed, sorted.
        inverse: code of an edge from its other end.
        lists: scratch.
        out: written: option; the entries that a path walks, of the start's row (−1 for one step) and of the end's row;
            start, middle (−1 for one step), end; the codes of its steps (the last −1).

    Returns:
        How many there are, of which those that fit are in ``out``.

    Shapes:
        seeds and is_question [k], of_options [2, j], inverse [2R], out [h, 8].
    """
    ptr, idx, code, _, _ = rows
    head, following, row_of, place = lists
    member = np.full(len(seeds), -1, np.int32)
    for k in range(len(seeds)):
        place[seeds[k]] = k + 1
    _thread(rows, is_question, lists)
    found, room, pairs = 0, len(out), of_options.shape[1]
    for j in range(pairs):
        option, row = of_options[0, j], of_options[1, j]
        if j == 0 or option != of_options[0, j - 1]:
            _join(option, j, of_options, member)
        for entry in range(ptr[row], ptr[row + 1]):
            node, last = idx[entry], inverse[code[entry]]
            start = place[node] - 1
            if start >= 0 and is_question[start] and member[start] != option:
                if found < room:
                    _write(out[found], option, -1, entry, node, -1, seeds[row], last, -1)
                found += 1
            before = head[node]
            while before >= 0:
                first = row_of[before]
                if member[first] != option:
                    if found < room:
                        _write(out[found], option, before, entry, seeds[first], node, seeds[row], code[before], last)
                    found += 1
                before = following[before]
    for seed in seeds:
        place[seed] = 0
    _unthread(rows, is_question, head)
    return found


@njit(cache=True, nogil=True)
def _write(
    path: _Int32, option: int, first: int, second: int, start: int, middle: int, end: int, code: int, last: int
) -> None:
    path[0], path[1], path[2], path[3] = option, first, second, start
    path[4], path[5], path[6], path[7] = middle, end, code, last


@njit(cache=True, nogil=True)
def _join(option: int, first: int, of_options: _Int32, member: _Int32) -> None:
    """Write an option to its concepts in ``member``; its pairs begin at the first one."""
    for i in range(first, of_options.shape[1]):
        if of_options[0, i] != option:
            break
        member[of_options[1, i]] = option
