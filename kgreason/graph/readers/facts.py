"""The facts form, a directory of parquet tables, as this project stores facts; and the same tables of a graph image.

``assertions.parquet`` (the assertion table), ``concepts.parquet`` (key, label), ``aliases.parquet`` (form, key, prior)
and ``facts.json`` (``sources``: name, licence, attribution ...); all but the first may be absent. An image holds the
tables its arrays were derived from, so that a graph can be built again from another graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgreason import guards, storage
from kgreason.errors import FormatError
from kgreason.graph.manifest import CURRENT, MANIFEST, live_version, read_manifest
from kgreason.graph.readers.common import Options, spoken_rows

if TYPE_CHECKING:
    import polars as pl

__all__ = ["ASSERTIONS", "is_image", "read"]

ASSERTIONS = "assertions.parquet"

_Parts = tuple[Iterator["pl.DataFrame"], "pl.DataFrame | None", "pl.DataFrame | None", tuple[Mapping[str, Any], ...]]


def read(path: Path, options: Options) -> _Parts:
    """Assertion chunks, labels, aliases and sources of a facts directory, or of a graph image.

    Raises:
        FormatError: a table is damaged or lacks a column.
        GraphImageError: the image is damaged.
    """
    concepts, forms = "concepts", "aliases"
    if is_image(path):
        path, concepts, forms = live_version(path), "labels", "surfaces"
    labels = _table(path / f"{concepts}.parquet", ("key", "label"))
    aliases = _table(path / f"{forms}.parquet", ("form", "key", "prior"))
    return (
        _assertions(path / ASSERTIONS, options),
        None if labels is None else spoken_rows(labels, "key", options),
        None if aliases is None else spoken_rows(aliases, "key", options),
        tuple(read_manifest(path)["sources"]) if is_image(path) else _sources(path),
    )


def is_image(path: Path) -> bool:
    """Whether a directory is a graph image or a version of one."""
    return any(storage.size(path / name) is not None for name in (CURRENT, MANIFEST))


def _assertions(path: Path, options: Options) -> Iterator[pl.DataFrame]:
    table = _table(path, ("source", "relation", "target", "weight"))
    if table is not None:
        yield spoken_rows(spoken_rows(table, "source", options), "target", options)


def _table(path: Path, columns: tuple[str, ...]) -> pl.DataFrame | None:
    import polars as pl

    if storage.size(path) is None:
        return None
    with guards.open_parquet(path) as file:
        if missing := [name for name in columns if name not in file.names]:
            raise FormatError(
                path, f"it has no column {missing[0]!r}, only {', '.join(file.names)}", fix="Make the table again."
            )
        frames = list(file.frames())
    return pl.concat(frames) if frames else None


def _sources(path: Path) -> tuple[Mapping[str, Any], ...]:
    described = storage.read_json(path / "facts.json") if storage.size(path / "facts.json") is not None else {}
    entries = described.get("sources", []) if isinstance(described, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise FormatError(path / "facts.json", "its sources are no list of objects", fix="Make the file again.")
    return tuple(entries) or ({"name": path.name, "reader": "facts", "digest": storage.digest(path / ASSERTIONS)},)
