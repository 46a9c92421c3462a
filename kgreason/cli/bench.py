"""``kgreason bench``: measure arms against one another, with controls, and print tables of what is measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kgreason.cli.arguments import names
from kgreason.cli.console import Json, Output, Quiet
from kgreason.cli.graph import GraphOption, open_graph
from kgreason.cli.reason import ModelOption
from kgreason.errors import InputError

if TYPE_CHECKING:
    from kgreason.bench.benches import Bench
    from kgreason.bench.plan import Entries, Request
    from kgreason.bench.rows import Book, Row
    from kgreason.bench.runner import Runner

__all__ = ["bench"]

_BASE = "all-MiniLM-L6-v2"


def bench(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="csqa, obqa, siqa, ecare, arc, lexical, quiz, metaqa, pathquestion or faithfulness."
        ),
    ],
    arms: Annotated[
        str | None, typer.Option("--arms", metavar="T,T+K", help="Arms, or one form of an arm: T:joint.")
    ] = None,
    controls: Annotated[
        str | None, typer.Option("--controls", metavar="rewired,...", help="Instead of the benchmark's; plain: none.")
    ] = None,
    seeds: Annotated[str, typer.Option("--seeds", metavar="1,2,3", help="Seeds of the text model and K.")] = "1,2,3",
    every_seed: Annotated[
        bool, typer.Option("--every-seed", help="Controls and baselines with every seed, not the first alone.")
    ] = False,
    folds: Annotated[str | None, typer.Option("--folds", metavar="1,2", help="Folds; all by default.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="At most so many questions; 0 for all.")] = 0,
    budget: Annotated[float, typer.Option("--budget", min=0, help="Minutes after which it stops; 0 for none.")] = 0,
    base: Annotated[str, typer.Option("--base", help="The pretrained transformer.")] = _BASE,
    device: Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")] = "auto",
    graph: GraphOption = "default",
    model: ModelOption = "mini",
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of the data sets; KGREASON_DATA by default.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The book of results; docs/results.jsonl in a checkout.")
    ] = None,
    runs: Annotated[Path, typer.Option("--runs", help="Where training runs are kept.")] = Path("runs/bench"),
    table: Annotated[bool, typer.Option("--table", help="Only print the tables of what is measured.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list the rows that are missing.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure a benchmark row by row, and print its tables. What is in the book is not measured again."""
    from kgreason.bench.arms import Budget
    from kgreason.bench.benches import bench as find
    from kgreason.bench.plan import Request
    from kgreason.bench.rows import Book, default_book
    from kgreason.bench.runner import Runner

    start = perf_counter()
    if name == "faithfulness":
        _faithfulness(model, graph, data, limit, Book(default_book(output)), Output(as_json, quiet))
        return
    out, book, chosen = Output(as_json, quiet), Book(default_book(output)), names(folds) or ()
    request = Request(names(arms) or (), _numbers(seeds), chosen, names(controls), every_seed)
    tables: list[tuple[Bench, Entries]] = []
    plans: list[tuple[Row, float]] = []
    for each in find(name):
        scored = replace(each, pools={f"folds {', '.join(chosen)}": chosen}) if chosen else each
        label = _label(each.name, limit, base, graph)
        if table:
            tables.append((scored, book.alike(label)))
            continue
        opened = each.graph(data) if each.graph is not None and graph == "default" else open_graph(graph, out)
        with out.progress() as progress:
            progress("read the questions", 0, 0)
            pool = each.pool(opened, data, limit)
            spend = Budget(**{**each.budget, "base": base, "device": device})
            left = 60 * budget - (perf_counter() - start) if budget else None
            runner = Runner(each, pool, opened, spend, book, runs, label=label, progress=progress, seconds=left)
            done = dry_run or runner.run(request, lambda row, entry: out.note(_line(row, entry)))
        if dry_run:
            plans += _plan(runner, request, out)
        elif not done:
            out.note(f"The time is over; {len(runner.missing(request))} rows are missing. The same command goes on.")
        tables.append((scored, runner.entries()))
    if dry_run:
        _show_plan(plans, out)
    else:
        _show_tables(tables, out)


def _faithfulness(model: str, graph: str, data: Path | None, limit: int, book: Book, out: Output) -> None:
    """What the edges named by a finished model bear on its choices."""
    from kgreason.bench.faithful import measure_faithfulness, questions
    from kgreason.nn.model import ReasoningModel
    from kgreason.nn.weights import find_checkpoint

    asked, opened = questions(data, limit), open_graph(graph, out)
    with out.progress() as progress:
        found = measure_faithfulness(
            ReasoningModel.from_pretrained(find_checkpoint(model)), asked, opened, book, progress
        )
    shown = [f"the graph changed {found['n']:,} of {found['questions']:,} choices, {found['edges']:.1f} edges named"]
    for key in ("comprehensiveness", "sufficiency"):
        if found[key] is not None:
            low, high = found[f"{key}_ci95"]
            shown.append(f"{key} {100 * found[key]:.1f} %, 95 % {100 * low:.1f} to {100 * high:.1f}")
    out.show(found, *shown, f"contributions sum to the score to {found['error']:.1e}")


def _label(name: str, limit: int, base: str, graph: str) -> str:
    """What rows call the benchmark: results on fewer questions, another base or another graph stand apart."""
    label = name if not limit else f"{name}@{limit}"
    label += "" if base == _BASE else f"+{Path(base).name}"
    return label + ("" if graph == "default" else f"~{Path(graph).name}")


def _numbers(text: str) -> tuple[int, ...]:
    found = names(text) or ()
    if not found or not all(part.isdigit() for part in found):
        raise InputError(f"--seeds is {text!r}", fix="Give numbers, such as 1,2,3.")
    return tuple(map(int, found))


def _line(row: Row, entry: dict[str, Any]) -> str:
    return f"{row.id}: {entry['value']:.1f} of {entry['n']:,}, {entry['seconds'] / 60:.1f} minutes"


def _plan(runner: Runner, request: Request, out: Output) -> list[tuple[Row, float]]:
    """The missing rows with the seconds they will take."""
    from kgreason.bench.estimate import estimate

    rows = runner.missing(request)
    with out.progress() as progress:
        progress("try steps", 0, 0)
        return list(zip(rows, estimate(runner, rows), strict=True))


def _show_plan(plan: Sequence[tuple[Row, float]], out: Output) -> None:
    from rich.table import Table

    shown = Table("row", "minutes", box=None, pad_edge=False, header_style="bold")
    shown.columns[1].justify = "right"
    for row, seconds in plan:
        shown.add_row(row.id, f"{seconds / 60:.1f}")
    values = [{"row": row.id, "seconds": round(seconds, 1)} for row, seconds in plan]
    hours = sum(seconds for _, seconds in plan) / 3600
    out.show(values, shown, "", f"{len(plan):,} rows, about {hours:.1f} hours")


def _show_tables(measured: Sequence[tuple[Bench, Entries]], out: Output) -> None:
    from kgreason.bench.tables import Results, markdown, to_json

    if out.as_json:
        values = {b.name: {pool: to_json(Results(b, entries, pool)) for pool in b.pools} for b, entries in measured}
        out.show(values)
        return
    # As it stands in documents: lines are not cut to the terminal's width.
    typer.echo("\n\n".join(filter(None, (markdown(*each) for each in measured))) or "Nothing is measured yet.")
