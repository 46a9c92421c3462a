"""``kgreason graph add``, ``remove`` and ``clean``: graphs that change, a version at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgreason.cli.console import Json, Output, Quiet
from kgreason.cli.graph import ColumnsOption, LanguagesOption, ReaderOption, WeightOption, read_sources

if TYPE_CHECKING:
    from kgreason.graph.update import Update

__all__ = ["add", "clean", "remove"]

Folder = Annotated[Path, typer.Argument(metavar="GRAPH", help="The graph's folder.")]
Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Files of facts, as graph build reads them.")]


def add(
    graph: Folder,
    files: Files,
    reader: ReaderOption = None,
    languages: LanguagesOption = None,
    columns: ColumnsOption = None,
    weight: WeightOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Add facts to a graph; one that is there already gains their weight."""
    from kgreason.graph.update import add as add_facts

    out = Output(as_json, quiet)
    source = read_sources(files, reader, languages, columns, weight)
    with out.progress() as report:
        done = add_facts(
            graph, source, labels=source.labels, aliases=source.aliases, sources=source.sources, progress=report
        )
    _show(done, out)


def remove(
    graph: Folder,
    files: Files,
    reader: ReaderOption = None,
    languages: LanguagesOption = None,
    columns: ColumnsOption = None,
    weight: WeightOption = None,
    missing_ok: Annotated[
        bool, typer.Option("--missing-ok", help="Count facts that are not there instead of removing nothing.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Remove facts from a graph, every assertion of each; a weight counts by its sign alone."""
    from kgreason.graph.update import remove as remove_facts

    out = Output(as_json, quiet)
    source = read_sources(files, reader, languages, columns, weight)
    with out.progress() as report:
        done = remove_facts(graph, source, sources=source.sources, missing_ok=missing_ok, progress=report)
    _show(done, out)


def clean(
    graph: Folder,
    keep: Annotated[int, typer.Option("--keep", min=0, help="Older versions that stay, the latest.")] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Remove older versions of a graph, never the live one; who has one open can go on reading it."""
    from kgreason.graph.update import clean as clean_versions
    from kgreason.graph.update import versions

    removed = [str(path) for path in clean_versions(graph, keep=keep)]
    live, *kept = map(str, versions(graph))
    values = {"live": live, "kept": kept, "removed": removed}
    Output(as_json, quiet).show(values, f"{len(removed)} removed; {live} is live, {len(kept)} older kept")


def _show(done: Update, out: Output) -> None:
    from kgreason.graph import KnowledgeGraph

    graph = KnowledgeGraph.open(done.path)
    counts = {"added": done.added, "removed": done.removed, "missing": done.missing}
    told = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count) or "nothing to do"
    now = f"{graph.num_nodes:,} concepts, {graph.num_edges // 2:,} edges"
    out.show({"path": str(done.path), "digest": graph.digest, **counts}, f"{told}; {now} in {done.path.parent}")
