from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kgreason.errors import InputError
from kgreason.evaluation import evaluate
from kgreason.evaluation.ensemble import Ensemble
from kgreason.nn.confidence import confidence
from kgreason.nn.predict import predict
from kgreason.records import Question
from kgreason.retrieval import Pairs
from tests.models import moods, opened, places, reviewer, tiny_model

SEVERAL = Question("a bright film", ("joy", "fear", "anger"), "emotion", answers=(0,), multi_label=True)


@pytest.fixture(scope="module")
def models(tiny_base):
    one, other = reviewer(tiny_base, moods(12)), opened(tiny_model(tiny_base))
    one.settings = replace(one.settings, temperature={"emotion": 2.5}, threshold={"a|b": 0.2})
    other.settings = replace(other.settings, temperature={"choice": 0.5}, threshold={"a|b": 0.4, "c|d": 0.9})
    return one, other


def test_probabilities_are_the_mean_of_the_models_own(models, tiny_graph, home):
    items = Pairs([*places(5), *moods(4), SEVERAL], tiny_graph)
    each = [[confidence(q, p.logits, model.settings.temperature)
             for (q, _), p in zip(items, predict(model, items), strict=True)] for model in models]  # fmt: skip
    together = Ensemble(models)
    found = together.predict(items)
    for (question, _), prediction, *own in zip(items, found, *each, strict=True):
        np.testing.assert_allclose(
            confidence(question, prediction.logits, together.settings.temperature), np.mean(own, axis=0), atol=1e-6
        )
    assert together.settings.threshold == pytest.approx({"a|b": 0.3, "c|d": 0.9})


def test_one_model_together_with_itself_is_itself(models, tiny_graph, home):
    alone, twice = (evaluate(each, places(9), tiny_graph) for each in (models[1], Ensemble([models[1]] * 2)))
    for figures, others in ((alone, twice), (alone["text"], twice["text"])):
        assert {name: others[name] for name in ("accuracy", "hits", "ci95")} == {
            name: figures[name] for name in ("accuracy", "hits", "ci95")
        }
        assert others["ece"] == pytest.approx(figures["ece"], abs=1e-5)


def test_open_questions_are_refused(models):
    with pytest.raises(InputError, match="which is open"):
        Ensemble(models).predict([(Question("Where is it?", task="open", gold=("zoo",)), None)])
