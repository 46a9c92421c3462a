"""``kgreason train``, ``evaluate`` and ``predict``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kgreason.cli.console import Json, Output, Quiet
from kgreason.cli.graph import open_graph
from kgreason.cli.reason import ModelOption, ReasonerGraph
from kgreason.errors import InputError, StorageError

if TYPE_CHECKING:
    from kgreason.graph import KnowledgeGraph
    from kgreason.nn.model import ReasoningModel
    from kgreason.records import Question
    from kgreason.training.config import RunConfig

__all__ = ["evaluate", "predict", "train"]

DataOption = Annotated[Path | None, typer.Option("--data", help="Folder of the data sets; KGREASON_DATA by default.")]
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
    from kgreason.retrieval import Pairs
    from kgreason.training.config import load_run
    from kgreason.training.plan import plan
    from kgreason.training.run import build_model, load_data
    from kgreason.training.run import train as train_model

    out = Output(as_json, quiet)
    run = load_run(config, settings or ())
    _check_folder(Path(run.output), resume or dry_run)
    graph = None if run.graph == "none" else open_graph(run.graph, out)
    with out.progress() as progress:
        samples = load_data(run, lambda questions: Pairs(questions, graph, progress=progress), data)
    model = build_model(run)
    if dry_run:
        found = plan(run, model, samples)
        out.show(found.to_dict(), *(f"{name:12} {value}" for name, value in _readable(found.to_dict()).items()))
        return
    model = train_model(run, model, samples, resume=resume, on_report=out.note)
    tests = _test(run, model, graph, data) if run.test else {}
    shown = [f"{name}, test\n{report}" for name, report in tests.items()]
    out.show({"model": str(Path(run.output) / "model"), "test": tests}, *shown, f"The model is in {run.output}/model.")


def _check_folder(folder: Path, allowed: bool) -> None:
    if not allowed and any(folder.glob("checkpoint-*")):
        raise StorageError(
            f"{folder} holds a run", fix="Go on with --resume, or name another folder: --set output=DIR."
        )


def _readable(values: dict[str, Any]) -> dict[str, str]:
    def show(value: Any) -> str:
        if isinstance(value, dict):
            return "  ".join(f"{name} {show(part)}" for name, part in value.items())
        return f"{value:,.3g}" if isinstance(value, float) else f"{value:,}"

    return {name: show(value) for name, value in values.items()}


def _test(run: RunConfig, model: ReasoningModel, graph: KnowledgeGraph | None, data: Path | None) -> dict[str, str]:
    """Classification reports on the test splits."""
    from kgreason.nn.predict import predict as score
    from kgreason.retrieval import Pairs
    from kgreason.tasks import load
    from kgreason.training.report import classification

    found = {}
    for name, task in run.tasks.items():
        questions = load(task.test, data=data) if task.test else load(task.data, "test", data=data)
        predictions = score(model, Pairs(questions, graph))
        found[name] = classification(questions, predictions, model.settings.threshold)
    return found


def evaluate(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Sample files, or data sets known by name.")],
    split: Annotated[str, typer.Option("--split", help="Split of a data set known by name.")] = "dev",
    graph: ReasonerGraph = "default",
    model: ModelOption = "mini",
    data: DataOption = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="At most so many questions a file; 0 for all.")] = 0,
    bf16: Bf16 = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure a model on files, beside itself with the graph switched off."""
    import torch

    from kgreason.engine import find_checkpoint
    from kgreason.evaluation import evaluate as measure
    from kgreason.nn.model import ReasoningModel

    out = Output(as_json, quiet)
    asked = {file: _questions(file, split, data, limit) for file in files}
    reasoner = ReasoningModel.from_pretrained(find_checkpoint(model))
    opened = None if graph == "none" else open_graph(graph, out)
    rows = []
    for file, questions in asked.items():
        with out.progress() as progress:
            autocast = torch.bfloat16 if bf16 else None
            rows.append(measure(reasoner, questions, opened, name=file, autocast=autocast, progress=progress))
    out.show(rows, _table(rows))


def _table(rows: Sequence[dict[str, Any]]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("file", "n", "figure", "with graph", "without", "95 %"):
        table.add_column(column, justify="left" if column in ("file", "figure") else "right")
    for row in rows:
        for name, value in row["text"].items():
            if isinstance(value, float):
                interval = "–".join(f"{100 * end:.1f}" for end in row["ci95"]) if name == "accuracy" else ""
                table.add_row(
                    row["file"], f"{row['n']:,}", name, f"{100 * row[name]:.1f}", f"{100 * value:.1f}", interval
                )
    return table


def _questions(file: str, split: str, data: Path | None, limit: int) -> list[Question]:
    from kgreason.tasks import load

    questions = load(file, None if Path(file).suffix else split, data=data)
    if not questions:
        raise InputError(f"{file} holds no question", fix="Give a file with samples.")
    return list(questions[:limit] if limit else questions)


def predict(
    file: Annotated[str, typer.Argument(help="A sample file, or a data set known by name.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the answers go, JSON lines.")],
    split: Annotated[str, typer.Option("--split", help="Split of a data set known by name.")] = "test",
    graph: ReasonerGraph = "default",
    model: ModelOption = "mini",
    data: DataOption = None,
    bf16: Bf16 = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Answer every question of a file."""
    import torch

    from kgreason import storage
    from kgreason.engine import find_checkpoint
    from kgreason.nn.confidence import confidence
    from kgreason.nn.model import ReasoningModel
    from kgreason.nn.predict import predict as score
    from kgreason.retrieval import Pairs

    out = Output(as_json, quiet)
    questions = _questions(file, split, data, 0)
    reasoner = ReasoningModel.from_pretrained(find_checkpoint(model))
    opened = None if graph == "none" else open_graph(graph, out)
    with out.progress() as progress:
        items = Pairs(questions, opened, progress=progress)
        autocast = torch.bfloat16 if bf16 else None
        predictions = score(
            reasoner, items, autocast=autocast, progress=lambda done, total: progress("scoring", done, total)
        )
    lines = []
    for question, found in zip(questions, predictions, strict=True):
        sure = confidence(question, found.logits, reasoner.settings.temperature)
        row: dict[str, Any] = {
            "id": question.id,
            "probabilities": dict(zip(question.options, sure.tolist(), strict=True)),
        }
        if len(sure):
            row["choice"] = question.options[int(sure.argmax())]
        if question.task == "emotion" and found.affect is not None:
            row["vad"], row["intensity"] = found.affect[:3].tolist(), float(found.affect[3])
        lines.append(json.dumps(row, ensure_ascii=False))
    storage.write_text(output, "".join(f"{line}\n" for line in lines))
    out.show({"path": str(output), "questions": len(questions)}, f"{len(questions):,} answers in {output}")
