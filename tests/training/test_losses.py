from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kgreason.nn.batch import Collator, RelationNames
from kgreason.nn.state import Scores
from kgreason.records import Question
from kgreason.training.losses import ALONE_WEIGHT, GRAPH_WEIGHT, LOST_WEIGHT, VAD_VARIANCE, losses


@pytest.fixture(scope="module")
def collate(tiny_base):
    from kgreason.nn.backbone import load_tokenizer

    return Collator(load_tokenizer(str(tiny_base)), RelationNames(), max_length=32)


def naive(question, logits):
    """Negative log-likelihood of one question, or None where its truth is unknown."""
    if question.multi_label:
        if question.answers is None:
            return None
        return sum(math.log1p(math.exp(-x if i in question.answers else x)) for i, x in enumerate(logits))
    if question.answer is None:
        return None
    return math.log(sum(map(math.exp, logits))) - logits[question.answer]


def mean(values):
    known = [value for value in values if value is not None]
    return sum(known) / max(1, len(known))


@st.composite
def question_lists(draw):
    found = []
    for i in range(draw(st.integers(1, 5))):
        options = tuple(f"o{j}" for j in range(draw(st.integers(2, 5))))
        multi_label, known = draw(st.booleans()), draw(st.booleans())
        index = st.integers(0, len(options) - 1)
        right = draw(st.lists(index, unique=True)) if multi_label and known else None
        found.append(
            Question(
                f"text {i}",
                options,
                "emotion" if multi_label else "choice",
                answer=draw(index) if known and not multi_label else None,
                answers=None if right is None else tuple(right),
                multi_label=multi_label,
                vad=draw(st.none() | st.tuples(*[st.floats(0, 1)] * 3)) if multi_label else None,
            )
        )
    return found


@given(questions=question_lists(), seed=st.integers(0, 1000))
def test_losses_are_those_of_a_loop(collate, questions, seed):
    batch = collate([(question, None) for question in questions])
    torch.manual_seed(seed)
    text, paths, graph = (torch.randn(batch.num_options, requires_grad=True) for _ in range(3))
    affect = torch.rand(len(questions), 4)
    scores = Scores(text, text, paths, graph, torch.ones(len(questions)), affect, None, None)
    total, answer, own, given, opened, alone, lost, squared = (part.item() for part in losses(scores, batch))

    def rows(values):
        parts = values.detach().split([len(question.options) for question in questions])
        return mean([naive(q, part.tolist()) for q, part in zip(questions, parts, strict=True)])

    errors = [
        (a - b) ** 2
        for q, row in zip(questions, affect.tolist(), strict=True)
        for a, b in zip(row, q.vad or (), strict=False)
    ]
    assert answer == pytest.approx(rows(text), rel=1e-5, abs=1e-6)
    assert own == pytest.approx(rows(paths + graph), rel=1e-5, abs=1e-6)
    assert squared == pytest.approx(mean(errors) / VAD_VARIANCE, rel=1e-4, abs=1e-5)
    assert given == opened == alone == lost == 0
    assert total == pytest.approx(answer + GRAPH_WEIGHT * own + squared, rel=1e-5, abs=1e-6)


def test_without_graph_and_truth_nothing_is_lost_and_gradients_are_finite(collate):
    batch = collate([(Question("a", ("x", "y")), None)])
    text = torch.zeros(2, requires_grad=True)
    found = losses(Scores(text, text, torch.zeros(2), torch.zeros(2), torch.zeros(1), None, None, None), batch)
    assert [part.item() for part in found] == [0.0] * 8


def test_the_graph_parts_alone_carry_the_graph_loss(collate):
    batch = collate([(Question("a", ("x", "y"), answer=1), None)])
    text, paths = torch.zeros(2, requires_grad=True), torch.zeros(2, requires_grad=True)
    logits = text + 0.0 * paths  # a closed gate
    found = losses(Scores(logits, text, paths, torch.zeros(2), torch.zeros(1), None, None, None), batch)
    torch.autograd.backward(found.total)
    assert paths.grad is not None
    assert paths.grad.tolist() == pytest.approx([0.5 * GRAPH_WEIGHT, -0.5 * GRAPH_WEIGHT])


