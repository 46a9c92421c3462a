"""Adds facts to a graph on disk and removes them; each time a new version goes live, derived from the edited tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kgreason import storage
from kgreason.errors import GraphImageError, InputError
from kgreason.graph.build import ColumnEncoder, Tables, write_version, writing
from kgreason.graph.derive import is_symmetric
from kgreason.graph.index import orphans
from kgreason.graph.manifest import CURRENT, LOCK, VERSION, live_version, read_manifest
from kgreason.graph.schema import alias_table, assertion_table, label_table, negate

if TYPE_CHECKING:
    import polars as pl

    from kgreason.graph.derive import Progress

__all__ = ["Update", "add", "clean", "remove", "versions"]

_FACT = ("fact_source", "fact_relation", "fact_target")
_TEXTS = ("origin", "licence", "sense", "surface")
_TEMPORARY = re.compile(r"\.(staged|CURRENT|v-[0-9a-f]+)\.[0-9a-f]+\.tmp")


@dataclass(frozen=True, slots=True)
class Update:
    """What an update did: the version that is live now, and how many assertions came and went.

    Args:
        path: the version directory.
        added: assertions added.
        removed: assertions removed.
        missing: facts that were to be removed and are not there.
    """

    path: Path
    added: int = 0
    removed: int = 0
    missing: int = 0


class _Base(NamedTuple):
    """The base of a version, with assertions as texts."""

    assertions: pl.DataFrame
    labels: pl.DataFrame | None
    aliases: pl.DataFrame | None
    sources: tuple[Mapping[str, Any], ...]


def add(
    path: str | Path,
    assertions: Any,
    *,
    labels: Any = None,
    aliases: Any = None,
    sources: Iterable[Mapping[str, Any]] = (),
    columns: Mapping[str, ColumnEncoder] | None = None,
    progress: Progress | None = None,
) -> Update:
    """Adds assertions to a graph; a fact that is there already gains their weight.

    The new version equals a build from all assertions, digest for digest. It goes live whole or not at all; readers
    keep the version that they have opened, and of two writers the second waits for the first and adds to its version.

    Args:
        path: the image directory.
        assertions: as :func:`kgreason.graph.build.build` takes them; so are the following.
        labels: key to label, beside those that are there.
        aliases: table of form, key, prior, beside those that are there.
        sources: what the assertions come from.
        columns: encoders of the node columns of the graph; it need not give that of ``text``, static label vectors.
        progress: called with (stage, done, total).

    Raises:
        GraphImageError: there is no graph, or it is damaged.
        InputError: a table does not fit, the path is a single version, or the encoder of a node column is missing.
        StorageError: the version cannot be written; the live one stays.

    Example:
        >>> import tempfile, polars as pl
        >>> from kgreason.graph import KnowledgeGraph
        >>> from kgreason.graph.build import build
        >>> facts = pl.DataFrame({"source": ["penguin", "oven"], "relation": "r", "target": ["zoo", "kitchen"]})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     version = build(facts.head(1), folder)
        ...     add(folder, facts.tail(1)).added, remove(folder, facts.tail(1)).path == version
        (1, True)
    """
    more = Tables(assertion_table(assertions), label_table(labels), alias_table(aliases), tuple(sources))

    def edit(old: _Base) -> tuple[Tables, dict[str, int]]:
        both = Tables(
            assertion_table([old.assertions, more.assertions.texts()]),
            label_table(_stacked(old.labels, more.labels)),
            alias_table(_stacked(old.aliases, more.aliases)),
            old.sources + more.sources,
        )
        return both, {"added": len(more.assertions)}

    return _edited(Path(path), edit, columns, progress)


def remove(
    path: str | Path,
    assertions: Any,
    *,
    sources: Iterable[Mapping[str, Any]] = (),
    columns: Mapping[str, ColumnEncoder] | None = None,
    missing_ok: bool = False,
    progress: Progress | None = None,
) -> Update:
    """Removes every assertion of the given facts.

    A fact is a source, a relation and a target; one of a symmetric relation is the same either way round, and a
    negative weight asks for the negated fact. Of a weight nothing but its sign is compared. A text that a row gives
    (origin, licence, sense, surface) has to be the assertion's, so that a file that was added can be removed again.
    Labels and aliases stay; a concept without a label of its own goes with its last fact. All else is as in
    :func:`add`.

    Args:
        path: the image directory.
        assertions: the facts, in a table as :func:`add` takes it.
        sources: entries that are no longer sources of the graph, since all they gave is removed.
        columns: encoders of the node columns of the graph.
        missing_ok: count facts that are not there instead of refusing the whole update.
        progress: called with (stage, done, total).

    Raises:
        GraphImageError: there is no graph, or it is damaged.
        InputError: a fact is not there, in which case nothing is removed; or as in :func:`add`.
        StorageError: the version cannot be written; the live one stays.
    """
    unwanted, gone = assertion_table(assertions).texts().collect(), list(sources)

    def edit(old: _Base) -> tuple[Tables, dict[str, int]]:
        kept, missing = _without(old.assertions, unwanted)
        if len(missing) and not missing_ok:
            facts = f"1 fact is not in the graph: {missing.row(0)[:3]}"
            if len(missing) > 1:
                facts = f"{len(missing):,} facts are not in the graph, {missing.row(0)[:3]} among them"
            raise InputError(facts, fix="Leave them out, or allow for missing ones (missing_ok, --missing-ok).")
        left = tuple(entry for entry in old.sources if entry not in gone)
        tables = Tables(assertion_table(kept), old.labels, old.aliases, left)
        return tables, {"removed": len(old.assertions) - len(kept), "missing": len(missing)}

    return _edited(Path(path), edit, columns, progress)


def versions(path: str | Path) -> tuple[Path, ...]:
    """Version directories of a graph, the live one first, then the most recently made.

    Raises:
        GraphImageError: there is no graph.
        InputError: the path is a single version.
    """
    live = _live(Path(path))
    others = [other for other in storage.entries(path) if VERSION.fullmatch(other.name) and other != live]
    return live, *sorted(others, key=lambda other: (-storage.modified(other), other.name))


def clean(path: str | Path, *, keep: int = 0) -> tuple[Path, ...]:
    """Removes older versions of a graph with their indexes, never the live one, and what killed writers left behind.

    Readers that hold an old version go on: their files are mapped, and on a local file system of a POSIX machine a
    removed file lives until its last map is closed, as does its space on the disk. Opening an old version by its own
    path fails from now on, and so may a reader on a network file system, which keeps no removed file.

    Args:
        path: the image directory.
        keep: how many older versions stay, the most recently made.

    Returns:
        what was removed.

    Raises:
        GraphImageError: there is no graph.
        InputError: ``keep`` is negative, or the path is a single version.
        StorageError: a file cannot be removed.
    """
    if keep < 0:
        raise InputError(f"keep is {keep}", fix="Give 0 or more.")
    path = Path(path)
    _live(path)  # before a lock file is made where no graph is
    with storage.lock(path / LOCK):
        # No writer is at work now, so that what looks half-written will never be finished.
        halves = (entry for entry in storage.entries(path) if _TEMPORARY.fullmatch(entry.name))
        every = versions(path)
        kept = [version.name.removeprefix("v-") for version in every[: 1 + keep]]
        old = (*every[1 + keep :], *sorted(halves), *orphans(path, kept))
        for entry in old:
            storage.remove(entry)
    return old


def _live(path: Path) -> Path:
    live = live_version(path)
    if live == path:
        raise InputError(f"{path} is a single version of a graph", fix=f"Name the folder that holds {CURRENT}.")
    return live


def _edited(
    path: Path,
    edit: Callable[[_Base], tuple[Tables, dict[str, int]]],
    columns: Mapping[str, ColumnEncoder] | None,
    progress: Progress | None,
) -> Update:
    """Makes the edited tables of the live version the next one, while no other writer is at work."""
    report = progress or (lambda stage, done, total: None)
    _live(path)  # before a lock file is made where no graph is
    with writing(path, report):
        version = _live(path)
        manifest = read_manifest(version)
        encoders = _encoders(manifest["columns"], columns or {})
        report("edit", 0, 1)
        tables, counts = edit(_base(version, manifest))
        report("edit", 1, 1)
        return Update(write_version(tables, path, encoders, report), **counts)


def _encoders(names: Iterable[str], given: Mapping[str, ColumnEncoder]) -> Mapping[str, ColumnEncoder]:
    """Encoders of all node columns that the next version has: those of the last one, and those given."""
    encoders = dict(given)
    for name in names:
        if name == "text" and name not in encoders:
            from kgreason.graph.vectors import StaticVectors

            encoders[name] = StaticVectors.load().encode
        if name not in encoders:
            raise InputError(f"the graph has the node column {name!r}", fix="Give its encoder in columns.")
    return encoders


def _base(version: Path, manifest: Mapping[str, Any]) -> _Base:
    """The base of a version; a damaged file is refused rather than carried into the next version."""
    import polars as pl

    tables: dict[str, pl.DataFrame | None] = {}
    for name in ("assertions", "labels", "surfaces"):
        file = version / f"{name}.parquet"
        stated = manifest["files"].get(file.name)
        if stated is not None and storage.digest(file) != stated["digest"]:
            raise GraphImageError(f"{file} is damaged: its digest is not the stated one", fix="Build the graph again.")
        if stated is None:
            tables[name] = None
            continue
        with storage.opened(file) as handle:
            tables[name] = pl.read_parquet(handle)
    base = tables["assertions"]
    assert base is not None  # read_manifest has seen it listed
    return _Base(base, tables["labels"], tables["surfaces"], tuple(manifest["sources"]))


def _stacked(old: pl.DataFrame | None, more: pl.DataFrame | None) -> pl.DataFrame | None:
    import polars as pl

    held = [table for table in (old, more) if table is not None]
    return pl.concat(held) if held else None


def _without(base: pl.DataFrame, unwanted: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The assertions without those of unwanted facts, and the unwanted facts that none of them states."""
    import polars as pl

    held = _named(base).with_row_index("row")
    asked = _named(unwanted).unique([*_FACT, *_TEXTS], maintain_order=True).with_row_index("asked")
    hits = [part.join(held, on=[*_FACT, *texts]).select("asked", "row") for texts, part in _by_texts(asked)]
    hit = pl.concat([pl.DataFrame(schema={"asked": pl.UInt32, "row": pl.UInt32}), *hits])
    kept = held.join(hit, on="row", how="anti", maintain_order="left").select(base.columns)
    return kept, asked.join(hit, on="asked", how="anti", maintain_order="left").select(unwanted.columns)


def _by_texts(asked: pl.DataFrame) -> Iterator[tuple[tuple[str, ...], pl.DataFrame]]:
    """The facts apart by which texts they give, which are those that have to fit."""
    import polars as pl

    for size in range(len(_TEXTS) + 1):
        for texts in combinations(_TEXTS, size):
            part = asked.filter([(pl.col(name) != "") == (name in texts) for name in _TEXTS])
            if len(part):
                yield texts, part.select("asked", *_FACT, *texts)


def _named(assertions: pl.DataFrame) -> pl.DataFrame:
    """The assertions with the names of the edge that each becomes part of, as the arrays merge them."""
    import polars as pl

    names = assertions["relation"].unique().to_list()
    opposite = pl.col("relation").replace({name: negate(name) for name in names})
    relation = pl.when(pl.col("weight") < 0).then(opposite).otherwise("relation")
    both = [name for name in {*names, *map(negate, names)} if is_symmetric(name)]
    swap = relation.is_in(both) & (pl.col("source") > pl.col("target"))
    first = pl.when(swap).then("target").otherwise("source")
    last = pl.when(swap).then("source").otherwise("target")
    return assertions.with_columns(first.alias(_FACT[0]), relation.alias(_FACT[1]), last.alias(_FACT[2]))
