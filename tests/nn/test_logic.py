from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kgreason.nn.batch import TASKS
from kgreason.nn.logic import DOUBTS, FAINT, GATE_FEATURES, NODE_WEIGHT, Abstention, Gate, Logic, _best
from kgreason.nn.packing import PROOF
from kgreason.nn.paths import FLOOR
from kgreason.nn.state import CognitiveState, PathScores
from tests.cases import WIDTH, Order, random_batch, reorder, without_graph
from tests.formula import close

G = 8
CHOICE, OPEN, ENTAILMENT, EMOTION = map(TASKS.index, ("choice", "open", "entailment", "emotion"))


def logic(*, awake: bool = True) -> Logic:
    torch.manual_seed(1)
    made = Logic(WIDTH, G)
    if awake:
        with torch.no_grad():
            for parameter in made.parameters():
                parameter.add_(torch.randn(parameter.shape) * 0.1)
            made.gate.weight.normal_()
            made.gate.fitted.fill_(True)
    return made


def state(task: int = CHOICE, *, joint: bool = False, graph: bool = True, mass: bool = False) -> CognitiveState:
    """As C leaves it."""
    batch = random_batch()
    batch = replace(batch, question_task=torch.full((3,), task))
    random = torch.Generator().manual_seed(4)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=random)

    made = CognitiveState(
        batch,
        question=draw(3, WIDTH),
        option=draw(7, WIDTH),
        joint=draw(7, WIDTH) if joint else None,
        affect=draw(3, 4).sigmoid(),
        coverage=torch.zeros(3),
    )
    if not graph:
        return replace(made, batch=without_graph(batch))
    count = PathScores(batch.path_option, batch.path_type, draw(len(batch.path_option)))
    nodes, coverage = draw(batch.num_nodes, G), torch.tensor([0.5, 0.0, 1.0])
    found = torch.rand(batch.num_nodes, generator=random) if mass else None
    return replace(made, paths=count, nodes=nodes, mass=found, coverage=coverage)


@pytest.mark.parametrize("task", [CHOICE, ENTAILMENT, EMOTION])
@pytest.mark.parametrize("joint", [False, True])
def test_scores_are_those_of_a_loop(task, joint):
    made: Any = logic()
    given_: Any = state(task, joint=joint, mass=True)
    batch, scores = given_.batch, made(given_)
    for o, b in enumerate(batch.option_question.tolist()):
        question = given_.question[b]
        if task in (ENTAILMENT, EMOTION):
            place = [ENTAILMENT, EMOTION].index(task)
            question = question + made.task[place](question)
        if task == EMOTION:
            question = question + made.affect(given_.affect[b] - 0.5)
        text = made.scale[task].exp() * torch.cosine_similarity(question, given_.option[o], dim=0)
        if task in (ENTAILMENT, EMOTION):
            text = text + made.offset[place](given_.option[o])[0]
        if joint and task == CHOICE:
            text = text + made.joint(given_.joint[o])[0]
        paths = given_.paths.value[given_.paths.option == o].sum()
        nodes = batch.option_node[1][batch.option_node[0] == o]
        paths = paths + (given_.mass[nodes].sum() + 1e-6).log() - math.log(1e-6)
        query = made.node_question(given_.question[b])
        each = [made.node(torch.cat([given_.nodes[node], query])) for node in nodes]
        graph = torch.cat(each).mean() if each else torch.zeros(())
        close(scores.text[o], text)
        close(scores.paths[o], paths)
        close(scores.graph[o], graph)
        close(scores.logits[o], text + scores.gate[b] * (paths + graph))


@pytest.mark.parametrize("kinds", [("questions",), ("options",), ("nodes",), ("paths",)])
def test_order_changes_nothing(kinds):
    made, given_ = logic(), state(mass=True)
    order = Order.of(given_.batch, 3, *kinds)
    found, other = made(given_), made(reorder(given_, order))
    close(other.logits, found.logits[order.options])
    close(other.gate, found.gate[order.questions])
    close(other.features, found.features[order.questions])


def test_until_the_gate_is_fitted_the_graph_adds_no_bit():
    made = logic(awake=False)
    scores = made(state())
    assert torch.equal(scores.logits, scores.text)
    assert not scores.gate.any()
    assert not scores.graph.any()  # the last layer begins at zero
    assert scores.paths.any()


