"""``kgreason diagnose``: where a model is weak, as a page and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgreason.cli.console import Json, Output, Quiet, table
from kgreason.cli.reason import ModelOption, ReasonerGraph
from kgreason.cli.training import DataOption, load_model
from kgreason.errors import InputError

if TYPE_CHECKING:
    from rich.table import Table

    from kgreason.evaluation import Diagnosis
    from kgreason.graph import KnowledgeGraph
    from kgreason.records import Question
    from kgreason.training.config import RunConfig

__all__ = ["diagnose", "read_files"]

SHOWN = 10  #: Phenomena that the console shows.


def diagnose(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder of sample files, .jsonl or .jsonl.gz.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A folder for diagnosis.html and diagnosis.json.")],
    graph: ReasonerGraph = "default",
    model: ModelOption = "mini",
    limit: Annotated[
        int,
        typer.Option("--limit", min=1, help="Samples on which changes of model and samples are tried, over all files."),
    ] = 1000,
    seed: Annotated[int, typer.Option("--seed", help="Of what is drawn.")] = 0,
    propose: Annotated[
        Path | None, typer.Option("--propose", metavar="RUN", help="Draw up the next run from this one, a TOML file.")
    ] = None,
    data: DataOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find where a model is weak: by phenomenon, with faculties switched off, and on changed samples."""
    from kgreason import storage
    from kgreason.training.config import load_run

    out = Output(as_json, quiet)
    files = read_files(folder)
    run = None if propose is None else load_run(propose)
    loaded, opened = load_model(model, graph, out)

    from kgreason.evaluation import diagnose as measure
    from kgreason.pictures.diagnosis import diagnosis_page, in_words

    with out.progress() as progress:
        found = measure(loaded, files, opened, limit=limit, seed=seed, progress=progress)
    values = found.to_dict()
    storage.write_json(output / "diagnosis.json", values)
    storage.write_text(output / "diagnosis.html", diagnosis_page(found, f"Diagnosis of {model} on {folder.name}"))
    said: tuple[str, ...] = ()
    if run is not None:
        toml, said = _proposed(found, files, replace(run, init=model), opened, output, data)
        values |= {"proposal": toml}
    out.show(values, _table(found), "", in_words(found.weakness), *said)
    out.note(f"The page is {output / 'diagnosis.html'}, the figures are in diagnosis.json beside it.")


def _proposed(
    found: Diagnosis,
    files: Mapping[str, Sequence[Question]],
    run: RunConfig,
    graph: KnowledgeGraph | None,
    folder: Path,
    data: Path | None,
) -> tuple[str | None, tuple[str, ...]]:
    """Writes the next run; its file, if there is one, and what it trains on."""
    from kgreason.evaluation.diagnosis import by_task
    from kgreason.evaluation.proposal import Proposer, text_of, training_pool, write_proposal
    from kgreason.nn.weights import find_checkpoint

    without = {text_of(each) for questions in files.values() for each in questions}
    proposer = Proposer(training_pool(run, data), without, graph)
    proposal, notes = proposer.first(
        found.slices, by_task(files), replace(run, init=str(find_checkpoint(run.init))), folder
    )
    if proposal is None:
        return None, (*notes, "No run is proposed.")
    write_proposal(folder, proposal)
    toml = str(folder / "proposal.toml")
    return toml, (*notes, f"The next run is {toml}.")


def read_files(folder: Path) -> dict[str, list[Question]]:
    """The sample files of a folder by name."""
    from kgreason import storage
    from kgreason.tasks import load

    if not storage.is_directory(folder):
        raise InputError(f"{folder} is no folder", fix="Give a folder of sample files.")
    paths = sorted(path for path in folder.iterdir() if path.name.endswith((".jsonl", ".jsonl.gz")))
    if not paths:
        raise InputError(f"{folder} holds no .jsonl file", fix="Give a folder of sample files.")
    return {path.name: load(path) for path in paths}


def _table(found: Diagnosis) -> Table:
    """Files, then the weakest phenomena."""
    numbers = ("n", "right", "against the rest")
    shown = table("file", "phenomenon", *numbers, numbers=numbers)
    for result in found.results:
        shown.add_row(result.file, "all", f"{result.n:,}", f"{100 * result.accuracy:.1f}", "")
    for part in found.slices[:SHOWN]:
        low, high = (100 * end for end in part.ends)
        gap = f"{100 * part.difference:+.1f} ({low:+.1f} to {high:+.1f})"
        shown.add_row(part.file, part.phenomenon, f"{part.n:,}", f"{100 * part.accuracy:.1f}", gap)
    return shown
