"""Writes a graph image: the base tables, the arrays derived from them, node columns, and the manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kgreason import storage
from kgreason.errors import InputError, StorageError
from kgreason.graph.derive import Progress, derive
from kgreason.graph.manifest import CURRENT, LOCK, MANIFEST, sealed, verify
from kgreason.graph.schema import Assertions, alias_table, assertion_table, label_table

if TYPE_CHECKING:
    import polars as pl

    from kgreason.graph.arrays import Arrays

__all__ = ["ColumnEncoder", "Tables", "build", "write_version", "writing"]

ColumnEncoder = Callable[[list[str]], npt.NDArray[Any]]

_ROWS_PER_GROUP = 1 << 17


class Tables(NamedTuple):
    """The base of an image, from which all else in it is derived; each table checked and sorted.

    Args:
        assertions: as :func:`kgreason.graph.schema.assertion_table` gives it.
        labels: as :func:`kgreason.graph.schema.label_table` gives it.
        aliases: as :func:`kgreason.graph.schema.alias_table` gives it.
        sources: what the facts come from, with their licences.
    """

    assertions: Assertions
    labels: pl.DataFrame | None = None
    aliases: pl.DataFrame | None = None
    sources: tuple[Mapping[str, Any], ...] = ()


def build(
    assertions: Any,
    out: str | Path,
    *,
    labels: Any = None,
    aliases: Any = None,
    columns: Mapping[str, ColumnEncoder] | None = None,
    sources: Iterable[Mapping[str, Any]] = (),
    progress: Progress | None = None,
) -> Path:
    """Builds an image and makes it the live version of its directory; older versions stay.

    Whoever else writes to the directory meanwhile waits.

    The same input in any order gives the same bytes and the same digest (with one version of polars: it signs the
    parquet files it writes).

    Args:
        assertions: as :func:`kgreason.graph.schema.assertion_table` takes them.
        out: the image directory, made where it does not exist.
        labels: key to label, a mapping or table; other concepts are called by their keys' readable part.
        aliases: table of form, key, prior: further surface forms of concepts.
        columns: name to a function from the labels of all nodes to an array [n, k].
        sources: what the facts come from, with their licences; kept in the manifest.
        progress: called with (stage, done, total).

    Returns:
        the version directory.

    Raises:
        InputError: a table does not fit.
        StorageError: the image cannot be written; nothing is left of it and the live version stays.

    Example:
        >>> import tempfile, polars as pl
        >>> from kgreason.graph import KnowledgeGraph
        >>> facts = pl.DataFrame({"source": ["penguin"], "relation": ["AtLocation"], "target": ["zoo"]})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     KnowledgeGraph.open(build(facts, folder)).num_nodes
        2
    """
    report = progress or (lambda stage, done, total: None)
    report("read", 0, 1)
    tables = [Tables(assertion_table(assertions), label_table(labels), alias_table(aliases), tuple(sources))]
    report("read", 1, 1)
    with writing(Path(out), report):
        return write_version(tables.pop(), Path(out), columns or {}, report)


@contextmanager
def writing(out: Path, report: Progress) -> Iterator[None]:
    """Holds the lock of an image directory; who has to wait for another writer is told."""
    with ExitStack() as held:
        try:
            held.enter_context(storage.lock(out / LOCK, timeout=0))
        except StorageError as error:
            if not isinstance(error.__cause__, TimeoutError):
                raise
            report("wait for another writer", 0, 0)
            held.enter_context(storage.lock(out / LOCK))
        try:
            yield
        finally:
            if storage.size(out / CURRENT) is None:
                # Nothing came of it, so nothing stays. Should another be building here, no harm is done: there is no
                # version yet that one of the two could lose.
                with suppress(StorageError):
                    storage.remove(out / LOCK)


def write_version(tables: Tables, out: Path, columns: Mapping[str, ColumnEncoder], report: Progress) -> Path:
    """Derives the arrays of a graph and makes it the live version; the caller holds the lock of the directory.

    What only the base keeps is let go once it is written, if the caller does not hold it.
    """
    base, labels, aliases, sources = tables
    described = _described(base)
    del tables
    with storage.staged(out) as directory:
        files = {"assertions": base.texts(), "labels": labels, "surfaces": aliases}
        for done, (name, table) in enumerate(files.items()):
            report("write", done, len(files))
            if table is not None:
                _write_parquet(directory / f"{name}.parquet", table.lazy())
        report("write", len(files), len(files))
        facts = [Assertions(base.names, base.rows.drop("surface"))]
        del files, table, base
        arrays = derive(facts.pop(), labels, aliases, report)  # held by nobody else, so that it can be let go
        for name, array in arrays.to_files().items():
            storage.save_npy(directory / name, array)
        _write_columns(directory, arrays, columns, report)
        manifest = sealed(_description(described, arrays, sorted(columns), sources), directory)
        storage.write_json(directory / MANIFEST, manifest)
        name = f"v-{manifest['digest']}"
        if storage.is_directory(out / name) and verify(out / name):
            storage.remove(out / name)
        storage.settle(directory, out / name)
    storage.write_text(out / CURRENT, f"{name}\n")
    return out / name


def _write_parquet(path: Path, table: pl.LazyFrame) -> None:
    with storage.create(path) as handle:
        table.sink_parquet(
            handle, compression="zstd", compression_level=3, statistics=False, row_group_size=_ROWS_PER_GROUP
        )


def _write_columns(directory: Path, arrays: Arrays, columns: Mapping[str, ColumnEncoder], report: Progress) -> None:
    texts = arrays.labels.to_list() if columns else []
    for done, name in enumerate(sorted(columns)):
        report("columns", done, len(columns))
        if not name.isidentifier():
            raise InputError(f"a column is called {name!r}", fix="Use letters, digits and underscores.")
        array = np.asarray(columns[name](texts))
        if array.ndim != 2 or len(array) != len(texts):
            raise InputError(f"column {name} has shape {array.shape}", fix=f"Give {len(texts)} rows.")
        storage.save_npy(directory / f"node-{name}.npy", array)


def _described(base: Assertions) -> dict[str, Any]:
    """What a manifest says of the base."""
    told: dict[str, Any] = {"assertions": len(base)}
    for column in ("origin", "licence"):
        counts = np.bincount(base.rows[column], minlength=len(base.names[column]))
        told[f"{column}s"] = dict(zip(base.names[column].to_list(), counts.tolist(), strict=True))
    return told


def _description(
    base: Mapping[str, Any], arrays: Arrays, columns: list[str], sources: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    pairs = zip(arrays.relations, arrays.symmetric.tolist(), strict=True)
    return {
        "counts": {
            "assertions": base["assertions"],
            "nodes": len(arrays.keys),
            "edges": len(arrays.idx) // 2,
            "forms": len(arrays.surfaces),
            "candidates": len(arrays.surfaces.node),
        },
        "origins": base["origins"],
        "licences": base["licences"],
        "relations": [{"name": name, "symmetric": both} for name, both in pairs],
        "columns": columns,
        "sources": sorted(({**source} for source in sources), key=storage.canonical_json),
    }
