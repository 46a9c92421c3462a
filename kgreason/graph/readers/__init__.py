"""Readers: files of the field as chunks of the assertion table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgreason import storage
from kgreason.errors import FormatError, InputError
from kgreason.graph.readers import conceptnet4, conceptnet5, facts, tables
from kgreason.graph.readers.common import Options

if TYPE_CHECKING:
    import polars as pl

__all__ = ["READERS", "Source", "read", "sniff"]

READERS = ("conceptnet4", "conceptnet5", "facts", "jsonl", "table")

_STREAMS = {
    "conceptnet4": conceptnet4.read,
    "conceptnet5": conceptnet5.read,
    "jsonl": tables.read_jsonl,
    "table": tables.read_table,
}
_FORMAT_LICENCES = {"conceptnet4": conceptnet4.LICENCE, "conceptnet5": "CC BY-SA 4.0"}


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """What one or more files say, ready for :func:`kgreason.graph.build.build`; iterating gives assertion chunks.

    Args:
        chunks: assertion tables, read while they are iterated over.
        labels: columns key, label, or None.
        aliases: columns form, key, prior, or None.
        sources: name, reader, digest and licence of each file.
    """

    chunks: Iterable[pl.DataFrame]
    labels: pl.DataFrame | None
    aliases: pl.DataFrame | None
    sources: tuple[Mapping[str, Any], ...]

    def __iter__(self) -> Iterator[pl.DataFrame]:
        return iter(self.chunks)


def read(
    paths: str | Path | Sequence[str | Path],
    reader: str | None = None,
    *,
    languages: Sequence[str] | None = None,
    columns: Mapping[str, str] | None = None,
) -> Source:
    r"""Reads one file or several; what they say is put together.

    Args:
        paths: files, or directories: a graph image, or the facts form.
        reader: one of :data:`READERS`; chosen for each file by its name and content where absent.
        languages: keep assertions between concepts of these languages (keys ``/c/LANG/...``; other keys stay).
        columns: for tables: column of the assertion table to the column's name in the file, or to its 0-based number
            in a file without a header.

    Raises:
        FormatError: a file is missing, empty, or not what its reader reads; for a malformed line, while iterating.
        InputError: the reader does not exist, or the columns do not fit the file.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "zoo.csv")
        ...     storage.write_text(file, "source,relation,target\npenguin,AtLocation,zoo\n")
        ...     [chunk.row(0)[:4] for chunk in read(file)]
        [('penguin', 'AtLocation', 'zoo', 1000)]
    """
    files = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    options = Options(tuple(languages) if languages else None, dict(columns or {}))
    options.check()
    parts = [_read_one(file, reader or sniff(file), options) for file in files]
    return Source(
        chunks=(chunk for part in parts for chunk in part),
        labels=_stacked([part.labels for part in parts]),
        aliases=_stacked([part.aliases for part in parts]),
        sources=tuple(source for part in parts for source in part.sources),
    )


def _read_one(path: Path, reader: str, options: Options) -> Source:
    if reader not in READERS:
        raise InputError(f"there is no reader {reader!r}", fix=f"Choose one of {', '.join(READERS)}.")
    if not path.exists():
        raise FormatError(path, "there is no such file or directory", fix="Check the path.")
    if reader == "facts":
        return Source(*facts.read(path, options))
    entry = {"name": path.name, "reader": reader, "digest": storage.digest(path)}
    entry["licence"] = _FORMAT_LICENCES.get(reader, "")
    return Source(_some(path, _STREAMS[reader](path, options), options), None, None, (entry,))


def _some(path: Path, chunks: Iterable[pl.DataFrame], options: Options) -> Iterator[pl.DataFrame]:
    """The chunks; a file that yields no assertion at all is refused."""
    rows = 0
    for chunk in chunks:
        rows += len(chunk)
        yield chunk
    if not rows:
        kept = f" between concepts in {', '.join(options.languages)}" if options.languages else ""
        raise FormatError(path, f"it holds no assertion{kept}", fix="Check the file, the reader and the languages.")


def _stacked(tables: list[pl.DataFrame | None]) -> pl.DataFrame | None:
    import polars as pl

    held = [table for table in tables if table is not None]
    return pl.concat(held) if held else None


def sniff(path: str | Path) -> str:
    """The reader for a file, judged by its first line and its name.

    Raises:
        FormatError: it is missing or empty, or no reader fits.
    """
    path = Path(path)
    if path.is_dir():
        if facts.is_image(path) or (path / facts.ASSERTIONS).is_file():
            return "facts"
        raise FormatError(path, f"it holds no {facts.ASSERTIONS}", fix="Name a file, a graph or a facts directory.")
    with storage.open_text(path) as lines:
        first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise FormatError(path, "it is empty", fix="Check the file.")
    if conceptnet5.fits(first):
        return "conceptnet5"
    if conceptnet4.fits(first):
        return "conceptnet4"
    if first.lstrip().startswith("{"):
        return "jsonl"
    if any(mark in first for mark in "\t|,"):
        return "table"
    raise FormatError(path, "no reader fits its first line", line=1, fix=f"Name a reader: {', '.join(READERS)}.")
