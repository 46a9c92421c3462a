"""Surface forms of concepts: a hash table over plain arrays that maps from disk.

A form is the UTF-8 of its normal form (:func:`kgreason.language.normal_form`). Its hash is 64-bit FNV-1a; probing
starts at ``hash & (len(slots) - 1)`` and goes on by one slot. A slot is 0 when empty, else
``(hash >> 32) << 32 | (form + 1)``: the upper half is compared before the bytes are, so that a miss rarely reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Surfaces"]


@dataclass(frozen=True, eq=False, slots=True, weakref_slot=True)
class Surfaces:
    """Hash table from forms to candidates, f forms in byte order, c candidates.

    The candidates of form ``i`` are ``node[ptr[i]:ptr[i + 1]]`` with ``prior`` alike, sorted by prior descending,
    then node. All arrays are read-only.

    Shapes:
        slots [h] uint64 (h a power of two, at least 2 f), offsets [f + 1] int64 and data [bytes] uint8 (UTF-8 of the
        forms), ptr [f + 1] int64, node [c] int32, prior [c] float32. ``longest`` is the longest form in bytes.
    """

    slots: npt.NDArray[np.uint64]
    offsets: npt.NDArray[np.int64]
    data: npt.NDArray[np.uint8]
    ptr: npt.NDArray[np.int64]
    node: npt.NDArray[np.int32]
    prior: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def longest(self) -> int:
        """Bytes of the longest form; no longer n-gram needs a look-up."""
        return int(np.diff(self.offsets).max(initial=0))

    def form(self, index: int) -> str:
        """The form with this index."""
        return bytes(self.data[self.offsets[index] : self.offsets[index + 1]]).decode("utf-8")

    def span(self, index: int) -> slice:
        """Where the candidates of the form with this index stand."""
        return slice(self.ptr[index], self.ptr[index + 1])

    def index(self, form: str) -> int:
        """Index of a form that is in normal form already, or −1."""
        from kgreason.graph.kernels import find_form  # numba is slow to import

        encoded: npt.NDArray[Any] = np.frombuffer(form.encode("utf-8", "surrogatepass"), np.uint8)
        return int(find_form(self.slots, self.offsets, self.data, encoded))

    def lookup(self, form: str) -> list[tuple[int, float]]:
        """Candidates (node, prior) of a form that is in normal form already; empty if there is none."""
        if (index := self.index(form)) < 0:
            return []
        span = self.span(index)
        return list(zip(self.node[span].tolist(), self.prior[span].tolist(), strict=True))
