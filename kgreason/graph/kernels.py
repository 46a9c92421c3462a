"""Compiled loops of the graph image. Importing this file imports numba: do it where a loop is needed.

The hash is 64-bit FNV-1a (Fowler, Noll, Vo), the sort a counting sort, stable and linear in keys.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["counting_order", "fill_slots", "find_form", "spread"]

_BASIS = np.uint64(14695981039346656037)
_PRIME = np.uint64(1099511628211)
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)
_EMPTY = np.uint64(0)


@njit(cache=True, nogil=True)
def find_form(
    slots: npt.NDArray[np.uint64],
    offsets: npt.NDArray[np.int64],
    data: npt.NDArray[np.uint8],
    form: npt.NDArray[np.uint8],
) -> int:
    """Index of a form in the surface table, or −1.

    Shapes:
        as :class:`kgreason.graph.surfaces.Surfaces`; form [bytes] uint8.
    """
    key = _BASIS
    for byte in form:
        key = (key ^ np.uint64(byte)) * _PRIME
    mask = np.uint64(len(slots) - 1)
    position = key & mask
    while slots[position] != _EMPTY:
        slot = slots[position]
        if slot >> _HALF == key >> _HALF:
            index = np.int64(slot & _LOW) - 1
            start = offsets[index]
            if offsets[index + 1] - start == len(form):
                same = True
                for i in range(len(form)):
                    if data[start + i] != form[i]:
                        same = False
                        break
                if same:
                    return int(index)
        position = (position + _ONE) & mask
    return -1


@njit(cache=True, nogil=True)
def fill_slots(offsets: npt.NDArray[np.int64], data: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint64]:
    """The slots of distinct forms, entered in their order.

    Shapes:
        offsets [f + 1], data [bytes] -> [size], size a power of two.
    """
    slots = np.zeros(size, np.uint64)
    mask = np.uint64(size - 1)
    for index in range(len(offsets) - 1):
        key = _BASIS
        for i in range(offsets[index], offsets[index + 1]):
            key = (key ^ np.uint64(data[i])) * _PRIME
        position = key & mask
        while slots[position] != _EMPTY:
            position = (position + _ONE) & mask
        slots[position] = ((key >> _HALF) << _HALF) | np.uint64(index + 1)
    return slots


@njit(cache=True, nogil=True)
def counting_order(keys: npt.NDArray[Any], order: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    """``order`` sorted stably by ``keys[order]``, keys in 0..size-1.

    Shapes:
        keys [e], order [e] -> [e]
    """
    start = np.zeros(size + 1, np.int64)
    for key in keys:
        start[np.int64(key) + 1] += 1
    for i in range(size):
        start[i + 1] += start[i]
    out = np.empty_like(order)
    for item in order:
        key = np.int64(keys[item])
        out[start[key]] = item
        start[key] += 1
    return out


@njit(cache=True, nogil=True)
def spread(
    ptr: npt.NDArray[np.int64],
    idx: npt.NDArray[np.int32],
    rel: npt.NDArray[Any],
    strength: npt.NDArray[np.float32],
    pull: npt.NDArray[np.float32],
    value: npt.NDArray[np.float32],
    confidence: npt.NDArray[np.float32],
    fixed: npt.NDArray[np.bool_],
    fade: float,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """One step of values over the graph: each node that is not fixed takes the mean of its neighbours.

    An edge weighs its strength times the size of its relation's pull, turns the value round where the pull is
    negative, and counts as much as its neighbour is sure. A node is as sure as its neighbours on the whole, times
    ``fade``.

    Shapes:
        ptr [n + 1], idx, rel and strength [e], pull [2 r], value, confidence and fixed [n] -> [n], [n].
    """
    new_value, new_confidence = value.copy(), confidence.copy()
    for node in range(len(ptr) - 1):
        if fixed[node]:
            continue
        whole, sure, carried = 0.0, 0.0, 0.0
        for entry in range(ptr[node], ptr[node + 1]):
            drawn = pull[rel[entry]] * strength[entry]
            weight = abs(drawn)
            whole += weight
            sure += weight * confidence[idx[entry]]
            carried += drawn * confidence[idx[entry]] * value[idx[entry]]
        if sure > 0:
            new_value[node] = carried / sure
            new_confidence[node] = fade * sure / whole
    return new_value, new_confidence
