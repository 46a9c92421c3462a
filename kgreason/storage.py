"""Everything this package writes, and guards for what it reads.

A file or directory appears whole or not at all: it is written beside its place, flushed to the disk, and
renamed. All of it goes through the small functions of :mod:`kgreason.disk`, so that a test can make any of
them fail.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import io
import json
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt

from kgreason import disk
from kgreason.config import LIMITS
from kgreason.errors import FormatError, StorageError
from kgreason.npy import read_header

__all__ = [
    "blocks",
    "cache_home",
    "canonical_json",
    "create",
    "digest",
    "digest_bytes",
    "entries",
    "is_directory",
    "load_npy",
    "lock",
    "modified",
    "most_unpacked",
    "open_text",
    "opened",
    "publish",
    "read_json",
    "read_limited",
    "remove",
    "save_npy",
    "settle",
    "size",
    "staged",
    "unpacked",
    "write_bytes",
    "write_json",
    "write_text",
]

#: A compressed file may unpack to this many times its size, once it is larger than ``ARCHIVE_FLOOR`` bytes.
ARCHIVE_RATIO = 100
ARCHIVE_FLOOR = 64 * 1024**2
BLOCK_BYTES = 4 * 1024**2
JSON_BYTES = 64 * 1024**2


def _sibling(path: Path) -> Path:
    return path.with_name(f".{path.name[:32]}.{secrets.token_hex(6)}.tmp")


class _Output(io.RawIOBase):
    """A binary file whose every write goes through ``_write``, whoever holds it."""

    def __init__(self, handle: io.FileIO) -> None:
        self._handle = handle
        self.failure: OSError | None = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        total = len(view)
        try:
            while len(view):
                view = view[disk.write(self._handle, view) :]
        except OSError as error:
            self.failure = error
            raise
        return total


@contextlib.contextmanager
def create(path: str | Path, *, partial: Path | None = None) -> Iterator[IO[bytes]]:
    """Opens a file for writing that appears under its name, whole, when the block ends without an error.

    Args:
        path: the file; its directory is made where it does not exist.
        partial: where what was written stays when the block ends with an error; a later call goes on from there.

    Yields:
        a binary file to write to.

    Raises:
        StorageError: the disk is full, read-only or not permitted; nothing is left behind but ``partial``.
    """
    path = Path(path)
    temporary = partial or _sibling(path)
    output = None
    with disk.writing(path):
        disk.make_directory(path.parent)
        try:
            with contextlib.closing(disk.open_end(temporary) if partial else disk.open_new(temporary)) as handle:
                output = _Output(handle)
                yield cast(IO[bytes], output)
            disk.sync(temporary)
            disk.rename(temporary, path)
        except BaseException as error:
            if not partial:
                with contextlib.suppress(OSError):
                    disk.unlink(temporary)
            if output is not None and output.failure is not None:  # a library may have wrapped it
                raise output.failure from error
            raise
        disk.sync(path.parent)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Writes a file, whole or not at all.

    Example:
        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_bytes(pathlib.Path(folder, "a"), b"text")
        ...     read_limited(pathlib.Path(folder, "a"), 10)
        b'text'
    """
    with create(path) as handle:
        handle.write(data)


def write_text(path: str | Path, text: str) -> None:
    """Writes a text as UTF-8, whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def canonical_json(value: object) -> str:
    """JSON with one spelling for equal values: sorted keys, fixed spacing, no escapes beyond the needed ones."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, indent=1) + "\n"


def write_json(path: str | Path, value: object) -> None:
    """Writes a value as JSON with sorted keys, whole or not at all."""
    write_text(path, canonical_json(value))


def save_npy(path: str | Path, array: npt.NDArray[Any]) -> None:
    """Writes an array as ``.npy``, whole or not at all; arrays of Python objects are refused."""
    if array.dtype.hasobject:
        raise StorageError(f"{path} cannot be written: the array holds Python objects", fix="Store numbers.")
    with create(path) as handle:
        np.lib.format.write_array(handle, np.asarray(array, order="C"), version=(1, 0), allow_pickle=False)


def load_npy(path: str | Path, *, mmap: bool = True) -> npt.NDArray[Any]:
    """Reads an ``.npy`` file of numbers or texts as a read-only array; no object is ever made from it.

    Args:
        path: the file.
        mmap: map the file instead of reading it.

    Raises:
        FormatError: the file is missing, no plain array, or not exactly as long as its header says.
    """
    path = Path(path)
    with opened(path) as handle:
        shape, order, dtype = read_header(path, handle)
        if mmap and 0 not in shape:
            return np.memmap(handle, dtype, "r", handle.tell(), shape, order).view(np.ndarray)
        return np.ndarray(shape, dtype, handle.read(), order=order)


