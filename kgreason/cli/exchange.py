"""``kgreason graph export``: a graph as a file of another library."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgreason.cli.console import Json, Output, Quiet
from kgreason.cli.graph import GraphArgument, open_graph

__all__ = ["export"]


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
