from __future__ import annotations

from dataclasses import replace
from threading import Event

import pytest

from kgreason.asking import Request
from kgreason.engine import Reasoner
from kgreason.records import Answer, Mood, Question
from kgreason.serving.admission import Deadline
from kgreason.serving.batcher import Batcher, Job
from kgreason.serving.metrics import Metrics
from kgreason.serving.refusals import Refusal

ASKED = Question("Where would you keep a penguin?", ("zoo", "desert", "oven"))


class Held(Reasoner):
    """Waits before each step, keeps their sizes, and fails where a question says so."""

    def __init__(self, reasoner):
        super().__init__(reasoner.model, reasoner.graph)
        self.sizes, self.go = [], Event()

    def answers(self, requests, **named):
        assert self.go.wait(10)
        self.sizes.append(len(requests))
        if any(request.question.id == "fails" for request in requests):
            raise RuntimeError("fails")
        return super().answers(requests, **named)


@pytest.fixture
def held(reasoner):
    return Held(reasoner)


@pytest.fixture
def batcher():
    made = Batcher(Metrics(), size=4)
    yield made
    made.close()


def job(reasoner, question=ASKED, seconds=60.0):
    deadline = Deadline(seconds)
    return Job(reasoner, Request(question, check=deadline.check), deadline)


def test_what_waits_goes_through_in_one_step(batcher, held, reasoner):
    found = [batcher.submit(job(held)) for _ in range(9)]
    held.go.set()
    answers = [each.result(30) for each in found]
    assert max(held.sizes) == 4
    assert sum(held.sizes) == 9
    alone = reasoner.answer(ASKED)
    for answer in answers:
        assert isinstance(answer, Answer)
        assert answer.choice == alone.choice
        assert answer.confidence == pytest.approx(alone.confidence, abs=1e-5)


def test_one_that_fails_harms_no_other(batcher, held):
    found = [batcher.submit(job(held, question)) for question in (ASKED, replace(ASKED, id="fails"), ASKED)]
    held.go.set()
    assert isinstance(found[0].result(30), Answer)
    assert isinstance(found[1].exception(30), RuntimeError)
    assert isinstance(found[2].result(30), Answer)
    assert isinstance(batcher.submit(job(held)).result(30), Answer)


def test_who_has_gone_costs_no_step(batcher, held, reasoner):
    gone, late, fine = job(reasoner), job(reasoner, seconds=0), job(reasoner)
    gone.deadline.gone.set()
    found = [batcher.submit(each) for each in (gone, late, fine)]
    assert [getattr(each.exception(30), "status", None) for each in found] == [499, 504, None]
    cancelled = job(held)
    batcher.submit(cancelled)
    cancelled.done.cancel()
    held.go.set()
    assert isinstance(batcher.submit(job(held)).result(30), Answer)


def test_moods_and_answers_share_a_thread(batcher, reasoner):
    felt = Question("The penguin froze.", task="emotion")
    found = [batcher.submit(job(reasoner, question)) for question in (felt, ASKED)]
    assert isinstance(found[0].result(30), Mood)
    assert isinstance(found[1].result(30), Answer)
    assert isinstance(batcher.submit(job(reasoner, felt, 0)).exception(30), Refusal)


def test_what_comes_after_the_end_is_cancelled(reasoner):
    batcher = Batcher(Metrics())
    before = batcher.submit(Job(reasoner, Request(ASKED), Deadline(60)))
    batcher.close()
    assert isinstance(before.result(), Answer)
    assert batcher.submit(Job(reasoner, Request(ASKED), Deadline(60))).cancelled()