def read_limited(path: str | Path, limit: int) -> bytes:
    """Reads a whole file of at most ``limit`` bytes.

    Raises:
        FormatError: there is no such file, or it is larger.
    """
    with opened(path) as handle:
        data = handle.read(limit + 1)
    if len(data) > limit:
        raise FormatError(path, f"it is larger than the limit of {limit} bytes", fix="Use a smaller file.")
    return data


def read_json(path: str | Path, *, limit: int = JSON_BYTES) -> Any:
    """Reads a JSON file of at most ``limit`` bytes.

    Raises:
        FormatError: it is missing, too large, not UTF-8 or not JSON.
    """
    data = read_limited(path, limit)
    try:
        return json.loads(data.decode("utf-8"))
    except json.JSONDecodeError as error:
        raise FormatError(path, f"it is not JSON ({error.msg})", line=error.lineno, fix="Repair the file.") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise FormatError(path, f"it is not JSON in UTF-8 ({error})", fix="Repair the file.") from error


def size(path: str | Path) -> int | None:
    """Bytes of a file, None where there is none.

    Raises:
        StorageError: its directory cannot be searched.
    """
    return about.st_size if (about := _status(path)) and stat.S_ISREG(about.st_mode) else None


def is_directory(path: str | Path) -> bool:
    """Whether there is a directory of this name; raises as :func:`size`."""
    return (about := _status(path)) is not None and stat.S_ISDIR(about.st_mode)


def modified(path: str | Path) -> int:
    """When a file or directory was last changed, in nanoseconds, 0 where there is none; raises as :func:`size`."""
    return about.st_mtime_ns if (about := _status(path)) else 0


def _status(path: str | Path) -> os.stat_result | None:
    path = Path(path)
    with disk.reading(path):
        return disk.status(path)


def entries(path: str | Path) -> list[Path]:
    """What a directory holds, by name.

    Raises:
        FormatError: there is no such directory.
        StorageError: it cannot be listed.
    """
    path = Path(path)
    with disk.reading(path):
        return disk.entries(path)


@contextlib.contextmanager
def opened(path: str | Path) -> Iterator[IO[bytes]]:
    """Opens a file for a library that jumps about in it.

    Raises:
        FormatError: there is no such file.
        StorageError: it cannot be read.
    """
    path = Path(path)
    with disk.reading(path), contextlib.closing(disk.open_old(path)) as handle:
        yield handle


def digest(path: str | Path, *, sha256: bool = False) -> str:
    """BLAKE2b-256 of a file's bytes, in hexadecimal; SHA-256 to compare with what others publish."""
    kind = hashlib.sha256 if sha256 else lambda: hashlib.blake2b(digest_size=32)
    with opened(path) as handle:
        return hashlib.file_digest(cast(Any, handle), kind).hexdigest()


def digest_bytes(*parts: bytes | memoryview) -> str:
    """BLAKE2b-256 of the parts one after another, in hexadecimal."""
    state = hashlib.blake2b(digest_size=32)
    for part in parts:
        state.update(part)
    return state.hexdigest()


def blocks(path: str | Path, *, block_bytes: int = BLOCK_BYTES) -> Iterator[tuple[int, str]]:
    """Reads a text file, plain or ``.gz``, in blocks of whole lines.

    Args:
        path: the file.
        block_bytes: about how much is read at a time.

    Yields:
        the 1-based number of the block's first line, and its text without a final line end.

    Raises:
        FormatError: not UTF-8, a NUL byte, an overlong line, a bad or explosive archive, or a file over the limit.
    """
    line, rest = 1, b""
    for data in unpacked(path, block_bytes=block_bytes):
        end = data.rfind(b"\n") + 1
        if len(rest) + (end or len(data)) > LIMITS.line_bytes + block_bytes:
            raise _overlong(path, line)
        if not end:
            rest += data
            continue
        text = _decoded(path, line, b"".join((rest, memoryview(data)[: end - 1])))
        rest = data[end:]
        yield line, text
        line += text.count("\n") + 1
    if rest:
        yield line, _decoded(path, line, rest)


