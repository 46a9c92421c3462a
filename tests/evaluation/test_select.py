from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import InputError
from kgreason.evaluation.select import label, select
from kgreason.records import Question
from tests.models import places, prediction

ROWS = st.lists(st.lists(st.floats(-9, 9, width=32), min_size=3, max_size=3), min_size=1, max_size=13)


def asked(count: int) -> list[Question]:
    return [Question("Which?", ("a", "b", "c"), id=f"q{i:02}") for i in range(count)]


def sure(question: Question) -> float:
    return float(str(question.extra["sure"]))


@given(rows=ROWS, n=st.integers(1, 17), by=st.sampled_from(["margin", "entropy"]))
def test_the_least_sure_come_first_whatever_the_order_of_the_file(rows, n, by):
    questions, predictions = asked(len(rows)), [prediction(row) for row in rows]
    chosen = select(questions, predictions, n, by=by)
    assert len(chosen) == min(n, len(rows))
    keys = [(sure(q), q.id) for q in select(questions, predictions, len(rows), by=by)]
    assert all(first <= second + 1e-6 for (first, _), (second, _) in pairwise(keys))
    assert chosen == select(questions[::-1], predictions[::-1], n, by=by)
    for question in chosen:
        row = rows[int(question.id[1:])]
        chances = np.exp(np.float32(row).astype(np.float64) - np.float32(max(row)))
        assert (
            chances["abc".index(str(question.extra["guess"]))] == chances.max()
        )  # scores may differ by less than chances


def test_margin_and_entropy_ask_for_different_samples():
    """One is torn between two options and sure of the third; the other knows next to nothing."""
    torn, flat = prediction([4, 4, -9]), prediction([0.2, 0, 0])
    assert [q.id for q in select(asked(2), [torn, flat], 1, by="margin")] == ["q00"]
    assert [q.id for q in select(asked(2), [torn, flat], 1, by="entropy")] == ["q01"]


def test_where_several_labels_may_hold_the_nearest_to_its_threshold_counts():
    question = Question("Oh!", ("joy", "fear"), "emotion", multi_label=True, id="far")
    questions = [question, replace(question, id="near")]
    rows = [prediction([3, -3]), prediction([0.1, -5])]
    first, second = select(questions, rows)
    assert (first.id, first.extra["guess"], second.extra["guess"]) == ("near", ["joy"], ["joy"])
    high = {"joy|fear": float(1 / (1 + np.exp(-3)))}
    first, second = select(questions, rows, threshold=high)
    assert (first.id, first.extra["sure"], second.extra["guess"]) == ("far", pytest.approx(0, abs=1e-6), [])


def test_temperature_counts():
    (cold,) = select(asked(1), [prediction([1, 0, 0])])
    (warm,) = select(asked(1), [prediction([1, 0, 0])], temperature={"choice": 5.0})
    assert sure(warm) < sure(cold)


def test_labelled_samples_and_those_without_options_are_passed_over():
    questions = [*places(2), Question("Who?", task="open", id="open"), *asked(1)]
    rows = [prediction([0, 0]), prediction([0, 0]), prediction([]), prediction([1, 0, 0])]
    assert [q.id for q in select(questions, rows)] == ["q00"]
    with pytest.raises(InputError, match="none of the 2 samples"):
        select(questions[:2], rows[:2])


@pytest.mark.parametrize(("arguments", "message"), [({"n": 0}, "n is 0"), ({"by": "luck"}, "by is 'luck'")])
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        select(asked(1), [prediction([1, 0, 0])], **arguments)


@given(rows=ROWS, above=st.floats(0, 1))
def test_labels_are_the_best_options_of_those_it_is_sure_of(rows, above):
    questions = [*asked(len(rows)), replace(places(1)[0], id="known")]
    found = {q.id: q for q in label(questions, [prediction(row) for row in [*rows, [9, 0]]], above)}
    for question, row in zip(questions, rows, strict=False):
        chances = np.exp(np.float32(row).astype(np.float64) - max(row))
        best = chances.max() / chances.sum()
        if abs(best - above) > 1e-6:
            assert (question.id in found) == (best > above)
        if told := found.get(question.id):
            assert chances[told.answer] == pytest.approx(chances.max())
            assert told.extra["confidence"] == pytest.approx(best, abs=1e-5)
    assert "known" not in found


def test_a_temperature_makes_it_less_sure():
    questions, rows = asked(1), [prediction([3, 0, 0])]
    assert len(label(questions, rows, 0.9)) == 1
    assert label(questions, rows, 0.9, temperature={"choice": 3.0}) == []


def test_of_several_labels_each_has_to_be_sure():
    several = Question("Oh!", ("joy", "fear"), "emotion", multi_label=True, id="sure")
    questions = [several, replace(several, id="torn"), replace(several, id="neither")]
    found = label(questions, [prediction([4, -4]), prediction([4, 0.1]), prediction([-4, -4])], 0.9)
    assert [(q.id, q.answers) for q in found] == [("sure", (0,)), ("neither", ())]


@pytest.mark.parametrize("above", [-0.1, 1.1, float("nan")])
def test_what_is_no_probability_is_named(above):
    with pytest.raises(InputError, match="above is"):
        label([], [], above)