def test_a_question_that_no_path_reaches_is_scored_by_text_alone():
    scores = logic()(state())
    of = state().batch.option_question
    assert scores.gate[1] == 0
    assert torch.equal(scores.logits[of == 1], scores.text[of == 1])
    assert (scores.gate[[0, 2]] > 0).all()


def test_facts_of_its_own_decide_a_question():
    given_ = state()
    made, of = logic(), given_.batch.option_question
    plain = made(given_)
    own = replace(given_, batch=replace(given_.batch, question_given=torch.tensor([True, True, False])))
    scores = made(own)
    torch.testing.assert_close(scores.text[of == 0], FAINT * plain.text[of == 0])
    torch.testing.assert_close(scores.text[of > 0], plain.text[of > 0])  # what no path reaches is read by its text
    torch.testing.assert_close(scores.logits, scores.text + scores.gate[of] * (scores.paths + scores.graph))
    made.gate.fitted.fill_(False)
    assert torch.equal(made(own).logits, plain.text)


def test_a_proof_counts_with_and_without_a_graph():
    for given_ in (state(), replace(state(graph=False), coverage=None)):
        proof = torch.zeros_like(given_.batch.option_proof)
        proof[1] = 0.5
        proven = logic()(replace(given_, batch=replace(given_.batch, option_proof=proof)))
        torch.testing.assert_close(proven.logits, logic()(given_).logits + PROOF * proof)


def test_without_k_there_is_nothing_to_gate():
    text = replace(state(graph=False), coverage=None)
    scores = logic()(text)
    assert scores.features is None
    assert torch.equal(scores.logits, scores.text)
    assert torch.equal(scores.logits, logic()(state(graph=False)).logits)


def test_a_task_is_gated_by_its_own_weights():
    made, given_ = logic(), state()
    made.gate.fitted[CHOICE] = False
    assert not made(given_).gate.any()
    assert made(replace(given_, batch=replace(given_.batch, question_task=torch.full((3,), EMOTION)))).gate.any()


def test_gate_features_can_be_read():
    batch = random_batch()
    text = torch.tensor([3.0, 1.0, 0.0, 0.0, 0.0, -5.0, 2.0])
    graph = torch.tensor([1.0, 0.0, 0.0, 2.0, 2.0, 9.0, 1.0])
    features = Gate.features(text, graph, torch.tensor([0.5, 1.0, 0.0]), batch)
    named = {name: features[:, i].tolist() for i, name in enumerate(GATE_FEATURES)}
    assert named["bias"] == [1, 1, 1]
    assert named["coverage"] == [0.5, 1, 0]
    assert named["text margin"] == pytest.approx([math.tanh(2), 0, math.tanh(7)])
    assert named["graph margin"] == pytest.approx([math.tanh(1), 0, math.tanh(8)])
    assert named["agreement"] == [1, 0, 0]
    assert named["text entropy"][1] == pytest.approx(1)
    assert named["linked"] == [1, 1, 1]


@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=7, max_size=7), st.integers(0, 99))
def test_gate_features_stay_within_their_bounds(text, seed):
    batch = random_batch(seed, nodes=(7, 0, 11))
    graph = torch.randn(7, generator=torch.Generator().manual_seed(seed)) * 100
    features = Gate.features(torch.tensor(text), graph, torch.tensor([0.5, 0.0, 1.0]), batch)
    assert ((features >= 0) & (features <= 1 + 1e-6)).all()
    gate = Gate()
    gate.weight.fill_(-3.0)
    assert not gate(features, batch.question_task).any()
    gate.fitted.fill_(True)
    opened = gate(features, batch.question_task)
    assert ((opened > 0) == torch.tensor([True, False, True])).all()


def test_gate_features_without_a_graph_or_options():
    batch = without_graph(random_batch(options=(2, 0, 1)))
    features = Gate.features(torch.tensor([1e4, -1e4, 0.0]), torch.zeros(3), torch.zeros(3), batch)
    assert features.isfinite().all()
    assert not features[:, GATE_FEATURES.index("linked")].any()


@given(st.lists(st.lists(st.integers(-3, 3), max_size=5), min_size=1, max_size=5))
def test_best_option_and_its_lead(questions):
    scores = torch.tensor([float(value) for values in questions for value in values])
    index = torch.tensor([i for i, values in enumerate(questions) for _ in values], dtype=torch.int64)
    best, lead = _best(scores, index, len(questions))
    start = 0
    for i, values in enumerate(questions):
        if values:
            first, *rest = sorted(values, reverse=True)
            assert best[i] == start + values.index(first)
            assert lead[i] == (first - rest[0] if rest else 0)
        start += len(values)


