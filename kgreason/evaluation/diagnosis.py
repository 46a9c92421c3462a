"""Where a model is weak: accuracy by phenomenon, with parts switched off, on changed samples, and its surest errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from time import perf_counter

import numpy as np

from kgreason.engine import Reasoner
from kgreason.errors import InputError
from kgreason.evaluation.faculties import FACULTIES, stripped, takes_part, without
from kgreason.evaluation.findings import Calibration, Diagnosis, Effect, Result, Slice, Wrong
from kgreason.evaluation.judging import Judged, judge
from kgreason.evaluation.phenomena import phenomena
from kgreason.evaluation.robustness import noisy
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import with_stated
from kgreason.metrics import (
    expected_calibration_error,
    newcombe_interval,
    paired_bootstrap,
    reliability,
    wilson_interval,
)
from kgreason.nn.batch import Item
from kgreason.nn.model import ReasoningModel
from kgreason.records import Question
from kgreason.retrieval import Pairs, Retriever
from kgreason.tasks.changes import changes

__all__ = ["LEAST", "by_task", "diagnose", "weak_slices"]

#: Samples that a slice, the rest of its file and what a change is tried on hold at least.
LEAST = 10
#: Level at which the differences of all slices hold together.
LEVEL = 0.95
#: Wrong answers that are shown, and paths of evidence with each.
WORST, PATHS = 12, 3
#: Bins of a reliability diagram.
BINS = 10
NOISE = "edge noise"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False, slots=True)
class _File:
    """A file's samples as given and as read, and how the model answers them."""

    name: str
    questions: Sequence[Question]
    items: Sequence[Item]
    judged: Sequence[Judged]
    sample: Sequence[int]


