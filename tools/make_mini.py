"""Make the shipped checkpoint ``mini``: its runs in order, each resumable, then the folder that is shipped.

    python -m tools.make_mini --data FOLDER

A run that is finished is not repeated; one that was broken off goes on where it stopped.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import torch

import kg_data
from kgreason import storage
from kgreason.bench.lexical import SIZES, lexical_chains, lexical_splits
from kgreason.cli import main as kgreason
from kgreason.graph import KnowledgeGraph
from kgreason.language.sentences import sentences
from kgreason.nn.model import ReasoningModel
from kgreason.records import Question
from kgreason.tasks import ADAPTERS, adapter, load, write_samples
from kgreason.tasks.needles import needles
from kgreason.tasks.quiz import QuizConfig, write_quiz
from kgreason.tasks.quiz_graph import QuizSplit
from kgreason.training.config import RunConfig, load_run
from tools import results, valence_words

RECIPES = Path(__file__).parent / "recipes"
RUNS = ("mini-text", "mini-more", "mini-graph", "mini-read", "mini-words", "mini-valence", "mini-context")


#: Questions about invented worlds, of which K learns to read a graph: folder to form, seed and number.
QUIZZES: dict[str, tuple[Literal["choice", "open"], int, int]] = {
    "runs/quiz-choice": ("choice", 2, 40_000),
    "runs/quiz-open": ("open", 2, 40_000),
    "runs/quiz-choice-2": ("choice", 3, 40_000),
    "runs/quiz-open-2": ("open", 3, 40_000),
    "runs/quiz-choice-3": ("choice", 4, 40_000),
    "runs/quiz-open-3": ("open", 4, 40_000),
    "runs/quiz-choice-4": ("choice", 5, 30_000),
    "runs/quiz-open-4": ("open", 5, 15_000),
}
#: Questions by split about sentences of long texts and about words: number and seed.
TEXTS = {"train": (12_000, 2), "dev": (500, 3)}


def make_data(run: RunConfig, data: str | None) -> None:
    """Make the files that a run reads and that we make, those that are not there yet."""
    for file in sorted({Path(file) for task in run.tasks.values() for file in (task.data, task.dev)}):
        folder = str(file.parent)
        if file.exists():
            continue
        if folder in QUIZZES:
            form, seed, number = QUIZZES[folder]
            sizes: dict[QuizSplit, int] = {"train": number, "dev": 1_000}
            write_quiz(KnowledgeGraph.open("default"), folder, sizes, QuizConfig.to_train_on(form), seed=seed)
        elif folder in DRAWN:
            write_samples(file, list(DRAWN[folder](file.stem, data)))


def _needles(split: str, data: str | None) -> Iterator[Question]:
    number, seed = TEXTS[split]
    filler = [sentences(question.text)[0] for question in load("ecare", "train", data=data)]
    return needles(number, filler, words=(20, 90), seed=seed)


def _lexical(split: str, data: str | None) -> Iterator[Question]:
    graph = KnowledgeGraph.open("default")
    pairs = dict(zip(SIZES, lexical_splits(data, graph), strict=True))[split]
    return chain(pairs, lexical_chains(graph, split, TEXTS[split][0] // 3))


DRAWN: Mapping[str, Callable[[str, str | None], Iterator[Question]]] = {
    "runs/needles": _needles,
    "runs/lexical": _lexical,
    "runs/valence-words": valence_words.drawn,
}


def train(name: str, data: str | None) -> RunConfig:
    """Carry the run of a recipe to its end."""
    return carried(RECIPES / f"{name}.toml", data)


def carried(recipe: Path, data: str | None, settings: Sequence[str] = ()) -> RunConfig:
    """Carry a run to its end, from where it stands; ``settings`` are as ``--set`` takes them."""
    run = load_run(recipe, settings)
    make_data(run, data)
    output = Path(run.output)
    if not (output / "model" / "config.json").is_file():
        resume = ["--resume"] if any(output.glob("checkpoint-*")) else []
        changes = [part for setting in settings for part in ("--set", setting)]
        try:
            kgreason(["train", str(recipe), *changes, *resume, *(["--data", data] if data else [])])
        except SystemExit as done:
            if done.code:
                raise
    return run


def hours(run: RunConfig) -> float:
    """Training time of a run, its dev reports and what came before a break included."""
    log: list[dict[str, Any]] = storage.read_json(Path(run.output) / "log.json")
    return float(log[-1]["elapsed"]) / 3600


def card(runs: list[RunConfig], spent: float) -> str:
    """The model card: what it is, what it was trained on, how to make it again. Scores stand in docs/results.md."""
    named = {task.data for run in runs for task in run.tasks.values()}
    sets = sorted(named & set(ADAPTERS))
    licences = "\n".join(f"| {name} | {adapter(name).licence} |" for name in sets)
    seeds = ", ".join(str(run.seed) for run in runs)
    return CARD.format(sets=licences, seeds=seeds, hours=spent, base=runs[0].model.base)


CARD = """---
license: apache-2.0
base_model: sentence-transformers/{base}
library_name: kgreason
---

