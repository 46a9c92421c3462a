from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kgreason.errors import InputError
from kgreason.nn.predict import RankedNodes
from kgreason.records import Question
from kgreason.training.report import (
    affects,
    answer_rank,
    classification,
    decisions,
    main_score,
    open_f1,
    open_questions,
    report,
    single_choices,
)
from tests.models import prediction

CHOICES = [Question("a", ("x", "y", "z"), answer=1), Question("b", ("x", "y"), answer=0), Question("c", ("x", "y"))]
CHOSEN = [prediction([0, 2, 1]), prediction([0, 1]), prediction([9, 0])]
LABELS = ("joy", "fear", "anger")
SEVERAL = [
    Question("a", LABELS, "emotion", answers=(0,), multi_label=True),
    Question("b", LABELS, "emotion", answers=(1, 2), multi_label=True),
    Question("c", LABELS, "emotion", answers=(), multi_label=True),
]
SURE = [prediction([3, -3, -3]), prediction([-3, 3, -3]), prediction([-1, -3, -3])]


def test_choice():
    found = report(CHOICES, CHOSEN)
    assert set(found) == {"accuracy", "ece"}
    assert found["accuracy"] == main_score(found) == 0.5
    assert len(single_choices(CHOICES, CHOSEN)) == 2


def test_temperature_moves_confidence_alone():
    cold, warm = (report(CHOICES, CHOSEN, temperature={"choice": t}) for t in (0.05, 20.0))
    assert cold["accuracy"] == warm["accuracy"]
    assert cold["ece"] == pytest.approx(0.5, abs=1e-3)
    assert warm["ece"] != cold["ece"]


def test_one_label_set_has_macro_f1():
    questions = [Question(t, ("no", "yes"), "emotion", answer=i) for i, t in enumerate(("a", "b"))]
    found = report(questions, [prediction([1, 0]), prediction([1, 0])])
    assert found["accuracy"] == 0.5
    assert found["macro_f1"] == pytest.approx((2 / 3 + 0) / 2)
    table = classification(questions, [prediction([1, 0]), prediction([1, 0])])
    assert table is not None
    assert "yes" in str(table)


def test_several_labels_and_their_threshold():
    found = report(SEVERAL, SURE)
    assert found["exact"] == pytest.approx(2 / 3)
    assert main_score(found) == found["multi_f1"] == pytest.approx((1 + 1 + 0) / 3)
    truth, low = decisions(SEVERAL, SURE, {"joy|fear|anger": 0.2})
    assert truth.tolist() == [[True, False, False], [False, True, True], [False, False, False]]
    assert low.tolist() == [[True, False, False], [False, True, False], [True, False, False]]
    assert classification(SEVERAL, SURE) is not None


def test_different_label_sets_are_refused():
    other = Question("d", ("up", "down"), "emotion", answers=(0,), multi_label=True)
    with pytest.raises(InputError, match="2 label sets"):
        report([*SEVERAL, other], [*SURE, prediction([0, 0])])


def test_affect_is_correlation():
    random = np.random.default_rng(3)
    right = random.random((17, 3))
    questions = [Question(str(i), task="emotion", vad=tuple(row)) for i, row in enumerate(right.tolist())]
    seen = [prediction([], affect=[v, 1 - a, d, 0]) for v, a, d in right]
    found = report(questions, seen)
    assert (found["pearson_v"], found["pearson_a"], found["pearson_d"]) == pytest.approx((1, -1, 1), abs=1e-5)
    assert main_score(found) == pytest.approx(1 / 3, abs=1e-5)
    assert [part.shape for part in affects(questions, seen)] == [(17, 3)] * 2
    assert affects(questions, [prediction([])] * 17)[0].shape == (0, 3)


def test_no_truth_is_said():
    with pytest.raises(InputError, match="carry no truth"):
        main_score(report([Question("a", ("x", "y"))], [prediction([0, 1])]))
    assert classification(CHOICES, CHOSEN) is None


def answers(log_p, right):
    nodes = RankedNodes(
        np.arange(len(log_p)), np.array(log_p, np.float32), np.array(right), 1.0, np.zeros(4, np.float32)
    )
    return replace(prediction([]), nodes=nodes)


OPEN = [
    Question("a", task="open", gold=("x", "y")),
    Question("b", task="open", gold=("z",)),
    Question("c", task="open"),
]


def test_open_questions():
    found = [
        answers([-0.5, -0.7, -5.0], [True, True, False]),
        answers([-0.1, -3.0], [False, True]),
        answers([-0.1], [False]),
    ]
    assert len(open_questions(OPEN, found)) == 2
    assert [answer_rank(p) for p in found] == [1, 2, 0]
    figures = report(OPEN, found, threshold={"open": 0.5})
    assert figures["hits1"] == main_score(figures) == 0.5
    assert figures["hits10"] == 1.0
    assert figures["set_f1"] == pytest.approx(0.5)


def test_an_answer_that_ties_with_a_wrong_one_is_no_hit():
    assert answer_rank(answers([-1.0, -1.0], [True, False])) == 2
    assert answer_rank(answers([-1.0, -1.0], [True, True])) == 1


def test_right_answers_that_were_not_found_cost_f1():
    found = [answers([-0.1, -0.2], [True, False])]
    # one of two found, beside a wrong one: precision 1/2, recall 1/2
    assert open_f1(open_questions(OPEN[:1], found), 0.5) == pytest.approx(0.5)
    assert report(OPEN[:1], [prediction([])])["hits1"] == 0.0
