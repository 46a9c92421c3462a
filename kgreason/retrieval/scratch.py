"""Memory that the kernels of a thread use again and again."""

from __future__ import annotations

import threading

import numpy as np

__all__ = ["Scratch"]


class Scratch(threading.local):
    """Arrays that the kernels leave as they found them; every thread has its own.

    Shapes:
        by node: count, place int32 and total float64 (all zero), head int32 (−1);
        by row entry, undefined: following, found, touches int32, strength float64;
        by path type: table int64 (−1), sums float64, used int32; induced [h, 3] int64, undefined.
    """

    def __init__(self) -> None:
        self.fit(1, 1)
        self.fit_types(1 << 14)
        self.induced = np.empty((1 << 13, 3), np.int64)

    def fit(self, nodes: int, entries: int) -> None:
        """Make room for a graph of so many nodes and rows of so many entries."""
        if nodes > len(getattr(self, "count", ())):
            self.count, self.place = np.zeros(nodes, np.int32), np.zeros(nodes, np.int32)
            self.head, self.total = np.full(nodes, -1, np.int32), np.zeros(nodes, np.float64)
        if entries > len(getattr(self, "following", ())):
            self.following, self.found, self.touches = (np.empty(2 * entries, np.int32) for _ in range(3))
            self.strength = np.empty(2 * entries, np.float64)

    def fit_types(self, size: int) -> None:
        """Make room for half of ``size`` path types; ``size`` is a power of two."""
        self.table, self.sums = np.full(size, -1, np.int64), np.empty(size, np.float64)
        self.used = np.empty(size, np.int32)
