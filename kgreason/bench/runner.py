"""Runs what a benchmark wants and its book does not hold yet, one row after another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import cache, cached_property
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import torch

from kgreason import storage
from kgreason.bench.arms import Budget, graph_run, text_run, untrained
from kgreason.bench.benches import Bench, Pool
from kgreason.bench.controls import Permuted, View, control, rewire
from kgreason.bench.facts import with_facts
from kgreason.bench.models import Rows, cost, finished, learn, recall
from kgreason.bench.plan import Entries, Request, form_of, text_row, wanted
from kgreason.bench.rows import PLAIN, Book, Outcome, Row
from kgreason.config import RetrievalConfig
from kgreason.graph import KnowledgeGraph
from kgreason.nn.batch import Item
from kgreason.nn.model import ReasoningModel
from kgreason.nn.weights import find_checkpoint
from kgreason.retrieval import Pairs
from kgreason.training.config import RunConfig

__all__ = ["Runner"]

Progress = Callable[[str, int, int], None]


class _OutOfTime(Exception):
    """Ends a row in the middle; its run is taken up by the next call."""


class Runner:
    """Rows of one benchmark.

    Args:
        bench: the benchmark.
        pool: its questions.
        graph: the graph.
        budget: of every run.
        book: where results go.
        folder: where runs go.
        label: what rows call the benchmark; its name by default.
        progress: called with (stage, done, total).
        seconds: how long :meth:`run` may take; None for as long as it takes.
    """

    def __init__(
        self,
        bench: Bench,
        pool: Pool,
        graph: KnowledgeGraph,
        budget: Budget,
        book: Book,
        folder: str | Path,
        *,
        label: str = "",
        progress: Progress | None = None,
        seconds: float | None = None,
    ) -> None:
        self.bench, self.pool, self.graph, self.budget, self.book = bench, pool, graph, budget, book
        self.label = label or bench.name
        self._same = {"budget": asdict(budget), "graph": graph.digest[:16], "questions": _digest(pool)}
        self.folder = Path(folder) / self.label / storage.digest_bytes(storage.canonical_json(self._same).encode())[:8]
        self._progress = progress
        self._deadline = None if seconds is None else perf_counter() + seconds
        self._seen: dict[tuple[View, bool], Sequence[Item]] = {}

    def entries(self) -> Entries:
        """What the book holds of this benchmark with the same questions, graph, budget and checkpoint to stand on."""
        found = self.book.alike(self.label, self._same)
        return {row: entry for row, entry in found.items() if entry.get("checkpoint", "") == self._checkpoint(row)}

    def missing(self, request: Request) -> list[Row]:
        """Rows of a request that are not in the book."""
        entries = self.entries()
        return [row for row in wanted(self.bench, self.label, request, entries) if row not in entries]

    def run(self, request: Request, on_row: Callable[[Row, dict[str, Any]], None] | None = None) -> bool:
        """Run all that is missing.

        Args:
            request: what is asked.
            on_row: called with each row and its entry.

        Returns:
            Whether all is done; False where the time was over before.
        """
        try:
            while rows := self.missing(request):  # read again: the fold for tuning decides what is wanted
                entry = self.measure(rows[0])
                if on_row is not None:
                    on_row(rows[0], entry)
        except _OutOfTime:
            return False
        return True

    def measure(self, row: Row) -> dict[str, Any]:
        """Train what a row needs, score it, and write it down.

        Args:
            row: which.

        Returns:
            Its entry in the book.
        """
        self._tick(f"{row.id}: prepare", 0, 0)
        model = self.trained(row)
        fold, form = self.pool.folds[row.fold], form_of(row)[0]
        items = self.items(control(row.control).test if form.reads else View("none"), facts=form.facts)
        start, cores = perf_counter(), process_time()
        scored = self.bench.score(
            model,
            Rows(items, fold.test),
            torch.bfloat16 if self.budget.bf16 else None,
            lambda done, total: self._tick(f"{row.id}: score", done, total),
        )
        # A control at test stands on the model of the plain row, and cost no training.
        own = row.control == PLAIN or control(row.control).own_run
        trained = cost(Path(self.config(row).output)) if own and form.trained else (0.0, 0.0)
        storage.save_npy(self.place(row) / "logits.npy", scored.logits)
        return self.book.append(
            row,
            round(100 * float(scored.right.mean()), 3),
            n=len(fold.test),
            trained_on=len(fold.train),
            right=str(Outcome(scored.right, self.pool.cluster[fold.test])),
            **scored.figures,
            seconds=round(trained[0] + perf_counter() - start, 1),
            core_hours=round((trained[1] + process_time() - cores) / 3600, 5),
            device=str(model.device),
            seed=row.seed,
            checkpoint=self._checkpoint(row),
            **self._same,
        )

    def _checkpoint(self, row: Row) -> str:
        """Digest of the finished model that a row takes or trains on from; empty for none."""
        name = form_of(row)[0].checkpoint
        return _digest_of(find_checkpoint(name) / "model.safetensors") if name else ""

    def place(self, row: Row) -> Path:
        """The folder of a row's run."""
        name = ".".join(filter(None, (row.arm, row.variant, self._checkpoint(row)[:8])))
        return self.folder / name / row.control / f"{row.fold}-{row.seed}"

    def trained(self, row: Row) -> ReasoningModel:
        """The model of a row, trained now where it is not yet; controls at test take that of the plain row."""
        form, _ = form_of(row)
        if not form.trained:
            return untrained(form, self.budget)
        run = self.config(row)
        if not finished(Path(run.output)):
            if form.reading is None and run.init and not finished(Path(run.init).parent):
                self.trained(text_row(row))
            items = self.items(control(row.control).train if form.reads else View("none"), facts=form.facts)
            rows = self.pool.folds[row.fold].train

            def tick(stage: str, done: int, total: int) -> None:
                self._tick(f"{row.id}: {stage}", done, total)

            learn(run, form, items, rows, self.pool.siblings, tick)
        return recall(run, form)

    def config(self, row: Row) -> RunConfig:
        """The training run of a row's model, which folds with the same training rows and controls at test share."""
        form, reading = form_of(row)
        own = row if control(row.control).own_run else replace(row, control=PLAIN)
        own = replace(own, fold=self.pool.folds[row.fold].model)
        folder = self.place(own)
        if form.knowledge is None:
            return text_run(folder, reading, self.budget, row.seed)
        init = str(find_checkpoint(form.checkpoint)) if form.checkpoint else ""
        if form.reading is None:
            init = str(self.place(text_row(own)) / "model")
        negated = dict(zip(self.graph.relations, self.graph.is_negated, strict=True))
        known = tuple(name for name in self.graph.relations if not negated[name])
        return graph_run(folder, init, form, reading, self.budget, row.seed, known)

    def items(self, view: View, *, facts: bool = False) -> Sequence[Item]:
        """All questions with their subgraphs as a view shows them; or with facts in words, and no subgraphs."""
        if (view, facts) not in self._seen:
            self._seen[view, facts] = self._read(view, facts)
        return self._seen[view, facts]

    def _read(self, view: View, facts: bool) -> Sequence[Item]:
        questions, config = self.pool.questions, self.retrieval(view)
        if view.graph == "none":
            return [(question, None) for question in questions]
        graph = self._rewired if view.graph == "rewired" else self.graph
        if facts:
            return [(question, None) for question in with_facts(questions, graph, config, self._tick)]
        pairs = Pairs(questions, None if self.bench.own_facts else graph, config, self._tick)
        return Permuted(pairs) if view.permuted else pairs

    def retrieval(self, view: View) -> RetrievalConfig:
        """How much of the graph a question reads in a view."""
        return replace(self.bench.retrieval, direct=view.direct)

    @cached_property
    def _rewired(self) -> KnowledgeGraph:
        self._tick("rewire the graph", 0, 0)
        return rewire(self.graph)

    def _tick(self, stage: str, done: int, total: int) -> None:
        if self._deadline is not None and perf_counter() > self._deadline:
            raise _OutOfTime
        if self._progress is not None:
            self._progress(stage, done, total)


@cache
def _digest_of(path: Path) -> str:
    return storage.digest(path)[:16]


def _digest(pool: Pool) -> str:
    """Of the questions with their options and answers, in order."""
    lines = [f"{q.id}\t{q.text}\t{q.options}\t{q.answer}\t{q.gold}\n".encode() for q in pool.questions]
    return storage.digest_bytes(*lines)[:16]
