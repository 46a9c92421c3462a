from __future__ import annotations

import numpy as np
import pytest

from kgreason.errors import InputError
from kgreason.evaluation import evaluate, figures
from kgreason.nn.predict import Prediction
from kgreason.records import Question
from tests.checkpoints import tiny_model


@pytest.fixture(scope="module")
def model(tiny_base):
    return tiny_model(tiny_base, knowledge=True)


@pytest.fixture(scope="module")
def text_model(tiny_base):
    return tiny_model(tiny_base)


def choice(answer: int | None, options: int = 5) -> Question:
    places = ("zoo", "desert", "oven", "nest", "city")
    return Question("Where do you keep penguins?", places[:options], answer=answer)


def said(*logits: float, affect: tuple[float, ...] | None = None) -> Prediction:
    scores = np.array(logits, np.float32)
    felt = None if affect is None else np.array(affect, np.float32)
    return Prediction(scores, scores, 0 * scores, 0 * scores, 0.0, felt, None)


def test_choice(text_model):
    questions = [choice(0), choice(1), choice(2)]
    found = figures(text_model, questions, [said(5, 4, 3, 2, 1)] * 3)
    assert found["accuracy"] == pytest.approx(1 / 3)
    assert found["hits"] == {"1": pytest.approx(1 / 3), "3": 1.0}
    assert found["ci95"][0] < 1 / 3 < found["ci95"][1]
    assert "macro_f1" not in found


def test_hits_that_cannot_miss_are_left_out(text_model):
    assert set(figures(text_model, [choice(0, 2)], [said(1, 0)])["hits"]) == {"1"}
    assert set(figures(text_model, [choice(0, 3)], [said(1, 0, 0)])["hits"]) == {"1"}


def test_entailment_has_a_macro_f1(text_model):
    labels = ("entailment", "neutral", "contradiction")
    questions = [Question("a", labels, "entailment", "b", answer=i) for i in range(3)]
    found = figures(text_model, questions, [said(1, 0, 0), said(0, 1, 0), said(0, 1, 0)])
    assert found["accuracy"] == pytest.approx(2 / 3)
    assert found["macro_f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert "hits" not in found


def test_several_labels(text_model):
    questions = [Question("a", ("joy", "fear"), "emotion", answers=right, multi_label=True) for right in ((0,), (0, 1))]
    found = figures(text_model, questions, [said(2, -2), said(2, -2)])
    assert (found["accuracy"], found["macro_f1"]) == (0.5, 0.5)
    assert found["ci95"][0] <= 0.5 <= found["ci95"][1]


def test_affect(text_model):
    truth = [(0.1, 0.2, 0.3), (0.5, 0.1, 0.6), (0.9, 0.4, 0.1)]
    questions = [Question("a", task="emotion", vad=vad) for vad in truth]
    found = figures(text_model, questions, [said(affect=(*vad, 0.5)) for vad in truth])
    assert found["pearson"] == pytest.approx(1)
    assert found["pearson_d"] == pytest.approx(1)


def test_an_undefined_correlation_is_none(text_model):
    questions = [Question("a", task="emotion", vad=(0.5, x, x)) for x in (0.1, 0.9)]
    found = figures(text_model, questions, [said(affect=(0.5, 0.5, x, 0.5)) for x in (0.2, 0.8)])
    assert found["pearson"] is None
    assert found["ci95"] is None
    assert found["pearson_d"] == pytest.approx(1)


def test_label_sets_are_not_mixed(text_model):
    sets = (("joy", "fear"), ("joy", "anger"))
    questions = [Question("a", labels, "emotion", answers=(0,), multi_label=True) for labels in sets]
    with pytest.raises(InputError, match="2 label sets"):
        figures(text_model, questions, [said(1, 0)] * 2)


def test_the_graph_is_compared_with_itself_switched_off(model, tiny_graph, home):
    stages: list[str] = []
    found = evaluate(
        model, [choice(0), choice(None)], tiny_graph, name="three", progress=lambda stage, *_: stages.append(stage)
    )
    assert (found["file"], found["task"], found["n"]) == ("three", "choice", 1)
    assert found["ece"] != found["text"]["ece"]
    assert found["text"]["seconds"] >= 0
    assert {"retrieve", "score", "score without the graph"} == set(stages)


def test_without_a_graph_or_without_k_both_arms_are_one(model, text_model, tiny_graph, home):
    for found in (evaluate(model, [choice(1)], None), evaluate(text_model, [choice(1)], tiny_graph)):
        assert all(found[name] == value for name, value in found["text"].items())
    assert not home.exists()


def test_mixed_tasks_are_called_so(text_model):
    mood = Question("a", ("bad", "good"), "emotion", answer=0)
    assert evaluate(text_model, [choice(0), mood], None)["task"] == "mixed"


def test_nothing_to_measure_is_an_error(text_model):
    with pytest.raises(InputError, match="none of the 1 questions of my file says its answer"):
        evaluate(text_model, [choice(None)], None, name="my file")
