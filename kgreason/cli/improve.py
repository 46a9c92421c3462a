"""``kgreason improve``: diagnosis, training and judgement in rounds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgreason.cli.console import Json, Output, Quiet, table
from kgreason.cli.diagnose import read_files
from kgreason.cli.graph import open_graph
from kgreason.cli.reason import ModelOption, ReasonerGraph
from kgreason.cli.training import DataOption

if TYPE_CHECKING:
    from rich.console import RenderableType

    from kgreason.evaluation.improve import Round
    from kgreason.evaluation.verdict import Change

__all__ = ["improve"]

SHOWN = 5  #: Parts of the rest that the console shows, the lowest ends first.


def improve(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder of sample files, .jsonl or .jsonl.gz.")],
    run: Annotated[Path, typer.Option("--run", help="The training run that keeps what the model can do, a TOML file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A folder for the rounds and improve.json.")],
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Rounds at most.")] = 2,
    margin: Annotated[
        float, typer.Option("--margin", min=0.0, max=100.0, help="Points that the rest may lose, by its 95 % interval.")
    ] = 1.0,
    enough: Annotated[
        int, typer.Option("--enough", min=1, help="Samples from which a single part is held to the margin.")
    ] = 1000,
    samples: Annotated[int, typer.Option("--samples", min=10, help="Weak samples to train on, at most.")] = 2000,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key of the run.")
    ] = None,
    graph: ReasonerGraph = "default",
    model: ModelOption = "mini",
    data: DataOption = None,
    seed: Annotated[int, typer.Option("--seed", help="Of what is drawn.")] = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a model on what it is weak in, and keep the change only where that gains and the rest holds."""
    out = Output(as_json, quiet)
    files = read_files(folder)
    from kgreason.training.config import load_run

    planned = load_run(run, settings or ())
    graphs = {name: None if name == "none" else open_graph(name, out) for name in {graph, planned.graph}}

    from kgreason.evaluation import LoopConfig
    from kgreason.evaluation import improve as repeat
    from kgreason.nn.weights import find_checkpoint

    with out.progress() as progress:
        found = repeat(
            find_checkpoint(model), files, planned, output,
            rounds=rounds, config=LoopConfig(margin / 100, enough, samples, seed=seed), graph=graphs[graph],
            trained_graph=graphs[planned.graph], data=data,
            on_round=lambda done: out.say(*_told(done)), progress=progress,
        )  # fmt: skip
    out.show(found.to_dict(), f"The model is {found.model}.")
    out.note(f"All figures are in {output / 'improve.json'}.")


def _told(done: Round) -> list[RenderableType]:
    """A round: what was weak, what was trained on, and what became of it."""
    weak, verdict = done.weakness, f"{'Kept' if done.kept else 'Not kept'}: {done.why}."
    if weak is None or done.gain is None:
        return [f"Round {done.number}. {verdict}", *done.notes, ""]
    numbers = ("n", "before", "after", "difference", "holds")
    shown = table("file", "phenomenon", *numbers, numbers=numbers)
    lowest = sorted((*done.rest[1:], *done.since[1:]), key=lambda each: (each.holds, each.ends[0]))[:SHOWN]
    for change in (done.gain, *done.rest[:1], *done.since[:1], *lowest):
        shown.add_row(*_row(change))
    drawn = f"{done.pooled:,} samples of the run's data and {done.made:,} made ones"
    return [f"Round {done.number}: {weak.phenomenon} in {weak.file}, with {drawn}", shown, verdict, *done.notes, ""]


def _row(change: Change) -> tuple[str, ...]:
    before, after, difference, low, high = (
        100 * each for each in (change.before, change.after, change.difference, *change.ends)
    )
    return (
        change.file or "everything else", change.phenomenon or "all", f"{change.n:,}", f"{before:.1f}", f"{after:.1f}",
        f"{difference:+.1f} ({low:+.1f} to {high:+.1f})", "yes" if change.holds else "no",
    )  # fmt: skip
