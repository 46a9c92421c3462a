"""Memory that the kernels of a thread use again and again."""

from __future__ import annotations

import threading
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kgreason.retrieval.network import Room

__all__ = ["Lists", "Scratch", "TypeTable"]


class Lists(NamedTuple):
    """Linked lists of row entries, one a node; the rows they stand in; and numbers of nodes.

    Shapes:
        head [nodes] int32 (−1), following and row [entries] int32 (undefined), place [nodes] int32 (zero).
    """

    head: npt.NDArray[np.int32]
    following: npt.NDArray[np.int32]
    row: npt.NDArray[np.int32]
    place: npt.NDArray[np.int32]


class TypeTable(NamedTuple):
    """Open-addressing table of sums by path type.

    Shapes:
        keys [h] int64 (−1 where empty, h a power of two), sums [h] float64, used [h] int32 (filled slots in order).
    """

    keys: npt.NDArray[np.int64]
    sums: npt.NDArray[np.float64]
    used: npt.NDArray[np.int32]


class Scratch(threading.local):
    """Arrays that the kernels leave as they found them; every thread has its own.

    Shapes:
        by node: near uint8 (zero); by row entry, undefined: node, touches int32, strength float64; undefined: edges,
        paths [h, 8] int32.
    """

    def __init__(self) -> None:
        self._nodes = self._entries = 0
        self.fit(1, 1)
        self.fit_types(1 << 14)
        self.edges = Room.of(1 << 12)
        self.paths = np.empty((1 << 12, 8), np.int32)

    def fit(self, nodes: int, entries: int) -> None:
        """Make room for a graph of so many nodes and rows of so many entries."""
        if nodes > self._nodes or entries > self._entries:
            self._nodes = max(nodes, self._nodes)
            self._entries = max(2 * entries, self._entries)
            self.near = np.zeros(self._nodes, np.uint8)
            self.node, self.touches = np.empty(self._entries, np.int32), np.empty(self._entries, np.int32)
            self.strength = np.empty(self._entries, np.float64)
            self.lists = Lists(
                head=np.full(self._nodes, -1, np.int32),
                following=np.empty(self._entries, np.int32),
                row=np.empty(self._entries, np.int32),
                place=np.zeros(self._nodes, np.int32),
            )

    def fit_types(self, size: int) -> None:
        """Make room for half of ``size`` path types; ``size`` is a power of two."""
        self.table = TypeTable(np.full(size, -1, np.int64), np.empty(size, np.float64), np.empty(size, np.int32))
