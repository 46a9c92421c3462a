"""``kgreason train``, ``evaluate`` and ``predict``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kgreason.cli.console import Json, Output, Quiet, table
from kgreason.cli.graph import open_graph
from kgreason.cli.reason import ModelOption, ReasonerGraph

if TYPE_CHECKING:
    import torch
    from rich.console import RenderableType
    from rich.table import Table

    from kgreason.graph import KnowledgeGraph
    from kgreason.nn.model import ReasoningModel
    from kgreason.nn.predict import Prediction
    from kgreason.records import Question
    from kgreason.training.config import RunConfig
    from kgreason.training.plan import Plan
    from kgreason.training.run import DevReport

__all__ = [
    "DataOption",
    "LimitOption",
    "SplitOption",
    "evaluate",
    "load_model",
    "predict",
    "questions_of",
    "score",
    "train",
]

DataOption = Annotated[Path | None, typer.Option("--data", help="Folder of the data sets; KGREASON_DATA by default.")]
SplitOption = Annotated[str | None, typer.Option("--split", help="Split of a data set known by name.")]
LimitOption = Annotated[
    int, typer.Option("--limit", min=0, help="The first so many questions of each file; 0 for all.")
]
ModelsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        help="A checkpoint's folder or the name of a shipped one, 'mini' by default; of several, given one after "
        "another, the mean of their probabilities is measured.",
    ),
]
Bf16 = Annotated[bool, typer.Option("--bf16", help="Run the backbone in bfloat16: faster, last digits differ.")]


def train(
    config: Annotated[Path, typer.Argument(help="The run, a TOML file.")],
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and write nothing.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint of the run.")] = False,
    data: DataOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train a model on one task or many."""
    from kgreason.training import processes
    from kgreason.training.config import load_run
    from kgreason.training.run import check_output, load_test

    out = Output(as_json, quiet or not processes.first())
    run = load_run(config, settings or ())
    if dry_run:
        _plan(run, data, out)
        return
    check_output(run, resume=resume)
    tests = load_test(run, data) if run.test else {}
    start = perf_counter()
    graph = _graph(run.graph, out)
    model, reports = _train(run, graph, resume, data, out)
    if not processes.first():
        return
    rows, shown = [], []
    for name, questions in tests.items():
        row, part = _test(name, model, questions, graph, out)
        rows.append(row)
        shown += part
    if missing := sorted(set(run.tasks) - set(tests)) if run.test else []:
        out.note(f"No test split: {', '.join(missing)}.")
    folder = str(Path(run.output) / "model")
    values = {"model": folder, "reports": reports, "test": rows, "seconds": round(perf_counter() - start, 1)}
    out.show(values, *shown, f"The model is in {folder}.")


def _graph(source: str, out: Output) -> KnowledgeGraph | None:
    return None if source == "none" else open_graph(source, out)


def _train(
    run: RunConfig, graph: KnowledgeGraph | None, resume: bool, data: Path | None, out: Output
) -> tuple[ReasoningModel, list[dict[str, Any]]]:
    """Train and show every dev report; the model, and the reports as JSON-ready values."""
    from dataclasses import asdict

    from kgreason.retrieval import Pairs
    from kgreason.training.run import build_model, load_data
    from kgreason.training.run import train as train_model

    reports: list[dict[str, Any]] = []

    def report(found: DevReport) -> None:
        reports.append(asdict(found))
        out.say(_report(found))

    with out.progress() as progress:
        samples = load_data(run, lambda questions: Pairs(questions, graph, progress=progress), data)
        progress("load the model", 0, 0)
        model = build_model(run)
    with out.progress() as progress:
        return train_model(run, model, samples, resume=resume, on_report=report, progress=progress), reports


def _report(found: DevReport) -> RenderableType:
    """A dev report: how the run stands, and a row a task."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    title = f"epoch {found.epoch}/{found.epochs}   loss {found.loss:.4f}   dev score {found.score:.3f}"
    table = Table(box=None, show_header=False, pad_edge=False)
    for task, figures in found.tasks.items():
        table.add_row(task, "  ".join(f"{name} {value:.3f}" for name, value in figures.items()))
    return Group(Text(title, style="bold"), table)


def _test(
    name: str, model: ReasoningModel, questions: Sequence[Question], graph: KnowledgeGraph | None, out: Output
) -> tuple[dict[str, Any], list[RenderableType]]:
    """A task's test split: figures and report per label, as JSON-ready values and as shown."""
    from kgreason.evaluation import figures
    from kgreason.training.report import classification

    predictions = score(model, questions, graph, None, out)
    row = {"task": name, "n": len(questions), **figures(model, questions, predictions)}
    labels = classification(questions, predictions, model.settings.threshold)
    shown = [f"{name}, test: {_figures(row)}", *([] if labels is None else ["", str(labels)]), ""]
    return {**row, "labels": None if labels is None else labels.to_dict()}, [*shown]


def score(
    model: ReasoningModel,
    questions: Sequence[Question],
    graph: KnowledgeGraph | None,
    autocast: torch.dtype | None,
    out: Output,
) -> list[Prediction]:
    """What a model says of questions, with the graph if it reads one."""
    from kgreason.nn.predict import predict
    from kgreason.retrieval import Pairs

    with out.progress() as progress:
        items = Pairs(questions, graph if model.knowledge is not None else None, progress=progress)
        return predict(model, items, autocast=autocast, progress=lambda done, total: progress("score", done, total))


def _figures(row: Mapping[str, Any]) -> str:
    return "  ".join(f"{name} {value:.3f}" for name, value in row.items() if _is_share(name, value))