def diagnose(
    model: ReasoningModel,
    files: Mapping[str, Sequence[Question]],
    graph: KnowledgeGraph | None,
    *,
    limit: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Diagnosis:
    """Find what a model is weak in.

    Questions are answered as by :class:`kgreason.Reasoner`: what their texts state is read. A slice is compared with
    the rest of its own file and task, since these differ in chance level; the weakest is the one of which the upper
    end of the difference is lowest (Newcombe's interval), and it is named as the weakness where that is below 0.

    Args:
        model: a trained model.
        files: questions by name of their file.
        graph: the graph, or None.
        limit: samples over all files, drawn once, on which every change of model and samples is tried.
        seed: of the draws.
        progress: called with (stage, done, total).

    Returns:
        The diagnosis.

    Raises:
        InputError: no question's answer is known, or ``limit`` is less than 1.
    """
    if limit < 1:
        raise InputError(f"limit is {limit}", fix="Give 1 or more.")
    start = perf_counter()
    known = by_task(files)
    if not known:
        raise InputError(
            "no sample says which option is right", fix="Give samples with answer, answers, label or labels."
        )
    work = _Work(model, graph, seed, progress)
    read = [work.file(name, questions, max(1, limit // len(known))) for name, questions in known.items()]
    slices = _slices(read)
    return Diagnosis(
        weakness=slices[0] if slices and slices[0].ends[1] < 0 else None,
        results=tuple(map(_result, read)),
        slices=slices,
        faculties=tuple(effect for name in FACULTIES for file in read for effect in work.faculty(file, name)),
        robustness=tuple(effect for file in read for effect in work.robustness(file)),
        calibration=tuple(found for file in read for found in _calibration(file)),
        worst=work.worst(read),
        left_out=sum(map(len, files.values())) - sum(map(len, known.values())),
        seconds=round(perf_counter() - start, 1),
    )


def weak_slices(
    model: ReasoningModel,
    files: Mapping[str, Sequence[Question]],
    graph: KnowledgeGraph | None,
    *,
    progress: Progress | None = None,
) -> tuple[Slice, ...]:
    """The slices of :func:`diagnose` alone, the weakest first; each question is answered once.

    Args:
        model: a trained model.
        files: questions by name of their file; those whose answer is not known are left out.
        graph: the graph, or None.
        progress: called with (stage, done, total).
    """
    work = _Work(model, graph, progress=progress)
    return _slices([work.file(name, questions, 0) for name, questions in by_task(files).items()])


def by_task(files: Mapping[str, Sequence[Question]]) -> dict[str, list[Question]]:
    """The questions whose answer is known; those of different tasks in one file are told apart by name.

    Args:
        files: questions by name of their file.

    Example:
        >>> found = by_task({"a": [Question("Why?", ("x", "y"), answer=0), Question("How?", ("x", "y"))]})
        >>> [question.text for question in found["a"]]
        ['Why?']
    """
    known: dict[str, list[Question]] = {}
    for name, questions in files.items():
        kept = [question for question in questions if _is_known(question)]
        several = len({question.task for question in kept}) > 1
        for question in kept:
            known.setdefault(f"{name} ({question.task})" if several else name, []).append(question)
    return known


def _is_known(question: Question) -> bool:
    if question.task == "open":
        return bool(question.gold)
    return question.answer is not None or question.answers is not None


class _Work:
    """Runs the model."""

    def __init__(
        self,
        model: ReasoningModel,
        graph: KnowledgeGraph | None,
        seed: int = 0,
        progress: Progress | None = None,
    ) -> None:
        self.model, self.graph, self.seed = model, graph, seed
        self.progress: Progress = progress or (lambda stage, done, total: None)
        self.changes = changes(graph)
        self.retriever = None if graph is None else Retriever(graph)

    def file(self, name: str, questions: Sequence[Question], limit: int) -> _File:
        """A file's samples, answered."""
        items = Pairs([with_stated(q) for q in questions], self._read_graph, progress=self.progress)
        judged = self._judge(items, f"score {name}")
        sample = sorted(Random(self.seed).sample(range(len(questions)), min(limit, len(questions))))
        return _File(name, questions, items, judged, sample)

    def faculty(self, file: _File, faculty: str) -> list[Effect]:
        """A faculty off; nothing where it takes no part in the file."""
        rows, items = [], []
        for row in file.sample:
            if takes_part(self.model, faculty, item := file.items[row]):
                rows.append(row)
                items.append(stripped(item, faculty))
        with without(self.model, faculty):
            return self._effect(file, faculty, rows, items)

    def robustness(self, file: _File) -> list[Effect]:
        """Every change of samples."""
        found = [effect for name in self.changes for effect in self._changed(file, name)]
        return found + self._noisy(file)

    def worst(self, files: Sequence[_File]) -> tuple[Wrong, ...]:
        """The surest wrong answers of all files, as many of each at most."""
        share = -(-WORST // len(files))
        found: list[tuple[float, int, _File]] = []
        for file in files:
            wrong = [
                (each.sure, row) for row, each in enumerate(file.judged) if each.sure is not None and not each.right
            ]
            found += [(sure, row, file) for sure, row in sorted(wrong, key=lambda each: (-each[0], each[1]))[:share]]
        reasoner = Reasoner(self.model, self.graph)
        first = sorted(found, key=lambda each: -each[0])[:WORST]
        return tuple(_wrong(reasoner, file, row, sure) for sure, row, file in first)

    @property
    def _read_graph(self) -> KnowledgeGraph | None:
        return None if self.model.knowledge is None else self.graph

    def _judge(self, items: Sequence[Item], stage: str) -> list[Judged]:
        return judge(self.model, items, lambda done, total: self.progress(stage, done, total))

    def _changed(self, file: _File, change: str) -> list[Effect]:
        rows, changed = [], []
        for row in file.sample:
            before = file.questions[row]
            if before.facts or before.task == "open":  # a name in other letters is another one
                continue
            after = self.changes[change](before, Random(f"{self.seed} {change} {row}"))
            if after != before:
                rows.append(row)
                changed.append(with_stated(after))
        items = list(Pairs(changed, self._read_graph, stored=False))  # they are looked at more than once
        return self._effect(file, change, rows, items)

    def _noisy(self, file: _File) -> list[Effect]:
        if self.retriever is None or self.model.knowledge is None:
            return []
        rows, items = [], []
        for row in file.sample:
            question, subgraph = file.items[row]
            if subgraph is None:
                continue
            after = noisy(subgraph, Random(f"{self.seed} {NOISE} {row}"), self.retriever)
            if after is not subgraph:
                rows.append(row)
                items.append((question, after))
            self.progress("change edges", row + 1, len(file.questions))
        return self._effect(file, NOISE, rows, items)

    def _effect(self, file: _File, change: str, rows: Sequence[int], items: Sequence[Item]) -> list[Effect]:
        if len(rows) < LEAST:
            return []
        before = [file.judged[row] for row in rows]
        after = self._judge(items, f"score {file.name}, {change}")
        right = [[each.right for each in judged] for judged in (after, before)]
        found = paired_bootstrap(*right)
        kept = np.mean([one.choice == other.choice for one, other in zip(before, after, strict=True)])
        share = [float(np.mean(each)) for each in right]
        ends = (found.low, found.high)
        return [Effect(file.name, change, len(rows), share[1], share[0], found.difference, ends, float(kept))]


def _result(file: _File) -> Result:
    right, n = sum(each.right for each in file.judged), len(file.judged)
    return Result(file.name, file.questions[0].task, n, right / n, wilson_interval(right, n))


def _slices(files: Sequence[_File]) -> tuple[Slice, ...]:
    """All slices of enough samples, the one with the lowest upper end of its difference first."""
    counted = [each for file in files for each in _counts(file)]
    level = 1 - (1 - LEVEL) / max(1, len(counted))
    found = [
        Slice(
            file=file,
            phenomenon=name,
            n=n,
            accuracy=right / n,
            interval=wilson_interval(right, n),
            rest=others / rest,
            difference=right / n - others / rest,
            ends=newcombe_interval(right, n, others, rest, level=level),
        )
        for file, name, (right, n), (others, rest) in counted
    ]
    return tuple(sorted(found, key=lambda each: (each.ends[1], each.file, each.phenomenon)))


def _counts(file: _File) -> Iterator[tuple[str, str, tuple[int, int], tuple[int, int]]]:
    """File, phenomenon, and how many are right of how many that show it, and of how many others."""
    right = np.array([each.right for each in file.judged])
    shown = [phenomena(question) for question in file.questions]
    for name in sorted(set().union(*shown)):
        inside = np.array([name in each for each in shown])
        n, rest = int(inside.sum()), int((~inside).sum())
        if min(n, rest) >= LEAST:
            yield file.name, name, (int(right[inside].sum()), n), (int(right[~inside].sum()), rest)


def _calibration(file: _File) -> list[Calibration]:
    pairs = [(each.sure, each.right) for each in file.judged if each.sure is not None]
    if not pairs:
        return []
    sure, right = zip(*pairs, strict=True)
    ece = expected_calibration_error(sure, right)
    return [Calibration(file.name, len(pairs), ece, tuple(reliability(sure, right, bins=BINS)))]


def _wrong(reasoner: Reasoner, file: _File, row: int, sure: float) -> Wrong:
    question = file.questions[row]
    answer = reasoner.answer(question)
    right = question.gold if question.task == "open" else (question.options[question.answer or 0],)
    return Wrong(
        file=file.name,
        id=question.id,
        text="\n".join(text for text in (question.text, question.hypothesis) if text),
        options=question.options,
        choice=answer.choice,
        right=", ".join(right),
        confidence=sure,
        phenomena=tuple(sorted(phenomena(question))),
        evidence=tuple(map(str, answer.evidence.paths[:PATHS])),
    )
