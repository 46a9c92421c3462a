"""Sequences whose entries are made when they are read."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TypeVar, overload

__all__ = ["Lazy"]

T = TypeVar("T")


class Lazy(Sequence[T]):
    """A sequence of which a subclass says how long it is and makes one entry; a slice is a list.

    Example:
        >>> class Squares(Lazy[int]):
        ...     def __len__(self): return 5
        ...     def make(self, i): return i * i
        >>> squares = Squares()
        >>> squares[-1], squares[1:3], list(squares)
        (16, [1, 4], [0, 1, 4, 9, 16])
    """

    @abstractmethod
    def make(self, i: int) -> T:
        """Entry i, from 0 to the length."""

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        """One entry, or those of a slice."""
        if isinstance(index, slice):
            return [self.make(i) for i in range(*index.indices(len(self)))]
        return self.make(range(len(self))[index])
