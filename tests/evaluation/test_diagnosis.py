from __future__ import annotations

import json
from dataclasses import replace

import pytest

from kgreason.errors import InputError
from kgreason.evaluation import diagnose
from kgreason.evaluation.diagnosis import LEAST
from kgreason.metrics import wilson_interval
from kgreason.nn.predict import predict
from kgreason.records import Question
from kgreason.retrieval import Pairs
from tests.models import DENIED, WORDS, moods, opened, places, reviewer, reviews, tiny_model


@pytest.fixture(scope="module")
def model(tiny_base):
    return opened(tiny_model(tiny_base))


@pytest.fixture
def files():
    tagged = [replace(q, extra={"hops": i % 2}) for i, q in enumerate(places(31))]
    return {"places": [*tagged, Question("Where?", ("zoo", "oven"))], "moods": moods(23)}


@pytest.fixture
def found(model, files, tiny_graph, home):
    return diagnose(model, files, tiny_graph, limit=22)


def test_it_counts_as_predictions_are(found, model, files, tiny_graph):
    assert found.left_out == 1
    known = files["places"][:31]
    judged = [
        int(p.logits.argmax()) == q.answer for q, p in zip(known, predict(model, Pairs(known, tiny_graph)), strict=True)
    ]
    first = found.results[0]
    assert (first.file, first.task, first.n) == ("places", "choice", 31)
    assert first.accuracy == sum(judged) / 31
    assert first.interval == wilson_interval(sum(judged), 31)
    odd = next(each for each in found.slices if each.phenomenon == "hops 1")
    assert (odd.n, odd.accuracy, odd.rest) == (15, sum(judged[1::2]) / 15, sum(judged[::2]) / 16)
    assert all(min(each.n, 31 - each.n) >= LEAST for each in found.slices if each.file == "places")
    assert [each.ends[1] for each in found.slices] == sorted(each.ends[1] for each in found.slices)


def test_effects_are_paired_and_of_the_sample_alone(found):
    effects = [*found.faculties, *found.robustness]
    assert {each.change for each in found.faculties} == {"K", "E"}
    assert {each.change for each in found.robustness} >= {"typos", "option order", "irrelevant sentence", "edge noise"}
    for each in effects:
        assert 0 < each.n <= 11
        assert each.difference == pytest.approx(each.after - each.before)
        assert each.ends[0] <= each.difference <= each.ends[1]
        assert 0 <= each.kept <= 1
    order = next(each for each in found.robustness if each.change == "option order")
    assert (order.file, order.kept, order.difference) == ("places", 1.0, 0.0)  # options are read as a set


def test_worst_answers_are_wrong_and_the_surest_come_first(found, files):
    asked = {question.id: question for questions in files.values() for question in questions}
    assert 0 < len(found.worst) <= 12
    assert all(each.choice != each.right for each in found.worst)
    assert all(each.right == asked[each.id].options[asked[each.id].answer or 0] for each in found.worst)
    assert [each.confidence for each in found.worst] == sorted((each.confidence for each in found.worst), reverse=True)
    assert [each.n for each in found.calibration] == [31, 23]
    assert [sum(bin.n for bin in each.bins) for each in found.calibration] == [31, 23]


def test_the_seed_alone_is_left_to_chance(found, model, files, tiny_graph):
    again = diagnose(model, files, tiny_graph, limit=22)
    assert replace(again, seconds=0) == replace(found, seconds=0)
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["results"][0]["n"] == 31


def test_several_labels_and_open_questions(tiny_base, model, tiny_graph, home):
    several = [replace(q, answer=None, answers=(i % 2,), multi_label=True) for i, q in enumerate(moods(11))]
    opens = [Question(f"Where is a penguin {i}?", task="open", gold=("zoo",)) for i in range(3)]
    found = diagnose(model, {"several": several, "open": opens}, tiny_graph)
    assert [each.n for each in found.results] == [11, 3]
    assert not found.calibration  # this model follows no paths, and several labels may be right
    assert not found.worst


def test_tasks_of_one_file_are_told_apart(model, home):
    found = diagnose(model, {"both": [*places(3), *moods(2)]}, None)
    assert [(each.file, each.task, each.n) for each in found.results] == [
        ("both (choice)", "choice", 3),
        ("both (emotion)", "emotion", 2),
    ]
    assert not found.slices
    assert not found.robustness  # too few to say anything


def test_without_truth_there_is_nothing_to_find(model):
    with pytest.raises(InputError, match="no sample says which option is right"):
        diagnose(model, {"a": [Question("Where?", ("zoo", "oven"))]}, None)
    with pytest.raises(InputError, match="limit is 0"):
        diagnose(model, {"a": places(3)}, None, limit=0)


FILMS = ("film", "play", "song", "book", "show")
FORMS = ("The {} was {}.", "All of the {} was {}.", "The {} was {} and long.", "Watch 3: the {} was {}.")


@pytest.mark.slow
@pytest.mark.parametrize("seen", [False, True])
def test_a_phenomenon_that_training_lacked_is_named(tiny_base, seen):
    plain, denied = reviews(WORDS, FORMS, FILMS), reviews(DENIED, ["The {} was not {}."], FILMS)
    model = reviewer(tiny_base, [*plain, *denied] if seen else plain)
    found = diagnose(model, {"reviews": [*plain, *denied]}, None, limit=1)
    if seen:
        assert found.weakness is None
        return
    assert found.weakness is not None
    assert found.weakness.phenomenon == "negation"
    assert found.weakness.n == len(denied)
    assert found.weakness.rest > 0.9