# mini

A small reasoner: a LoRA adapter for {base} with the graph module K (typed path counter, path
follower and a Bellman-Ford network over 64 channels), emotion E, context C and logic R, for kgreason. It answers
multiple-choice questions, open questions over a graph, entailment and emotion in English, with evidence from the graph.

## Training data

| set | licence as stated by its source |
| --- | --- |
{sets}

E also learned from sentences made around words of the packaged valence lexicon (VADER, MIT License), and K from 180,000
questions about invented worlds, made from the packaged graph (`kgreason quiz --pseudonyms --borrowed 0.3 --renamed 0.5
--synonyms 0.5`). C learned from 12,000 questions about one sentence among others (`kgreason/tasks/needles.py`; the
others are premises of e-CARE).
LingNLI states no licence and SST-2 is offered for research; both are what public models of this field train on. The
graph is the packaged one: ConceptNet 4 (CC BY-SA 3.0) and WordNet 3.0; no graph data is in the weights but 3,660
relation path weights and a network without per-concept parameters.

## Making it again

    python -m tools.make_mini --data FOLDER

Seven runs (`tools/recipes/mini-*.toml`), seeds {seeds}, {hours:.1f} hours of training on one core: text on all
tasks; more of entailment and choice; K with all that reads text held fixed; K with more questions, twice; the valence
of concepts, the gate fitted on a held-out tenth each time; and C.

## Scores

Dev sets, with the graph and with it switched off, stand in docs/results.jsonl of the repository under "mini ...", with
commit and command.

## Limits

English only. One seed. Sentences of the kinds it was trained on; it inherits their annotators' views of emotion and
the gaps and errors of its graph. Not for decisions about people.
"""


def main() -> None:
    """Train, export, write the card, note the hours."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder of the data sets; KGREASON_DATA by default")
    parser.add_argument("--output", type=Path, default=kg_data.path("checkpoints/mini"))
    parser.add_argument("--only", metavar="RECIPE", help="carry out one recipe, such as one not shipped yet; no more")
    arguments = parser.parse_args()
    if arguments.only:
        train(arguments.only, arguments.data)
        return
    runs = [train(name, arguments.data) for name in RUNS]
    spent = sum(map(hours, runs))
    model = ReasoningModel.from_pretrained(Path(runs[-1].output) / "model", trainable=True, device="cpu")
    model.save_pretrained(arguments.output, dtype=torch.float16)
    storage.write_text(arguments.output / "README.md", card(runs, spent))
    results.append("mini training hours", round(spent, 3), command="python -m tools.make_mini")
    sys.stderr.write(f"{arguments.output}: {spent:.2f} hours\n")


if __name__ == "__main__":
    main()
