"""``kgreason graph index``, and ``--index`` of the commands that ground texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kgreason.cli.console import Json, Output, Quiet
from kgreason.cli.graph import GraphArgument, open_graph

if TYPE_CHECKING:
    from kgreason.graph import KnowledgeGraph
    from kgreason.nn.meaning import MeaningIndex

__all__ = ["IndexOption", "index", "open_index"]

Encoder = Annotated[str, typer.Option("--model", "-m", help="A sentence encoder: its name or its folder.")]
IndexOption = Annotated[
    str | None,
    typer.Option("--index", metavar="MODEL", help="Link unknown names by spelling and by this model's graph index."),
]


def open_index(graph: KnowledgeGraph, model: str | None) -> MeaningIndex | None:
    """The index that a command was asked to read, or None."""
    if model is None:
        return None
    from kgreason.nn.meaning import MeaningIndex

    return MeaningIndex.open(graph, model)


def index(
    graph: GraphArgument = "default",
    model: Encoder = "all-MiniLM-L6-v2",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make vectors of a graph's concepts, so that texts can be linked by meaning; a killed run goes on."""
    out = Output(as_json, quiet)
    opened = open_graph(graph, out)
    with out.progress() as report:
        report("load the model", 0, 0)
        from kgreason.nn.meaning import MeaningIndex

        made = MeaningIndex.build(opened, model, progress=report)
    count, width = made.index.vectors.shape
    assert opened.path is not None
    values = {"graph": opened.digest, "model": made.model.name, "concepts": count, "width": width}
    out.show(values, f"{count:,} concepts, {width} numbers each, by {made.model.name} in {opened.path.parent}")
