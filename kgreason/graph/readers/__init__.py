"""Readers: files of the field as chunks of the assertion table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kgreason import storage
from kgreason.errors import FormatError, InputError
from kgreason.graph.readers import (
    atomic,
    cn100k,
    conceptnet4,
    conceptnet5,
    facts,
    graphml,
    prolog,
    rdf,
    senticnet,
    tables,
    wordnet,
)
from kgreason.graph.readers.common import Options
from kgreason.graph.readers.look import sniff
from kgreason.graph.schema import MAX_WEIGHT

if TYPE_CHECKING:
    import polars as pl

    _Chunks = Iterator[pl.DataFrame]
    _Told = tuple[_Chunks, pl.DataFrame | None, pl.DataFrame | None]

__all__ = ["FOLDERS", "READERS", "Source", "read", "sniff"]


class _Reader(NamedTuple):
    """How a file is read: as assertion chunks, labels and aliases; and the licence that its format stands for."""

    read: Callable[[Path, Options], _Told]
    licence: str = ""


def _nameless(chunks: Callable[[Path, Options], _Chunks], licence: str = "") -> _Reader:
    """How a file is read that tells nothing but assertions."""
    return _Reader(lambda path, options: (chunks(path, options), None, None), licence)


_FILES = {
    "atomic": _nameless(atomic.read, atomic.LICENCE),
    "cn100k": _nameless(cn100k.read, cn100k.LICENCE),
    "conceptnet4": _nameless(conceptnet4.read, conceptnet4.LICENCE),
    "conceptnet5": _nameless(conceptnet5.read, conceptnet5.LICENCE),
    "graphml": _Reader(graphml.read),
    "jsonl": _nameless(tables.read_jsonl),
    "parquet": _nameless(tables.read_parquet),
    "prolog": _nameless(prolog.read),
    "senticnet": _nameless(senticnet.read, senticnet.LICENCE),
    "table": _nameless(tables.read_table),
    "triples": _nameless(tables.read_triples),
    **{name: _Reader(partial(rdf.read, syntax=name)) for name in rdf.SYNTAXES},
}
#: Readers of a folder of files.
FOLDERS = {"facts": facts.read, "wordnet": wordnet.read}
#: Formats whose columns have an order of their own.
_WITHOUT_HEADER = {"atomic", "cn100k", "triples"}

READERS = tuple(sorted((*_FILES, *FOLDERS)))


@dataclass(frozen=True, eq=False, slots=True)
class Source:
    """What one or more files say, ready for :func:`kgreason.graph.build.build`; iterating gives assertion chunks.

    Args:
        chunks: assertion tables, read while they are iterated over.
        labels: columns key, label, or None.
        aliases: columns form, key, prior, or None.
        sources: name, reader, digest and licence of each file, and its weight where one was given.
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
    weights: Mapping[str, float] | None = None,
) -> Source:
    r"""Reads one file or several; what they say is put together.

    Args:
        paths: files, or directories: a graph image, the facts form, or WordNet's database.
        reader: one of :data:`READERS`; chosen for each file by its name and content where absent.
        languages: keep assertions between concepts of these languages (keys ``/c/LANG/...``, literals with a
            language; others stay).
        columns: for tables, JSON lines, parquet and GraphML: column of the assertion table to the column's name in the
            file, or for tables to its 0-based number in a file without a header.
        weights: name of a file, or its path, to what its assertions' weights are multiplied with.

    Raises:
        FormatError: a file is missing, empty, or not what its reader reads; for a malformed line, while iterating.
        InputError: the reader does not exist, the columns do not fit the file, or a weight is not above 0 or names no
            file.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = pathlib.Path(folder, "zoo.csv")
        ...     storage.write_text(file, "source,relation,target\npenguin,AtLocation,zoo\n")
        ...     [chunk.row(0)[:4] for chunk in read(file, weights={"zoo.csv": 0.5})]
        [('penguin', 'AtLocation', 'zoo', 500)]
    """
    files = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    options = Options(tuple(languages) if languages else None, dict(columns or {}))
    options.check()
    factors = _factors(files, weights or {})
    parts = [_read_one(file, reader, options) for file in files]
    return Source(
        chunks=(chunk for part, factor in zip(parts, factors, strict=True) for chunk in _weighted(part.chunks, factor)),
        labels=_stacked([part.labels for part in parts]),
        aliases=_stacked([part.aliases for part in parts]),
        sources=tuple(
            {**source, "weight": factor} if factor != 1 else source
            for part, factor in zip(parts, factors, strict=True)
            for source in part.sources
        ),
    )


def _factors(files: Sequence[Path], weights: Mapping[str, float]) -> list[float]:
    """The weight of each file."""
    named = [{file.name, str(file)} for file in files]
    for name, weight in weights.items():
        if not any(name in names for names in named):
            fix = f"Name one of {', '.join(file.name for file in files)}."
            raise InputError(f"there is no source {name!r} to weigh", fix=fix)
        if not (math.isfinite(weight) and weight > 0):
            raise InputError(f"the weight of {name} is {weight}", fix="Give a number above 0.")
    return [next((weights[name] for name in (str(file), file.name) if name in weights), 1.0) for file in files]


def _weighted(chunks: Iterable[pl.DataFrame], factor: float) -> Iterator[pl.DataFrame]:
    """The chunks with their weights multiplied; none becomes nothing."""
    import polars as pl

    for chunk in chunks:
        if factor == 1:
            yield chunk
            continue
        weight = pl.col("weight")
        scaled = (weight.abs() * factor).round().clip(1, 2.0 * MAX_WEIGHT).cast(pl.Int64)
        chunk = chunk.with_columns(weight=pl.when(weight < 0).then(-scaled).when(weight > 0).then(scaled).otherwise(0))
        if chunk["weight"].abs().max() > MAX_WEIGHT:  # type: ignore[operator]  # a maximum of integers
            raise InputError(f"weights times {factor} are out of range", fix="Give a smaller weight.")
        yield chunk


def _read_one(path: Path, reader: str | None, options: Options) -> Source:
    if reader is not None and reader not in READERS:
        raise InputError(f"there is no reader {reader!r}", fix=f"Choose one of {', '.join(READERS)}.")
    if not storage.is_directory(path) and storage.size(path) is None:
        raise FormatError(path, "there is no such file or directory", fix="Check the path.")
    if reader is None:
        reader = sniff(path)
        if options.columns and reader in _WITHOUT_HEADER:
            reader = "table"  # the map says what the columns are
    if reader in FOLDERS:
        chunks, labels, aliases, sources = FOLDERS[reader](path, options)
        return Source(_some(path, chunks, options), labels, aliases, sources)
    read_file, licence = _FILES[reader]
    entry = {"name": path.name, "reader": reader, "digest": storage.digest(path), "licence": licence}
    chunks, labels, aliases = read_file(path, options)
    return Source(_some(path, chunks, options), labels, aliases, (entry,))


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

    held = [table for table in tables if table is not None and len(table)]
    return pl.concat(held) if held else None
