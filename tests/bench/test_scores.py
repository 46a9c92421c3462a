from __future__ import annotations

import numpy as np
import pytest

from kgreason.bench.scores import auroc, calibration_bins, pooled_ece, score_choices, score_open
from kgreason.metrics import expected_calibration_error
from kgreason.nn.knowledge import KnowledgeConfig
from kgreason.nn.predict import predict
from kgreason.records import Question
from kgreason.retrieval import Pairs
from kgreason.training.report import answer_rank
from tests.models import places, tiny_model


def test_choices_are_scored_in_order(tiny_base):
    model = tiny_model(tiny_base, knowledge=None)
    items = Pairs(places(23))
    found = score_choices(model, items)
    assert found.logits.shape == (23, 2)
    answers = [question.answer for question, _ in items]
    assert found.right.tolist() == (found.logits.argmax(1) == answers).tolist()
    assert found.figures["ece"] == pytest.approx(pooled_ece([found.figures["bins"]], 23), abs=1e-3)


def test_the_error_of_rows_together_is_that_of_all_samples():
    random = np.random.default_rng(3)
    sure = random.random(101)
    right = random.random(101) < sure**2
    parts = [slice(0, 37), slice(37, 101)]
    bins = [calibration_bins(sure[part], right[part]) for part in parts]
    assert pooled_ece(bins, 101) == pytest.approx(expected_calibration_error(sure, right), abs=1e-3)


def test_open_questions_are_scored_by_their_best_node(tiny_base, tiny_graph):
    reader = KnowledgeConfig(width=32, graph_width=8, heads=2, paths="follower", nodes=False, fusion=False)
    model = tiny_model(tiny_base, knowledge=reader)
    asked = [
        Question("Where is a penguin?", task="open", gold=("zoo", "antarctica")),
        Question("What is a bird?", task="open", gold=("animal",)),
        Question("What is where nobody knows?", task="open", gold=("oven",)),
    ]
    items = Pairs(asked, tiny_graph, stored=False)[:]
    found = score_open(model, items)
    places_ = [answer_rank(prediction) for prediction in predict(model, items)]
    assert found.right.tolist() == [place == 1 for place in places_]
    assert found.figures["hits10"] == pytest.approx(100 * np.mean([0 < place <= 10 for place in places_]), abs=1e-3)
    assert 0 <= found.figures["auroc"] <= 1
    assert np.isnan(found.logits[2]).all() or places_[2] >= 0


def test_auroc_counts_pairs():
    random = np.random.default_rng(2)
    score, positive = random.integers(0, 7, 41) / 7, random.random(41) < 0.4
    pairs = [(a > b) + 0.5 * (a == b) for a in score[positive] for b in score[~positive]]
    assert auroc(score, positive) == pytest.approx(np.mean(pairs))
