"""The calls that touch files, one small function each, so that a test can make any of them fail.

Nothing but :mod:`kgreason.storage` and :mod:`kgreason.journal` calls them, always by way of this module, under
:func:`reading` or :func:`writing`, which turn what fails into an error that names the file and what to do.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import io
import os
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from kgreason.errors import FormatError, StorageError, advice

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = [
    "acquire",
    "entries",
    "make_directory",
    "open_end",
    "open_new",
    "open_old",
    "read",
    "reading",
    "remove_tree",
    "rename",
    "status",
    "sync",
    "unlink",
    "write",
    "writing",
]

_UNREADABLE = {errno.ENOENT, errno.EISDIR, errno.ENOTDIR}


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Names the file that the block could not write."""
    try:
        yield
    except OSError as error:
        what, fix = advice(error)
        raise StorageError(f"{path} cannot be written: {what}", fix=fix) from error


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Names the file that the block could not read, plain or compressed."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise FormatError(path, f"it is not a complete gzip file ({error})", fix="Fetch the file again.") from error
    except OSError as error:
        what, fix = advice(error)
        if error.errno in _UNREADABLE:
            raise FormatError(path, what, fix=fix) from error
        raise StorageError(f"{path} cannot be read: {what}", fix=fix) from error


class _File(io.FileIO):
    """A file whose every read goes through :func:`read`, whoever holds it."""

    def readinto(self, buffer: Any) -> int:
        return read(self, buffer)

    def readall(self) -> bytes:
        return b"".join(iter(lambda: self.read(1 << 22), b""))

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            return self.readall()
        data = bytearray(min(size, 1 << 22))
        return bytes(data[: read(self, data)])


def open_old(path: Path) -> io.BufferedReader:
    """Opens a file for reading."""
    return io.BufferedReader(_File(path, "rb"), 1 << 16)


def open_new(path: Path) -> io.FileIO:
    """Makes a file for writing; an existing one is an error."""
    return io.FileIO(path, "xb")


def open_end(path: Path) -> io.FileIO:
    """Opens a file for writing after what it holds, and makes it where there is none."""
    return io.FileIO(path, "ab")


def read(file: io.FileIO, buffer: Any) -> int:
    """Fills a buffer from a file; the number of bytes, 0 at its end."""
    return cast(int, io.FileIO.readinto(file, buffer))


def write(file: io.FileIO, data: memoryview) -> int:
    """Writes some of the bytes; how many."""
    return file.write(data)


def sync(path: Path) -> None:
    """Flushes a file or a directory to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def rename(source: Path, target: Path) -> None:
    """Puts a file or a directory in the place of another."""
    os.replace(source, target)


def make_directory(path: Path) -> None:
    """Makes a directory and those above it."""
    path.mkdir(parents=True, exist_ok=True)


def unlink(path: Path) -> None:
    """Removes a file."""
    path.unlink(missing_ok=True)


def remove_tree(path: Path) -> None:
    """Removes a directory with all it holds."""
    shutil.rmtree(path)


def status(path: Path) -> os.stat_result | None:
    """What the file system says of a file or directory, None where there is none."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last of a name that holds a NUL byte
        return None


def entries(path: Path) -> list[Path]:
    """What a directory holds, by name."""
    return sorted(path.iterdir())


def acquire(path: Path, timeout: float) -> BaseFileLock:
    """Takes a lock; the operating system lets go of it when this process ends."""
    from filelock import FileLock  # imported here: only writers need it

    lock = FileLock(path, timeout=timeout)
    lock.acquire()
    return lock