# Open questions


@pytest.mark.parametrize("awake", [False, True])
def test_nodes_are_scored_as_in_a_loop(awake):
    made: Any = logic(awake=awake)
    given_: Any = replace(state(OPEN, mass=True), flow=torch.tensor([-1.0, -50.0, 0.0]))
    batch, scores = given_.batch, made(given_)
    for b in range(3):
        rows = [n for n in range(batch.num_nodes) if batch.node_question[n] == b]
        query = made.node_question(given_.question[b])
        by_state = torch.stack([made.node(torch.cat([given_.nodes[n], query]))[0] for n in rows])
        score = (given_.mass[rows] + FLOOR).log() + NODE_WEIGHT * by_state
        torch.testing.assert_close(scores.node[rows], score.log_softmax(0), atol=1e-5, rtol=1e-5)
        if not awake:  # the follower alone
            assert scores.node[rows].argsort().tolist() == given_.mass[rows].argsort().tolist()
    assert ((scores.doubts >= 0) & (scores.doubts <= 1 + 1e-6)).all()
    assert scores.doubts[:, DOUBTS.index("flow")].tolist() == pytest.approx([39 / 40, 0.0, 1.0])


def test_other_questions_and_other_models_have_no_open_answer():
    made = logic()
    assert made(state(CHOICE, mass=True)).node is None
    assert made(replace(state(OPEN), nodes=None)).node is None
    assert made(replace(state(OPEN, graph=False))).node is None
    mixed = state(OPEN, mass=True)
    mixed = replace(mixed, batch=replace(mixed.batch, question_task=torch.tensor([OPEN, CHOICE, OPEN])))
    scores: Any = made(mixed)
    assert scores.node[mixed.batch.node_question == 1].isneginf().all()
    assert scores.answerable[1] == 0


def test_abstention_doubts_nothing_until_it_is_fitted():
    doubts = torch.rand(5, len(DOUBTS))
    made = Abstention()
    assert made(doubts).tolist() == [1.0] * 5
    made.weight.copy_(torch.tensor([-1.0, 2.0, 0.5, -3.0]))
    made.fitted.fill_(True)
    torch.testing.assert_close(made(doubts), (doubts @ made.weight).sigmoid())


def test_the_valence_of_concepts_is_the_graphs_part_in_an_emotion():
    felt = Logic(WIDTH, G, valence=True)
    assert felt.mood is not None
    with torch.no_grad():
        for parameter in felt.parameters():
            parameter.add_(torch.randn(parameter.shape) * 0.1)
    plain = logic(awake=False)
    plain.load_state_dict(felt.state_dict(), strict=False)
    task = torch.tensor([EMOTION, CHOICE, EMOTION])
    made = state()
    made = replace(made, batch=replace(made.batch, question_task=task))
    before = plain(made)
    made = replace(made, mood=torch.tensor([[0.5, 0.5, 1.0], [0.2, 0.4, 0.3], [0.0, 0.0, 0.0]]))
    after = felt(made)
    assert made.mood is not None
    assert made.option is not None
    index = made.batch.option_question
    emotional = task[index] == EMOTION
    assert torch.equal(before.text, after.text)
    expected = ((made.mood @ felt.mood.weight.T)[index] * torch.nn.functional.normalize(made.option, dim=-1)).sum(-1)
    torch.testing.assert_close(after.graph[emotional], expected[emotional])
    assert not after.paths[emotional].any()
    assert torch.equal(before.paths[~emotional], after.paths[~emotional])
    assert torch.equal(before.graph[~emotional], after.graph[~emotional])
    assert after.features is not None
    assert after.features[:, GATE_FEATURES.index("coverage")].tolist() == [1.0, 0.0, 0.0]
    several = replace(made.batch, multi_label=torch.full((3,), True))
    felt.gate.fitted.fill_(True)
    assert felt(made).gate[0] > 0
    assert not felt(replace(made, batch=several)).gate.any()


def test_affect_alone_needs_no_labels():
    felt = Logic(WIDTH, G, valence=True)
    made = state(EMOTION)
    empty = {name: getattr(made.batch, name)[:0] for name in ("option_question", "option_label", "option_proof")}
    batch = replace(without_graph(made.batch), **empty, option_node=made.batch.option_node[:, :0])
    bare = replace(made, batch=batch, option=None, paths=None, nodes=None, mood=torch.rand(3, 3))
    assert felt(bare).logits.shape == (0,)