def unpacked(path: str | Path, *, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Reads the bytes of a file, plain or ``.gz``, in blocks.

    Raises:
        FormatError: there is no such file, a bad or explosive archive, or a file over the limit.
    """
    path = Path(path)
    with opened(path) as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        limit = min(most_unpacked(path), LIMITS.file_bytes) if packed else LIMITS.file_bytes
        handle = gzip.GzipFile(fileobj=raw) if packed else raw
        total = 0
        while data := handle.read(block_bytes):
            total += len(data)
            if total > limit:
                what = f"it unpacks to more than {limit} bytes" if packed else f"it is larger than {limit} bytes"
                raise FormatError(path, what, fix="Split the file, or unpack it first.")
            yield data


def most_unpacked(path: Path) -> int:
    """Bytes to which a compressed file may unpack.

    Raises:
        FormatError: there is no such file.
    """
    return max(ARCHIVE_FLOOR, (size(path) or 0) * ARCHIVE_RATIO)


def _overlong(path: str | Path, line: int) -> FormatError:
    return FormatError(path, f"the line is longer than {LIMITS.line_bytes} bytes", line=line, fix="Split the line.")


def _decoded(path: str | Path, line: int, data: bytes) -> str:
    if line == 1:
        data = data.removeprefix(b"\xef\xbb\xbf")
    if (position := data.find(b"\0")) >= 0:
        line += data.count(b"\n", 0, position)
        raise FormatError(path, "a NUL byte: the file is binary or not UTF-8", line=line, fix="Convert it to UTF-8.")
    start = 0
    while len(data) - start > LIMITS.line_bytes:  # from the start of a line to the last one within reach
        end = data.rfind(b"\n", start, start + LIMITS.line_bytes + 1)
        if end < 0:
            raise _overlong(path, line + data.count(b"\n", 0, start))
        start = end + 1
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line += data.count(b"\n", 0, error.start)
        raise FormatError(
            path, f"byte {data[error.start]:#04x} is not UTF-8", line=line, fix="Convert the file to UTF-8."
        ) from error


@contextlib.contextmanager
def open_text(path: str | Path) -> Iterator[Iterator[str]]:
    r"""Opens a text file, plain or ``.gz``, as an iterator of its lines without their line ends.

    Raises:
        FormatError: as :func:`blocks`, naming the line.

    Example:
        >>> import tempfile, pathlib
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_text(pathlib.Path(folder, "a"), "one\ntwo\n")
        ...     with open_text(pathlib.Path(folder, "a")) as lines:
        ...         print(list(lines))
        ['one', 'two']
    """
    source = blocks(path)
    try:
        yield (line.removesuffix("\r") for _, text in source for line in text.split("\n"))
    finally:
        source.close()  # type: ignore[attr-defined]  # a generator, typed as its iterator


@contextlib.contextmanager
def staged(parent: str | Path) -> Iterator[Path]:
    """A temporary directory inside ``parent``, removed at the end unless :func:`settle` has moved it.

    Raises:
        StorageError: it cannot be made.
    """
    temporary = _sibling(Path(parent) / "staged")
    with disk.writing(Path(parent)):
        disk.make_directory(temporary)
        try:
            yield temporary
        finally:
            with contextlib.suppress(OSError):  # most often it is not there any more
                disk.remove_tree(temporary)


def settle(directory: Path, target: Path, *, replace: bool = False) -> None:
    """Flushes a staged directory to the disk and renames it to ``target``.

    Args:
        directory: what :func:`staged` gave.
        target: its final name, on the same file system.
        replace: put it in the place of an existing directory; otherwise an existing one stays.

    Raises:
        StorageError: it cannot be written; an existing target is then as before.
    """
    with disk.writing(target):
        _sync_tree(directory)
        _move(directory, target, replace)
        disk.sync(target.parent)


def _sync_tree(path: Path) -> None:
    if is_directory(path):
        for entry in disk.entries(path):
            _sync_tree(entry)
    disk.sync(path)


def _move(directory: Path, target: Path, replace: bool) -> None:
    if not is_directory(target):
        try:
            disk.rename(directory, target)
        except OSError as error:  # another process may have been first
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
        return
    if replace:
        old = _sibling(target)
        disk.rename(target, old)
        try:
            disk.rename(directory, target)
        except OSError:
            disk.rename(old, target)
            raise
        disk.remove_tree(old)


def publish(path: str | Path, writer: Callable[[Path], object], *, replace: bool = False) -> None:
    """Makes a directory appear whole or not at all.

    Args:
        path: its final name.
        writer: fills the temporary directory it is called with.
        replace: put it in the place of an existing directory; otherwise an existing one stays.

    Raises:
        StorageError: it cannot be written.
    """
    path = Path(path)
    with staged(path.parent) as temporary:
        writer(temporary)
        settle(temporary, path, replace=replace)


def remove(path: str | Path) -> None:
    """Removes a file or a directory with all it holds; a missing one is no error."""
    path = Path(path)
    with disk.writing(path):
        if is_directory(path) and not path.is_symlink():
            disk.remove_tree(path)
        else:
            disk.unlink(path)


@contextlib.contextmanager
def lock(path: str | Path, *, timeout: float = -1) -> Iterator[None]:
    """Holds a lock file, so that one process at a time runs the block.

    Args:
        path: the lock file; it stays, empty.
        timeout: seconds to wait for another holder; negative waits for ever.

    Raises:
        StorageError: another process held it all the time, or the file cannot be made.
    """
    path = Path(path)
    with disk.writing(path):
        disk.make_directory(path.parent)
        try:
            held = disk.acquire(path, timeout)
        except TimeoutError as error:
            raise StorageError(f"{path} is held by another process", fix="Wait for that process to end.") from error
    try:
        yield
    finally:
        held.release()


def cache_home() -> Path:
    """The directory for what can be made again: ``KGREASON_HOME``, or the user's cache directory."""
    if home := os.environ.get("KGREASON_HOME"):
        return Path(home).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("kgreason")
