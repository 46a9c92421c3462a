"""Whether a text model gains from questions made of the graph: train on them, then tune and score as without them.

    python -m tools.measure_pretraining --data FOLDER

The questions are natural sentences about the packaged graph's own concepts, of the relations that commonsense questions
ask for; the model that CommonsenseQA is tuned from reads them for one epoch. Rows of T without them have to be in the
book already. The difference, paired question by question, is written to docs/results.jsonl.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from kgreason.bench.arms import Budget, Form, text_run
from kgreason.bench.benches import BENCHES
from kgreason.bench.models import finished, learn, recall
from kgreason.bench.rows import PLAIN, Book, Outcome, Row
from kgreason.cli import main as kgreason
from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.metrics import mcnemar, paired_bootstrap
from kgreason.nn.backbone import load_tokenizer
from kgreason.records import Question
from kgreason.tasks.quiz import QuizConfig, make_quiz
from tools import results

__all__ = ["CLAIM", "compare", "make_questions"]

CLAIM = "CommonsenseQA, T pretrained on questions of the graph − T"
QUESTIONS, SEED, FOLDS = 30_000, 1, ("0", "1")
HOME = Path("runs/pretraining")
#: What commonsense questions ask about; word forms and definitions are left out.
RELATIONS = frozenset((
    "AtLocation", "CapableOf", "Causes", "CausesDesire", "CreatedBy", "Desires", "HasA", "HasFirstSubevent",
    "HasLastSubevent", "HasPrerequisite", "HasProperty", "HasSubevent", "MadeOf", "MotivatedByGoal", "ObstructedBy",
    "PartOf", "ReceivesAction", "SymbolOf", "UsedFor", "IsA", "LocatedNear",
))  # fmt: skip


def make_questions(graph: KnowledgeGraph, n: int) -> list[Question]:
    """Questions of one step or two clues in natural sentences, about relations of commonsense.

    Args:
        graph: whose concepts are asked about.
        n: how many.
    """
    config = QuizConfig(kinds=("1", "1", "and"), labelled=0.0)
    found: list[Question] = []
    for seed in range(SEED, SEED + 100):
        drawn = make_quiz(graph, n, config, seed=seed)
        found += [q for q in drawn if {step.removeprefix("~") for step in _steps(q)} <= RELATIONS]
        if len(found) >= n:
            return found[:n]
    raise InputError(f"the graph gives {len(found):,} such questions, not {n:,}", fix="Use the packaged graph.")


def _steps(question: Question) -> list[str]:
    steps = question.extra["relations"]
    assert isinstance(steps, list)
    return steps


def pretrain(folder: Path, questions: list[Question]) -> Path:
    """Train the text model of the benchmark on questions for one epoch, and write it as a pretrained transformer."""
    base, form = folder / "pretrained", Form("separate")
    run = text_run(folder / "run", "separate", replace(Budget(), epochs=1), SEED)
    if not finished(Path(run.output)):
        number = np.arange(len(questions))
        learn(run, form, [(question, None) for question in questions], number, number, _tick)
    backbone = recall(run, form).backbone
    backbone.model.save_pretrained(base)  # type: ignore[operator]  # transformers' models are read as modules
    load_tokenizer(Budget().base).save_pretrained(base)
    return base


def _tick(stage: str, done: int, total: int) -> None:
    if done % 100 == 0:
        sys.stderr.write(f"{stage} {done:,} of {total:,}\n")


def compare(book: Book, folds: tuple[str, ...], label: str) -> dict[str, object]:
    """The text model of a label minus the plain one, on the same questions of the same folds.

    Raises:
        LookupError: one of the two was not measured on a fold.
    """
    scores: list[list[np.ndarray]] = [[], []]
    clusters: list[np.ndarray] = []
    for fold in folds:
        for number, name in enumerate((label, "csqa")):
            row = Row(name, "T", "separate", PLAIN, fold, SEED)
            entry = book.alike(name).get(row)
            if entry is None:
                raise LookupError(f"no row yet: {row.id}")
            outcome = Outcome.parse(entry["right"])
            scores[number].append(outcome.right)
        clusters.append(outcome.cluster + (clusters[-1].max() + 1 if clusters else 0))
    first, second = map(np.concatenate, scores)
    difference = paired_bootstrap(100.0 * first, 100.0 * second, groups=np.concatenate(clusters))
    return {
        "value": round(difference.difference, 3),
        "ci95": [round(difference.low, 3), round(difference.high, 3)],
        "p": mcnemar(first, second).p_value,
        "n": len(first),
    }


def main() -> None:
    """Make the questions, train, tune and score on the folds, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder of the data sets; KGREASON_DATA by default")
    parser.add_argument("--output", type=Path, default=results.RESULTS, help="the book of results")
    arguments = parser.parse_args()
    base = pretrain(HOME, make_questions(KnowledgeGraph.open("default"), QUESTIONS))
    options = ["--arms", "T:separate", "--folds", ",".join(FOLDS), "--seeds", str(SEED), "--base", str(base)]
    more = ["--data", arguments.data] if arguments.data else []
    try:
        kgreason(["bench", "csqa", *options, *more, "--output", str(arguments.output), "--quiet"])
    except SystemExit as done:
        if done.code:
            raise
    found = compare(Book(arguments.output), FOLDS, f"{BENCHES['csqa'].name}+{base.name}")
    value = found.pop("value")
    assert isinstance(value, float)
    results.append(CLAIM, value, command="python -m tools.measure_pretraining", path=arguments.output, **found)
    sys.stderr.write(f"{CLAIM}: {value:+.2f} {found}\n")


if __name__ == "__main__":
    main()
