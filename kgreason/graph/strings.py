"""Many short texts as two arrays that map from disk."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Strings"]


@dataclass(frozen=True, eq=False, slots=True)
class Strings:
    """A list of texts in UTF-8, one after another.

    Shapes:
        offsets [n + 1] int64, data [bytes] uint8: text i is ``data[offsets[i]:offsets[i + 1]]``.
    """

    offsets: npt.NDArray[np.int64]
    data: npt.NDArray[np.uint8]

    @classmethod
    def of(cls, texts: pl.Series) -> Strings:
        """The texts of a polars column without nulls, in its order."""
        import polars as pl

        array = texts.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest())
        _, offsets, data = array.buffers()
        start = array.offset
        ends = np.frombuffer(offsets, np.int64, len(texts) + 1, 8 * start) if offsets else np.zeros(1, np.int64)
        size = int(ends[-1] - ends[0])
        held = np.frombuffer(data, np.uint8, size, int(ends[0])) if size else np.zeros(0, np.uint8)
        return cls(ends - ends[0], held)

    def to_series(self) -> pl.Series:
        """The inverse of :meth:`of`, without a copy of the bytes."""
        import polars as pl
        import pyarrow as pa

        buffers = (None, pa.py_buffer(self.offsets), pa.py_buffer(self.data))
        return pl.Series(pa.Array.from_buffers(pa.large_string(), len(self), buffers))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def raw(self, index: int) -> bytes:
        """UTF-8 of one text."""
        if not 0 <= index < len(self):
            raise IndexError(f"{index} is not in 0..{len(self) - 1}")
        return self.data[self.offsets.item(index) : self.offsets.item(index + 1)].tobytes()

    def __getitem__(self, index: int) -> str:
        return self.raw(index).decode("utf-8")

    def to_list(self) -> list[str]:
        """All texts."""
        data = self.data.tobytes()
        ends = self.offsets.tolist()
        return [data[start:end].decode("utf-8") for start, end in pairwise(ends)]

    def search(self, text: str, order: npt.NDArray[np.int32]) -> int | None:
        """Index of a text by binary search, or None.

        Args:
            text: the text.
            order: the indices in byte order of their texts.

        Shapes:
            order [n]
        """
        wanted = text.encode("utf-8")
        low = self._first(wanted, order)
        return int(order[low]) if low < len(order) and self.raw(int(order[low])) == wanted else None

    def below(self, prefix: str, order: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Indices of the texts that begin with a prefix, in byte order of the texts.

        Args:
            prefix: the prefix.
            order: the indices in byte order of their texts.

        Shapes:
            order [n] -> [k]
        """
        start = prefix.encode("utf-8")
        return order[self._first(start, order) : self._first(start + b"\xff", order)]  # no UTF-8 holds this byte

    def _first(self, wanted: bytes, order: npt.NDArray[np.int32]) -> int:
        """Where in the order the texts begin that are not less."""
        return bisect_left(range(len(order)), wanted, key=lambda place: self.raw(int(order[place])))