def _is_share(name: str, value: Any) -> bool:
    return isinstance(value, float) and name != "seconds"


def _plan(run: RunConfig, data: Path | None, out: Output) -> None:
    from kgreason.retrieval import Pairs
    from kgreason.training.plan import plan
    from kgreason.training.run import build_model, load_data

    graph = _graph(run.graph, out)
    with out.progress() as progress:
        progress("read the samples", 0, 0)
        samples = load_data(run, lambda questions: Pairs(questions, graph, stored=False), data)
        found = plan(run, build_model(run), samples, progress=progress)
    out.show(found.to_dict(), *_planned(run, found))


def _planned(run: RunConfig, found: Plan) -> list[RenderableType]:
    numbers = ("train", "held out", "dev", "share", "a step")
    shown = table("task", *numbers, numbers=numbers)
    for name, task in found.tasks.items():
        counts = (f"{number:,}" for number in (task.train, task.held_out, task.dev))
        shown.add_row(name, *counts, f"{task.share:.1%}", f"{task.step_seconds:.2f} s")
    minutes = 60 * found.hours
    lasting = f"{minutes:.1f} minutes" if minutes < 90 else f"{found.hours:.1f} hours"
    return [
        shown,
        "",
        f"{found.steps:,} steps of {run.batch_size} questions in {run.epochs:,} epochs, about {lasting}",
        f"{found.trainable:,} of {found.parameters:,} parameters are trained",
        f"memory {found.memory_gb:.1f} GB",
        f"output {run.output}",
    ]


def evaluate(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Sample files, or data sets known by name.")],
    split: SplitOption = None,
    graph: ReasonerGraph = "default",
    models: ModelsOption = None,
    data: DataOption = None,
    limit: LimitOption = 0,
    bf16: Bf16 = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure a model on files (of data sets the dev split), beside itself with the graph switched off."""
    from kgreason.evaluation import Ensemble
    from kgreason.evaluation import evaluate as measure

    out = Output(as_json, quiet)
    asked = {file: questions_of(file, split or "dev", split, data, limit) for file in files}
    first, *more = models or ["mini"]
    loaded, opened = load_model(first, graph, out)
    measured = Ensemble([loaded, *(load_model(name, "none", out)[0] for name in more)])
    autocast = _autocast(bf16)
    rows = []
    for file, questions in asked.items():
        with out.progress() as progress:
            rows.append(
                measure(
                    measured if more else loaded, questions, opened, name=file, autocast=autocast, progress=progress
                )
            )
    out.show(rows, _table(rows))
    if opened is not None and not measured.reads_graphs:
        out.note("Without a K no graph is read." if more else "This model has no K and reads no graph.")


def questions_of(file: str, named: str, split: str | None, data: Path | None, limit: int) -> list[Question]:
    """The questions of a file, or of a split of a data set: ``named`` unless the user chose one."""
    from kgreason.tasks import ADAPTERS, load

    questions = load(file, named if file in ADAPTERS else split, data=data)
    return questions[:limit] if limit else questions


def load_model(model: str, graph: str, out: Output) -> tuple[ReasoningModel, KnowledgeGraph | None]:
    """A model by its name, and a graph by its."""
    opened = _graph(graph, out)
    with out.progress() as progress:
        progress("load the model", 0, 0)
        from kgreason.nn.model import ReasoningModel
        from kgreason.nn.weights import find_checkpoint

        return ReasoningModel.from_pretrained(find_checkpoint(model)), opened


def _autocast(bf16: bool) -> torch.dtype | None:
    """The type in which M runs."""
    import torch

    return torch.bfloat16 if bf16 else None


def _table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """A line a figure: with the graph, and without."""
    shown = table("file", "n", "figure", "with graph", "without", numbers=("n", "with graph", "without"))
    for row in rows:
        figures = [name for name, value in row.items() if _is_share(name, value)]
        for place, name in enumerate(figures):
            first = ("", "") if place else (row["file"], f"{row['n']:,}")
            text = row["text"].get(name)
            shown.add_row(*first, name, f"{100 * row[name]:.1f}", "" if text is None else f"{100 * text:.1f}")
        if risk := row.get("risk"):
            text = row["text"].get("risk")
            surest = [f"{100 * (1 - each['50']):.1f}" if each else "" for each in (risk, text)]
            shown.add_row("", "", "right of the surest half", *surest)
        if row["ci95"]:
            low, high = (100 * end for end in row["ci95"])
            shown.add_row("", "", "95 % interval", f"{low:.1f} to {high:.1f}", "")
    return shown


def predict(
    file: Annotated[str, typer.Argument(help="A sample file, or a data set known by name.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the answers go, a JSON line each.")],
    split: SplitOption = None,
    graph: ReasonerGraph = "default",
    model: ModelOption = "mini",
    data: DataOption = None,
    limit: LimitOption = 0,
    bf16: Bf16 = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Answer every question of a file (of a data set the test split)."""
    from kgreason import storage

    out = Output(as_json, quiet)
    questions = questions_of(file, split or "test", split, data, limit)
    loaded, opened = load_model(model, graph, out)
    autocast = _autocast(bf16)

    from kgreason.evaluation import answers

    rows = answers(loaded, questions, score(loaded, questions, opened, autocast, out))
    storage.write_text(output, "".join(f"{json.dumps(row, ensure_ascii=False, allow_nan=False)}\n" for row in rows))
    out.show({"path": str(output), "questions": len(questions)}, f"{len(questions):,} answers in {output}")
