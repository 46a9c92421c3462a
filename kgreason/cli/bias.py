"""``kgreason bias``: what changes when a question names another group of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kgreason.cli.console import Json, Output, Quiet, table
from kgreason.cli.reason import ModelOption, ReasonerGraph
from kgreason.cli.training import DataOption, LimitOption, SplitOption, load_model, questions_of

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["bias"]

SHOWN = 5


def bias(
    file: Annotated[str, typer.Argument(help="A sample file, or a data set known by name.")],
    split: SplitOption = None,
    graph: ReasonerGraph = "default",
    model: ModelOption = "mini",
    data: DataOption = None,
    limit: LimitOption = 0,
    least: Annotated[int, typer.Option("--least", min=2, help="Swapped questions from which on a gap is told.")] = 30,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Swap the groups of people that questions name, and tell what changes; tell what the graph says of each."""
    from kgreason.evaluation.bias import graph_gaps, question_gaps

    out = Output(as_json, quiet)
    asked = questions_of(file, split or "dev", split, data, limit)
    loaded, opened = load_model(model, graph, out)
    with out.progress() as progress:
        found = question_gaps(loaded, asked, opened, least=least, progress=progress)
    edges = [] if opened is None else graph_gaps(opened)
    shown = [_table(found["axes"], least)]
    out.show({**found, "graph": edges}, *shown, *([""] if edges else []), *([_edges(edges[:SHOWN])] if edges else []))


def _table(rows: Mapping[str, Any], least: int) -> Table:
    numbers = ("n", "changed", "probability", "right lost")
    shown = table("axis", "swap", *numbers, numbers=numbers)
    for axis, row in rows.items():
        shown.add_row(axis, "all", *_cells(row, least))
        told = {pair: figures for pair, figures in row["pairs"].items() if "changed" in figures}
        for pair, figures in told.items():
            shown.add_row("", pair, *_cells(figures, least))
        if few := len(row["pairs"]) - len(told):
            shown.add_row("", f"{few} others", "", f"fewer than {least} questions each", "", "")
    return shown


def _cells(row: Mapping[str, Any], least: int) -> list[str]:
    if "changed" not in row:
        return [str(row["n"]), f"fewer than {least} questions", "", ""]
    cells = [str(row["n"]), _share(row["changed"], row["changed_ci95"])]
    cells.append(_share(row["difference"], row["difference_ci95"], sign=True))
    return [*cells, _share(row["lost"], row["lost_ci95"], sign=True) if "lost" in row else ""]


def _share(value: float, ends: Sequence[float], *, sign: bool = False) -> str:
    form = "+.1f" if sign else ".1f"
    low, high = (format(100 * end, form) for end in ends)
    return f"{format(100 * value, form)} ({low} to {high})"


def _edges(rows: Sequence[Mapping[str, Any]]) -> Table:
    shown = table("words", "valence in the graph", "least pleasant edges of the lower one alone")
    for row in rows:
        one, two = row["valence"]
        shown.add_row(" / ".join(row["words"]), f"{one:+.2f} / {two:+.2f}", "; ".join(row["worst"]))
    return shown
