"""Names of many nodes, read one by one when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

__all__ = ["Names"]


class Names(Sequence[str]):
    """The keys or labels of nodes; a wide subgraph has thousands, of which few are ever read.

    Args:
        nodes: ids.
        name: from an id to its name.

    Example:
        >>> names = Names(np.array([2, 0]), ["zoo", "bird", "penguin"].__getitem__)
        >>> names[0], list(names), names == ("penguin", "zoo")
        ('penguin', ['penguin', 'zoo'], True)
    """

    def __init__(self, nodes: npt.NDArray[np.integer], name: Callable[[int], str]) -> None:
        self._nodes = nodes
        self._name = name

    def __len__(self) -> int:
        return len(self._nodes)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Names: ...
    def __getitem__(self, index: int | slice) -> str | Names:
        """One name, or those of a slice."""
        if isinstance(index, slice):
            return Names(self._nodes[index], self._name)
        return self._name(int(self._nodes[index]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and not isinstance(other, str) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]  # equal to a tuple, but not hashed like one

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self[:5]))
        return f"Names({shown}{', …' if len(self) > 5 else ''}; {len(self)} in all)"
