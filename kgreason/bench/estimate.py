"""How long rows will take: as rows like them took, or else by trying a few steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from kgreason.bench.arms import build
from kgreason.bench.controls import View, control
from kgreason.bench.models import Rows
from kgreason.bench.plan import expected_seconds, form_of
from kgreason.bench.rows import PLAIN, Row
from kgreason.bench.runner import Runner
from kgreason.nn.batch import Item
from kgreason.retrieval import Pairs
from kgreason.training.plan import plan
from kgreason.training.run import TaskData

__all__ = ["estimate"]


class _Trial(NamedTuple):
    training: float
    question: float


def estimate(runner: Runner, rows: Sequence[Row]) -> list[float]:
    """Expected seconds of each row; retrieval, which is kept for all rows, is not counted.

    Args:
        runner: of the benchmark.
        rows: that are missing.
    """
    entries, tried = runner.entries(), dict[tuple[str, str], _Trial]()
    found = []
    for row in rows:
        seconds = expected_seconds(row, entries)
        if seconds is None:
            kind = row.arm, row.variant
            if kind not in tried:
                tried[kind] = _try(runner, row)
            seconds = tried[kind].question * len(runner.pool.folds[row.fold].test)
            if form_of(row)[0].trained and (row.control == PLAIN or control(row.control).own_run):
                seconds += tried[kind].training
        found.append(seconds)
    return found


def _try(runner: Runner, row: Row) -> _Trial:
    """A run tried on the pretrained base: a row's text model need not be there yet."""
    form, _ = form_of(row)
    run = runner.config(row)
    run = replace(run, init="") if form.reading is None else run
    questions = runner.pool.questions
    items: Sequence[Item] = [(question, None) for question in questions]
    if form.knowledge is not None:
        graph = None if runner.bench.own_facts else runner.graph
        items = Pairs(questions, graph, runner.retrieval(View()), stored=False)
    fold = runner.pool.folds[row.fold]
    train, test = Rows(items, fold.train), Rows(items, fold.test)
    tenth = Rows(items, fold.train[: len(fold.train) // 10])
    found = plan(run, build(run, form), {name: TaskData(train, tenth, test) for name in run.tasks})
    (task,) = found.tasks.values()
    return _Trial(3600 * found.hours, task.question_seconds)