def test_a_question_with_facts_of_its_own_trains_the_graph_alone(collate):
    batch = replace(
        collate([(Question("a", ("x", "y"), answer=1), None)] * 2), question_given=torch.tensor([True, False])
    )
    text, paths = torch.zeros(4, requires_grad=True), torch.zeros(4, requires_grad=True)
    found = losses(Scores(text, text, paths, torch.zeros(4), torch.zeros(2), None, None, None), batch)
    torch.autograd.backward(found.total)
    assert text.grad is not None
    assert paths.grad is not None
    assert text.grad.tolist() == pytest.approx([0, 0, 0.5, -0.5])
    assert paths.grad.tolist() == pytest.approx([0.5, -0.5, 0.5 * GRAPH_WEIGHT, -0.5 * GRAPH_WEIGHT])


@given(st.lists(st.tuples(st.integers(0, 2), st.floats(-8, 0), st.booleans()), min_size=1, max_size=11))
def test_open_questions_lose_what_their_right_answers_lack(collate, rows):
    rows = sorted(rows)
    batch = replace(
        collate([(Question("a", task="open"), None)] * 3),
        node_question=torch.tensor([row[0] for row in rows]),
        node_gold=torch.tensor([row[2] for row in rows]),
    )
    node = torch.tensor([row[1] for row in rows], requires_grad=True)
    none = torch.zeros(0)
    found = losses(Scores(none, none, none, none, torch.zeros(3), None, None, None, node), batch)
    asked = [[math.exp(p) for b, p, right in rows if b == question and right] for question in range(3)]
    expected = mean([-math.log(sum(right)) if right else None for right in asked])
    assert found.total.item() == found.open.item() == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_lost_mass_counts_where_the_graph_holds_the_answer(collate):
    given = Question("a", ("x", "y"), answer=1)
    opened = Question("a", task="open")
    batch = replace(
        collate([(question, None) for question in (given, given, opened, opened)]),
        question_given=torch.tensor([True, False, False, False]),
        node_question=torch.tensor([2, 3]),
        node_gold=torch.tensor([True, False]),
    )
    flow = torch.tensor([-0.5, -1.0, -1.5, -2.0], requires_grad=True)
    node, text, closed = torch.zeros(2, requires_grad=True), torch.zeros(4), torch.zeros(4)
    found = losses(Scores(text, text, text, text, closed, None, None, None, node, flow=flow), batch)
    assert found.lost.item() == pytest.approx(1.0)
    torch.autograd.backward(found.total)
    assert flow.grad is not None
    assert flow.grad.tolist() == pytest.approx([-LOST_WEIGHT / 2, 0, -LOST_WEIGHT / 2, 0])


def test_the_followers_mass_has_to_come_to_the_right_answers(collate):
    batch = replace(
        collate([(Question("a", ("x", "y"), answer=1), None)] * 2 + [(Question("a", task="open"), None)]),
        question_given=torch.tensor([True, False, False]),
        node_question=torch.tensor([0, 0, 0, 1, 2, 2]),
        node_gold=torch.tensor([False, False, False, False, True, False]),
        option_node=torch.tensor([[0, 1, 1, 3], [0, 1, 2, 3]]),
    )
    graph, node = torch.zeros(4, requires_grad=True), torch.zeros(6)
    mass = torch.tensor([0.4, 0.1, 0.2, 1.0, 0.6, 0.4], requires_grad=True)
    text, closed = torch.zeros(4), torch.zeros(3)
    scores = Scores(text, text, text, graph, closed, None, None, None, node, mass=mass)
    found = losses(scores, batch)
    # two nodes of the right option; the question without facts of its own does not count
    assert found.alone.item() == pytest.approx(-math.log(0.3) - math.log(0.6), rel=1e-4)
    assert losses(scores._replace(graph=text), batch).alone.item() == pytest.approx(-math.log(0.3), rel=1e-4)
    torch.autograd.backward(found.total)
    assert mass.grad is not None
    each = -ALONE_WEIGHT / 0.3
    assert mass.grad.tolist() == pytest.approx([0, each, each, 0, -ALONE_WEIGHT / 0.6, 0], rel=1e-4)
