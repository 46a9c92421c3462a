from __future__ import annotations

import numpy as np
import pytest
import torch

from kgreason.evaluation.faculties import FACULTIES, stripped, takes_part, without
from kgreason.grounding import with_stated
from kgreason.nn.predict import predict
from kgreason.records import Question
from kgreason.retrieval import Pairs
from tests.models import moods, opened, places, tiny_model

STORY = "Anna is the mother of Ben. Ben's sister is Carla. How is Anna related to Carla?"


@pytest.fixture(scope="module")
def model(tiny_base):
    found = opened(tiny_model(tiny_base))
    torch.nn.init.ones_(found.context.options.gate)
    torch.nn.init.ones_(found.logic.affect.weight)
    return found


def scores(model, items):
    return np.concatenate([each.logits for each in predict(model, items)])


@pytest.mark.parametrize("faculty", FACULTIES)
def test_a_faculty_off_changes_the_scores_and_is_on_again_after(model, tiny_graph, faculty):
    questions = [
        *places(3),
        *moods(2),
        with_stated(Question(STORY, ("aunt", "mother", "sister"), context="Ben lives in a zoo.")),
    ]
    items = Pairs(questions, tiny_graph, stored=False)
    rows = [i for i in range(len(items)) if takes_part(model, faculty, items[i])]
    whole = scores(model, items)
    with without(model, faculty):
        off = predict(model, [stripped(items[i], faculty) for i in rows])
    on = predict(model, [items[row] for row in rows])
    same = [np.allclose(one.logits, two.logits, atol=1e-5) for one, two in zip(on, off, strict=True)]
    assert same == [False] * (len(rows) - 1) + [faculty == "K"]  # no path leads to the story's options
    np.testing.assert_array_equal(scores(model, items), whole)


def test_what_a_model_lacks_takes_no_part(tiny_base, tiny_graph):
    text = tiny_model(tiny_base, knowledge=None)
    item = Pairs(places(1), tiny_graph, stored=False)[0]
    assert [name for name in FACULTIES if takes_part(text, name, item)] == []
    text.emotion = None
    assert not takes_part(text, "E", (moods(1)[0], None))


def test_it_is_on_again_after_a_fault(model):
    gate = float(model.context.options.gate.detach())
    for faculty in ("E", "C"):
        with pytest.raises(KeyError), without(model, faculty):
            raise KeyError
    assert model.emotion is not None
    assert float(model.context.options.gate.detach()) == gate != 0
