"""``kgreason select`` and ``label``: unlabelled samples, what to label next and what the model labels by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kgreason.cli.console import Json, Output, Quiet
from kgreason.cli.reason import ModelOption, ReasonerGraph
from kgreason.cli.training import load_model, score

if TYPE_CHECKING:
    from kgreason.nn.model import ModelConfig
    from kgreason.nn.predict import Prediction
    from kgreason.records import Question

__all__ = ["label", "select"]

SHOWN = 10


def select(
    file: Annotated[Path, typer.Argument(help="A sample file; its labelled samples are passed over.")],
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="How many samples.")] = 100,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where they go; FILE.select.jsonl.")] = None,
    by: Annotated[
        Literal["margin", "entropy"],
        typer.Option("--by", help="Doubt as the margin of the two best options, or as entropy."),
    ] = "margin",
    graph: ReasonerGraph = "default",
    model: ModelOption = "mini",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write the samples of which the model is least sure, with its guess: what to label next."""
    from rich.table import Table

    from kgreason.evaluation.select import select as least_sure
    from kgreason.tasks import write_samples

    out = Output(as_json, quiet)
    target = output or _beside(file, "select")
    asked, scores, settings = _scored(file, model, graph, out)
    chosen = least_sure(asked, scores, count, by=by, temperature=settings.temperature, threshold=settings.threshold)
    write_samples(target, chosen)
    table = Table(box=None, show_header=False, pad_edge=False)
    for question in chosen[:SHOWN]:
        table.add_row(f"{question.extra['sure']:.3f}", question.id, question.text, str(question.extra["guess"]))
    values = {"path": str(target), "selected": len(chosen), "of": len(asked)}
    out.show(values, table, "", f"{len(chosen):,} of {len(asked):,} unlabelled samples in {target}")


def label(
    file: Annotated[Path, typer.Argument(help="A sample file; its labelled samples are passed over.")],
    above: Annotated[float, typer.Option("--above", min=0, max=1, help="Least confidence of an answer.")] = 0.9,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where they go; FILE.label.jsonl.")] = None,
    graph: ReasonerGraph = "default",
    model: ModelOption = "mini",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Label the samples that the model is sure of with its answers: a task to train on."""
    from kgreason.evaluation.select import label as surest
    from kgreason.tasks import write_samples

    out = Output(as_json, quiet)
    target = output or _beside(file, "label")
    asked, scores, settings = _scored(file, model, graph, out)
    found = surest(asked, scores, above, temperature=settings.temperature, threshold=settings.threshold)
    write_samples(target, found)
    values = {"path": str(target), "labelled": len(found), "of": len(asked)}
    out.show(values, f"{len(found):,} of {len(asked):,} unlabelled samples labelled in {target}")


def _scored(file: Path, model: str, graph: str, out: Output) -> tuple[list[Question], list[Prediction], ModelConfig]:
    """The unlabelled samples of a file that have options, what a model says of each, and its settings."""
    from kgreason.tasks import load

    asked = [question for question in load(str(file)) if question.options and not question.labelled]
    loaded, opened = load_model(model, graph, out)
    return asked, score(loaded, asked, opened, None, out) if asked else [], loaded.settings


def _beside(file: Path, what: str) -> Path:
    """FILE.what.jsonl."""
    return file.with_name(f"{file.name.removesuffix('.gz').removesuffix('.jsonl')}.{what}.jsonl")
