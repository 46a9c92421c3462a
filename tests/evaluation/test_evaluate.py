from __future__ import annotations

import json

import pytest

from kgreason.errors import InputError
from kgreason.evaluation import evaluate, figures
from kgreason.metrics import wilson_interval
from kgreason.nn.predict import predict
from kgreason.records import Question
from kgreason.retrieval import Pairs
from tests.models import moods, opened, places, prediction, tiny_model


@pytest.fixture(scope="module")
def model(tiny_base):
    return opened(tiny_model(tiny_base))


def test_choice_beside_itself_without_the_graph(model, tiny_graph, home):
    told = []
    questions = [*places(31), Question("Where?", ("zoo", "oven"))]
    row = evaluate(model, questions, tiny_graph, name="places", progress=lambda *step: told.append(step))
    assert (row["file"], row["task"], row["n"]) == ("places", "choice", 31)
    for arm, graph in ((row, tiny_graph), (row["text"], None)):
        found = predict(model, Pairs(questions[:31], graph))
        right = sum(int(p.logits.argmax()) == q.answer for q, p in zip(questions[:31], found, strict=True))
        assert arm["accuracy"] == arm["hits"]["1"] == right / 31
        assert arm["ci95"] == list(wilson_interval(right, 31))
        assert arm["seconds"] >= 0
        assert arm["risk"]["100"] == pytest.approx(1 - arm["accuracy"])
    assert row["accuracy"] > row["text"]["accuracy"]  # every right option lies at the end of an edge
    assert {stage for stage, *_ in told} >= {"score", "score without the graph"}
    assert json.loads(json.dumps(row, allow_nan=False)) == row


def test_without_a_graph_or_k_both_arms_are_one(model, tiny_base, tiny_graph, home):
    text = tiny_model(tiny_base, knowledge=None)
    for row in (evaluate(model, places(7), None), evaluate(text, places(7), tiny_graph)):
        assert {name: row[name] for name in row["text"]} == row["text"]
    assert not home.exists()


def test_one_label_and_mixed_tasks(model):
    row = evaluate(model, moods(11), None)
    assert {"accuracy", "ece", "macro_f1", "ci95"} <= row.keys()
    assert not {"hits", "risk"} & row.keys()
    assert evaluate(model, [*moods(3), *places(3)], None)["task"] == "mixed"


def test_several_labels():
    labels = ("joy", "fear")
    questions = [Question(str(i), labels, "emotion", answers=(i % 2,), multi_label=True) for i in range(10)]
    sure = [prediction([9, -9] if i % 2 == 0 else [-9, 9] if i < 9 else [9, 9]) for i in range(10)]
    found = figures(_Settings(), questions, sure)  # type: ignore[arg-type]  # only its settings are read
    assert found["accuracy"] == 0.9
    assert found["macro_f1"] == pytest.approx((10 / 11 + 1) / 2)
    assert found["ci95"][0] <= found["macro_f1"] <= found["ci95"][1]


class _Settings:
    """What figures reads of a model."""

    @property
    def settings(self):
        from kgreason.nn.model import ModelConfig

        return ModelConfig()


def test_affect_and_what_is_not_defined():
    values = (0.1, 0.5, 0.3, 0.9, 0.7)
    questions = [Question(str(v), task="emotion", vad=(v, 1 - v, 0.5)) for v in values]
    found = figures(_Settings(), questions, [prediction([], affect=[v, v, v, 0]) for v in values])  # type: ignore[arg-type]  # as above
    assert found["pearson_v"] == pytest.approx(1)
    assert found["pearson_a"] == pytest.approx(-1)
    assert found["pearson_d"] is None
    assert found["pearson"] is None


def test_entailment_has_a_macro_f1_and_no_hits():
    labels = ("entailment", "neutral", "contradiction")
    questions = [Question("a", labels, "entailment", "b", answer=i) for i in range(3)]
    sure = [prediction([1, 0, 0]), prediction([0, 1, 0]), prediction([0, 1, 0])]
    found = figures(_Settings(), questions, sure)  # type: ignore[arg-type]  # as above
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["macro_f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert found["ci95"] == list(wilson_interval(2, 3))
    assert "hits" not in found


def test_label_sets_are_not_mixed():
    sets = (("joy", "fear"), ("joy", "anger"))
    questions = [Question("a", labels, "emotion", answers=(0,), multi_label=True) for labels in sets]
    with pytest.raises(InputError, match="2 label sets"):
        figures(_Settings(), questions, [prediction([1, 0])] * 2)  # type: ignore[arg-type]  # as above


def test_hits_count_ranks():
    questions = [Question(str(i), tuple("abcd"), answer=i) for i in range(4)]
    found = figures(_Settings(), questions, [prediction([4, 3, 2, 1])] * 4)  # type: ignore[arg-type]  # as above
    assert found["hits"] == {"1": 0.25, "3": 0.75}


def test_hits_that_cannot_miss_are_left_out():
    questions = [Question(str(i), tuple("abc"), answer=i) for i in range(3)]
    found = figures(_Settings(), questions, [prediction([3, 2, 1])] * 3)  # type: ignore[arg-type]  # as above
    assert set(found["hits"]) == {"1"}


def test_without_truth_there_is_nothing_to_measure(model):
    with pytest.raises(InputError, match="none of the 2 questions of own says its answer"):
        evaluate(model, [Question("a", ("x", "y")), Question("b", ("x", "y"))], None, name="own")
