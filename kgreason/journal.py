"""Files that grow by a line at a time: what was appended is there whole, or it is not read.

The other writers of this package put a whole file in the place of another, see :mod:`kgreason.storage`; a journal is
the one kind of file that is added to.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kgreason import disk, storage
from kgreason.errors import FormatError

__all__ = ["LIMIT", "append", "older", "read"]

#: Bytes from which on a journal begins anew; the one before is kept.
LIMIT = 64 * 1024**2


def older(path: Path) -> Path:
    """Where the lines before those of a journal are."""
    return path.with_name(f"{path.name}.1")


def append(path: str | Path, row: Mapping[str, Any], *, limit: int = LIMIT) -> None:
    r"""Adds a line of JSON to a journal; threads and processes take turns.

    A journal that would grow past the limit is put aside under the name of :func:`older`, in the place of the one
    before it, and begins anew. A line that was cut off, by a full disk or the end of a process, is ended first.

    Args:
        path: the journal; it and its directory are made where there are none.
        row: JSON-ready values.
        limit: its size in bytes.

    Raises:
        StorageError: it cannot be written.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     append(Path(folder, "log"), {"n": 1})
        ...     append(Path(folder, "log"), {"n": 2})
        ...     read(Path(folder, "log"))
        ([{'n': 1}, {'n': 2}], 0)
    """
    path = Path(path)
    # Escapes keep to ASCII, so that no cut can leave half a character behind.
    line = json.dumps(row, allow_nan=False).encode("ascii") + b"\n"
    with storage.lock(path.with_name(f".{path.name}.lock")), disk.writing(path):
        size = storage.size(path) or 0
        if size and size + len(line) > limit:
            disk.rename(path, older(path))
            size = 0
        rest = memoryview(line if not size or _is_whole(path) else b"\n" + line)
        with contextlib.closing(disk.open_end(path)) as handle:
            while len(rest):
                rest = rest[disk.write(handle, rest) :]


def _is_whole(path: Path) -> bool:
    """Whether the last line has its end."""
    with storage.opened(path) as handle:
        handle.seek(-1, os.SEEK_END)
        return handle.read(1) == b"\n"


def read(path: str | Path) -> tuple[list[dict[str, Any]], int]:
    """Reads a journal and the one put aside before it, oldest line first.

    Args:
        path: the journal.

    Returns:
        Its rows, and how many lines are no JSON object: lines that were cut off.

    Raises:
        FormatError: there is no such file, or it is no text.
    """
    path = Path(path)
    rows, broken = [], 0
    parts = [part for part in (older(path), path) if storage.size(part) is not None]
    for part in parts or [path]:  # between two journals there may be the older one alone
        with storage.open_text(part) as lines:
            for line in filter(None, lines):
                row = _object(line)
                broken += row is None
                rows += [] if row is None else [row]
    if broken and not rows:
        raise FormatError(path, f"none of its {broken} lines is a JSON object", fix="Name a journal.")
    return rows, broken


def _object(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None
