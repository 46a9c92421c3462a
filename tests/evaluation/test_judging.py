from __future__ import annotations

from dataclasses import replace

import pytest

from kgreason.evaluation.judging import judge
from kgreason.nn.confidence import confidence
from kgreason.nn.predict import predict
from kgreason.records import Question
from kgreason.retrieval import Pairs
from tests.models import SENTIMENT, moods, opened, places, tiny_model


@pytest.fixture(scope="module")
def model(tiny_base):
    return opened(tiny_model(tiny_base))


def test_one_of_several_options(model, tiny_graph, home):
    items = Pairs(places(13), tiny_graph)
    steps = []
    found = judge(model, items, lambda done, total: steps.append((done, total)))
    for each, prediction, (question, _) in zip(found, predict(model, items), items, strict=True):
        best = int(prediction.logits.argmax())
        assert each.choice == (question.options[best],)
        assert each.right == (best == question.answer)
        assert each.sure is not None
        assert each.sure == pytest.approx(confidence(question, prediction.logits, model.settings.temperature).max())
    assert steps[-1] == (13, 13)


def test_of_several_labels_all_have_to_be_found(model):
    asked = [replace(each, answer=None, answers=(i % 2,), multi_label=True) for i, each in enumerate(moods(11))]
    for each, question in zip(judge(model, [(question, None) for question in asked]), asked, strict=True):
        assert each.right == (each.choice == (SENTIMENT[(question.answers or ())[0]],))
        assert each.sure is None


def test_an_open_question_that_no_path_answers(model, tiny_graph, home):
    (found,) = judge(model, Pairs([Question("Where is a penguin?", task="open", gold=("oven",))], tiny_graph))
    assert not found.right
    assert found.sure is None  # this model follows no paths
