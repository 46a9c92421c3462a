"""``kgreason graph export`` and ``query``: a graph as a file of another library, and SPARQL over such a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgreason.cli.console import Json, Output, Quiet
from kgreason.cli.graph import GraphArgument, open_graph
from kgreason.errors import InputError

__all__ = ["export", "query"]


def export(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The file; its suffix is the format: .csv, .graphml, .nt, .parquet.")
    ],
    graph: GraphArgument = "default",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a graph's edges, labels and weights to a file that other programs read."""
    from kgreason import interop

    out = Output(as_json, quiet)
    opened = open_graph(graph, out)
    with out.progress() as report:
        report("export", 0, 0)
        interop.write(opened, output)
    values = {"path": str(output), "digest": opened.digest, "nodes": opened.num_nodes, "edges": opened.num_edges // 2}
    out.show(values, f"{values['nodes']:,} concepts, {values['edges']:,} edges in {output}")


def query(
    file: Annotated[Path, typer.Argument(help="What graph export -o FILE.nt has written.")],
    sparql: Annotated[str, typer.Argument(help="A query that only reads.")],
    concept: Annotated[
        list[str] | None, typer.Option("--concept", metavar="VARIABLE=KEY", help="A variable that is a concept.")
    ] = None,
    relation: Annotated[
        list[str] | None, typer.Option("--relation", metavar="VARIABLE=NAME", help="One that is a relation.")
    ] = None,
    text: Annotated[
        list[str] | None, typer.Option("--text", metavar="VARIABLE=TEXT", help="One that is a text, such as a label.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many rows.")] = 100,
    seconds: Annotated[float, typer.Option("--seconds", help="At most so long.")] = 120,
    megabytes: Annotated[int, typer.Option("--megabytes", min=1, help="At most so much memory.")] = 4096,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Ask an exported graph in SPARQL; what others have typed goes into --concept, --relation and --text.

    The first query loads the file into FILE.nt.store, which the next ones read.
    """
    from dataclasses import asdict

    from rich.table import Table

    from kgreason import interop

    out = Output(as_json, quiet)
    bound = {"concepts": _bound(concept), "relations": _bound(relation), "texts": _bound(text)}
    with out.progress() as report:
        found = interop.query(file, sparql, **bound, rows=limit, seconds=seconds, megabytes=megabytes, progress=report)
    table = Table(*found.variables, box=None, pad_edge=False, header_style="bold")
    for row in found.rows:
        table.add_row(*(value or "" for value in row))
    out.show(asdict(found), table)
    if not found.complete:
        out.note("There are more; --limit shows them.")


def _bound(values: list[str] | None) -> dict[str, str]:
    """Variables and what they stand for."""
    bound = {}
    for value in values or ():
        name, equals, what = value.partition("=")
        if not (name and equals and what):
            raise InputError(f"{value!r} binds nothing", fix="Write VARIABLE=NAME, such as who=penguin.")
        bound[name.removeprefix("?")] = what
    return bound
