"""``kgreason graph sources`` and ``get``: graphs that others publish, listed, fetched and built."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgreason.cli.arguments import names
from kgreason.cli.console import Json, Output, Quiet
from kgreason.cli.graph import LanguagesOption, make_graph

__all__ = ["get", "sources"]


def sources(as_json: Json = False, quiet: Quiet = False) -> None:
    """List graphs that graph get can fetch, with their licences."""
    from dataclasses import asdict

    from rich.table import Table

    from kgreason.graph.catalogue import catalogue

    table = Table("name", "to fetch", "licence", "checked by", "what", box=None, pad_edge=False, header_style="bold")
    table.columns[1].justify = "right"
    for each in catalogue().values():
        known = all(file.sha256 for file in each.files)
        size = "?" if each.bytes is None else f"{each.bytes / 1e6:,.0f} MB"
        table.add_row(
            each.name, size, each.licence, "digest" if known else "first sight", f"{each.title}: {each.about}"
        )
    values = [{**asdict(each), "bytes": each.bytes} for each in catalogue().values()]
    Output(as_json, quiet).show(values, table)


def get(
    name: Annotated[str, typer.Argument(help="A name that graph sources lists.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The graph's folder; one of that name by default.")
    ] = None,
    build: Annotated[
        bool, typer.Option("--build/--no-build", help="Build the graph, or fetch its files alone.")
    ] = True,
    languages: LanguagesOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Fetch a published graph and build it; what was fetched stays in the cache, and an interrupted fetch goes on."""
    from dataclasses import replace

    from kgreason import storage
    from kgreason.graph import catalogue, readers

    out = Output(as_json, quiet)
    found = catalogue.entry(name)
    out.note(f"{found.title} is under {found.licence}: {found.page}")
    with out.progress() as report:
        paths = catalogue.fetch(found, storage.cache_home() / "downloads" / name, progress=report)
    if not build:
        files = list(map(str, paths))
        out.show({"name": name, "licence": found.licence, "files": files}, "\n".join(files))
        return
    source = readers.read(paths, found.reader, languages=names(languages))
    licensed = tuple({**each, "licence": each["licence"] or found.licence} for each in source.sources)
    make_graph(replace(source, sources=licensed), output or Path(name), out)
