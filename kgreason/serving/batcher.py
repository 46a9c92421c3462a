"""One thread owns the model: what arrives within a few milliseconds goes through it in one step."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Thread
from time import perf_counter

from kgreason.asking import BaseReasoner, Request
from kgreason.errors import KGReasonError
from kgreason.records import Answer, Mood
from kgreason.serving.admission import Deadline
from kgreason.serving.logs import fault
from kgreason.serving.metrics import Metrics

__all__ = ["Batcher", "Job"]

_LOG = logging.getLogger(__name__)
#: Relation names that a model keeps in mind; requests bring names of their own without end.
_RELATIONS = 2048


@dataclass(frozen=True, eq=False)
class Job:
    """One item to be answered.

    Args:
        reasoner: which answers; it holds one version of its graph.
        request: what is asked; of an emotion its text as a question.
        deadline: looked at before each stage.
    """

    reasoner: BaseReasoner
    request: Request
    deadline: Deadline
    done: Future[Answer | Mood] = field(default_factory=Future)
    entered: float = field(default_factory=perf_counter)


class Batcher:
    """Collects jobs and answers them.

    Args:
        metrics: where steps are counted.
        size: jobs of one step at most.
        wait: seconds for which a step waits for more jobs.
    """

    def __init__(self, metrics: Metrics, *, size: int = 16, wait: float = 0.003) -> None:
        self._metrics, self._size, self._wait = metrics, size, wait
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = Thread(target=self._run, name="model", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> Future[Answer | Mood]:
        """The answer to come."""
        self._jobs.put(job)
        if self._closed:  # the thread may have ended, and nobody would answer
            self._drop()
        return job.done

    def close(self) -> None:
        """Answers what was submitted, and ends the thread; what comes after is cancelled."""
        self._jobs.put(None)
        self._thread.join()
        self._closed = True
        self._drop()

    def _drop(self) -> None:
        with suppress(queue.Empty):
            while True:
                if (job := self._jobs.get_nowait()) is not None:
                    job.done.cancel()

    def _run(self) -> None:
        while (jobs := self._collect())[0] is not None:
            step = [job for job in jobs if job is not None]
            self._metrics.step(len(step), self._jobs.qsize())
            for job in step:
                self._metrics.stage("queue", perf_counter() - job.entered)
            for reasoner in {id(job.reasoner): job.reasoner for job in step}.values():
                own = [job for job in step if job.reasoner is reasoner]
                asked = [job for job in own if job.request.question.task != "emotion"]
                _settle(asked, lambda jobs: jobs[0].reasoner.answers([job.request for job in jobs]))
                for job in own:
                    if job not in asked:
                        _settle([job], _feel)
                reasoner.model.forget_relations(_RELATIONS)
            if len(step) < len(jobs):
                return

    def _collect(self) -> Sequence[Job | None]:
        """What there is, and what comes within a moment; None is the end."""
        jobs = [self._jobs.get()]
        until = perf_counter() + self._wait
        while jobs[-1] is not None and len(jobs) < self._size:
            try:
                jobs.append(self._jobs.get(timeout=max(0.0, until - perf_counter())))
            except queue.Empty:
                break
        return jobs


def _feel(jobs: Sequence[Job]) -> list[Mood | KGReasonError]:
    question = jobs[0].request.question
    try:
        jobs[0].deadline.check()
        return [jobs[0].reasoner.emotion(question.text, language=question.language)]
    except KGReasonError as error:
        return [error]


def _settle(jobs: Sequence[Job], answer: Callable[[Sequence[Job]], Sequence[Answer | Mood | KGReasonError]]) -> None:
    """Answers jobs; where a step fails as a whole, each of them by itself, so that one harms no other."""
    if not jobs:
        return
    try:
        found: Sequence[Answer | Mood | Exception] = answer(jobs)
    except Exception as error:  # noqa: BLE001 - the thread outlives whatever one question does
        if len(jobs) > 1:
            for job in jobs:
                _settle([job], answer)
            return
        _LOG.error("a step failed", extra={"fault": fault(error)})
        found = [error]
    for job, result in zip(jobs, found, strict=True):
        with suppress(InvalidStateError):  # nobody waits any more
            if isinstance(result, Exception):
                job.done.set_exception(result)
            else:
                job.done.set_result(result)
