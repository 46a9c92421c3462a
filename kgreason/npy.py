"""The header of an ``.npy`` file, read without believing it."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, Literal

import numpy as np

from kgreason.errors import FormatError

__all__ = ["read_header"]

Shape = tuple[int, ...]
_READERS: Mapping[tuple[int, int], Callable[[IO[bytes]], tuple[Shape, bool, np.dtype[Any]]]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


def read_header(path: Path, handle: IO[bytes]) -> tuple[Shape, Literal["C", "F"], np.dtype[Any]]:
    """Shape, order and type of the array in a file, which is then read up to its data.

    Args:
        path: what errors call the file.
        handle: the file, at its beginning.

    Raises:
        FormatError: it is no array, or one of Python objects, or not exactly as long as its header says.

    Example:
        >>> import io
        >>> file = io.BytesIO()
        >>> np.lib.format.write_array(file, np.zeros((2, 3), np.float32))
        >>> _ = file.seek(0)
        >>> read_header(Path("a.npy"), file)
        ((2, 3), 'C', dtype('float32'))
    """
    try:
        version = np.lib.format.read_magic(handle)
        if version not in _READERS:
            raise ValueError(f"version {version[0]}.{version[1]}")
        shape, fortran, dtype = _READERS[version](handle)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TokenError) as error:
        raise FormatError(path, f"it is no plain array ({error})", fix="Make or fetch it again.") from error
    if dtype.hasobject or any(size < 0 for size in shape):
        what = "Python objects" if dtype.hasobject else f"an array of shape {shape}"
        raise FormatError(path, f"it holds {what}", fix="Make or fetch it again.")
    start, told = handle.tell(), dtype.itemsize * math.prod(shape)
    if (found := handle.seek(0, os.SEEK_END) - start) != told:
        what = f"its header tells of {told:,} bytes of data, and there are {found:,}"
        raise FormatError(path, what, fix="Make or fetch it again.")
    handle.seek(start)
    return shape, "F" if fortran else "C", dtype
