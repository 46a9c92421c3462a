from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from kgreason.errors import InputError
from kgreason.metrics import fit_temperature
from kgreason.nn.batch import TASKS
from kgreason.nn.confidence import confidence
from kgreason.nn.logic import GATE_FEATURES
from kgreason.nn.predict import predict
from kgreason.records import Question
from kgreason.retrieval import Pairs
from kgreason.training.calibration import FEWEST, calibrate, fit_gate, without_answers
from tests.models import KNOWLEDGE, moods, opened, places, prediction, tiny_model

CHOICE = TASKS.index("choice")


@pytest.fixture
def model(tiny_base):
    return tiny_model(tiny_base)


def case(count, right, *, coverage=1.0, seed=3):
    """Questions the text cannot answer, and a graph that knows the answer so often."""
    random = np.random.default_rng(seed)
    items, predictions = [], []
    for i in range(count):
        options = tuple(f"o{j}" for j in range(2 + i % 4))
        truth = int(random.integers(len(options)))
        graph = random.normal(size=len(options))
        pointed = truth if random.random() < right else int(random.integers(len(options)))
        graph[pointed] += 2.0
        features = np.zeros(len(GATE_FEATURES))
        features[0], features[1] = 1.0, coverage
        items.append((Question(f"q{i}", options, answer=truth), None))
        predictions.append(prediction(random.normal(size=len(options)), graph=graph, features=features))
    return items, predictions


def gate_of(model, predictions):
    features = torch.tensor(np.array([p.features for p in predictions]))
    return model.logic.gate(features, torch.full((len(features),), CHOICE))


def test_the_gate_opens_to_a_graph_that_is_right(model):
    items, predictions = case(211, right=0.9)
    fit_gate(model, "choice", items, predictions)
    assert gate_of(model, predictions).min() > 0.7


def test_the_gate_stays_closed_on_noise(model):
    items, predictions = case(211, right=0.0)
    fit_gate(model, "choice", items, predictions)
    assert gate_of(model, predictions).max() < 0.2


def test_the_gate_never_makes_held_out_questions_less_likely_than_the_text_alone(model):
    items, predictions = case(211, right=0.5)
    fit_gate(model, "choice", items, predictions)
    gate = gate_of(model, predictions).tolist()

    def loss(weights):
        return -sum(
            np.log(confidence(q, p.text + g * p.paths)[q.answer])
            for (q, _), p, g in zip(items, predictions, weights, strict=True)
        )

    assert loss(gate) < loss([0.0] * len(gate))


@pytest.mark.parametrize(("count", "coverage"), [(FEWEST - 1, 1.0), (211, 0.0)])
def test_too_few_questions_with_a_path_leave_the_gate_shut(model, count, coverage):
    items, predictions = case(count, right=1.0, coverage=coverage)
    fit_gate(model, "choice", items, predictions)
    assert not model.logic.gate.fitted.any()
    assert (gate_of(model, predictions) == 0).all()


def test_facts_of_their_own_open_the_gate_for_their_questions_alone(model, tiny_base):
    items, predictions = case(211, right=0.0)
    fit_gate(model, "choice", items, predictions)
    alone = gate_of(model, predictions)
    own_items, own = case(307, right=0.98, seed=4)
    for one in own:
        assert one.features is not None
        one.features[GATE_FEATURES.index("given")] = 1.0
    both = tiny_model(tiny_base)
    fit_gate(both, "choice", items + own_items, predictions + own)
    torch.testing.assert_close(gate_of(both, predictions), alone, atol=1e-4, rtol=0)
    assert gate_of(both, own).min() > 0.7


def test_a_second_fit_is_the_first_one(model, tiny_graph, home):
    questions = [replace(q, facts=(("a", "IsA", "b"),)) if i % 2 else q for i, q in enumerate(places(127))]
    items = Pairs(questions, tiny_graph)
    once = calibrate(model, {"places": items}).logic.gate.weight.clone()
    assert model.logic.gate.fitted.any()
    torch.testing.assert_close(calibrate(model, {"places": items}).logic.gate.weight, once)
    assert calibrate(model, {"places": items[:3]}).logic.gate.fitted.any()  # too few to fit anew leave it as it was


def test_the_gate_is_of_one_task(model):
    fit_gate(model, "choice", *case(101, right=0.9))
    assert model.logic.gate.fitted.tolist() == [task == "choice" for task in TASKS]


def test_calibrate_fits_gate_temperature_and_threshold(model, tiny_graph, home):
    labels = ("calm", "glad", "sad")
    several = [
        Question(f"text {i}", labels, "emotion", answers=(i % 3,), multi_label=True, id=f"s{i}") for i in range(61)
    ]
    held_out = {
        "places": Pairs(places(67), tiny_graph),
        "moods": Pairs(moods(59)),
        "several": Pairs(several),
        "few": Pairs([Question(f"{i}", ("yes", "no"), "emotion", answers=(0,), multi_label=True) for i in range(5)]),
    }
    calibrate(opened(model), held_out)
    settings = model.settings
    assert model.logic.gate.fitted[CHOICE]
    assert set(settings.temperature) == {"choice", "emotion"}
    assert set(settings.threshold) == {"calm|glad|sad"}
    assert 0 < settings.threshold["calm|glad|sad"] < 1
    found = predict(model, held_out["moods"])
    expected = fit_temperature([p.logits for p in found], [q.answer or 0 for q, _ in held_out["moods"]])
    assert settings.temperature["emotion"] == pytest.approx(expected, rel=1e-3)


def asked(count):
    """Open questions about two facts each, one of which holds the answer."""
    return [
        Question(
            f"where is zorb{i}?",
            task="open",
            gold=(f"vlee{i}",),
            facts=((f"zorb{i}", "AtLocation", f"vlee{i}"), (f"zorb{i}", "IsA", f"quix{i}")),
            id=f"o{i}",
        )
        for i in range(count)
    ]


def test_abstention_tells_questions_from_those_that_lost_their_answer(tiny_base, home):
    model = tiny_model(tiny_base, knowledge=replace(KNOWLEDGE, paths="follower", nodes=False, fusion=False))
    items = Pairs(asked(61))
    for question, graph in (items[0], without_answers(items[0])):
        assert graph is not None
        assert question.gold == ("vlee0",)
        assert graph.edge_index.shape[1] == (4 if len(graph.gold) else 2)
    calibrate(model, {"open": items})
    assert model.logic.abstention.fitted
    assert 0 < model.settings.threshold["open"] <= 0.5
    sure, lost = (
        np.mean([p.nodes.answerable for p in predict(model, found) if p.nodes])
        for found in (items, [without_answers(item) for item in items])
    )
    assert sure > lost


def test_answers_cannot_be_taken_without_a_graph():
    with pytest.raises(InputError, match="the question has no graph"):
        without_answers((asked(1)[0], None))


def test_nothing_held_out_changes_nothing(model):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    calibrate(model, {"a": [], "b": Pairs(moods(FEWEST - 1))})
    assert model.settings.temperature == model.settings.threshold == {}
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
