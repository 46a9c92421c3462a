from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kgreason.nn.logic import GATE_FEATURES
from kgreason.nn.predict import CONTEXT_CHARACTERS, _parts, predict
from tests.formula import KNOWLEDGE, QUESTIONS, items, make, scores


@pytest.fixture(scope="module")
def model(tiny_base):
    return make(tiny_base, knowledge=KNOWLEDGE)


@pytest.mark.parametrize("batch_size", [1, 3, 32])
def test_predictions_come_in_the_order_of_the_questions(model, tiny_graph, batch_size):
    asked = items(tiny_graph) * 2
    found: list[Any] = predict(model, asked, batch_size=batch_size)
    assert [len(p.logits) for p in found] == [len(question.options) for question, _ in asked]
    for prediction, item in zip(found, asked, strict=True):
        expected: Any = scores(model, [item])
        np.testing.assert_allclose(prediction.logits, expected.logits, atol=1e-5)
        np.testing.assert_allclose(prediction.text, expected.text, atol=1e-5)
        np.testing.assert_allclose(prediction.paths, expected.paths, atol=1e-5)
        np.testing.assert_allclose(prediction.graph, expected.graph, atol=1e-5)
        np.testing.assert_allclose(prediction.affect, expected.affect[0], atol=1e-5)
        np.testing.assert_allclose(prediction.features, expected.features[0], atol=1e-4)
        assert prediction.gate == pytest.approx(float(expected.gate[0]), abs=1e-5)
        assert len(prediction.features) == len(GATE_FEATURES)


def test_logits_are_text_and_what_the_gate_lets_in(model, tiny_graph):
    for p in predict(model, items(tiny_graph)):
        np.testing.assert_allclose(p.logits, p.text + p.gate * (p.paths + p.graph), atol=1e-5)


def test_the_model_is_left_as_it_was(model):
    model.train()
    try:
        predict(model, items(None), autocast=torch.bfloat16)
        assert model.training
        assert model.backbone.autocast is None
        with pytest.raises(TypeError):
            predict(model, [(QUESTIONS[0], 7)], autocast=torch.bfloat16)  # type: ignore[list-item]  # no subgraph
        assert model.training
        assert model.backbone.autocast is None
    finally:
        model.eval()


def test_dropout_has_no_part_in_it(model):
    model.train()
    try:
        first, second = predict(model, items(None)), predict(model, items(None))
    finally:
        model.eval()
    assert all(np.array_equal(a.logits, b.logits) for a, b in zip(first, second, strict=True))


def test_parts_that_are_off_leave_nothing(tiny_base):
    found = predict(make(tiny_base, emotion=False), items(None))
    assert all(p.affect is None and p.features is None and p.gate == 0 for p in found)


@pytest.mark.usefixtures("bfloat16")
def test_mixed_precision_is_close(model, tiny_graph):
    full: list[Any] = predict(model, items(tiny_graph))
    half: list[Any] = predict(model, items(tiny_graph), autocast=torch.bfloat16)
    assert any(not np.array_equal(a.text, b.text) for a, b in zip(full, half, strict=True))
    for a, b in zip(full, half, strict=True):
        np.testing.assert_allclose(a.affect, b.affect, atol=0.05)


def test_progress_and_nothing_to_do(model):
    told = []
    predict(model, items(None), batch_size=3, progress=lambda *report: told.append(report))
    assert told == [(3, 8), (6, 8), (8, 8)]
    assert predict(model, []) == []


@given(sizes=st.lists(st.integers(0, 90_000), max_size=23), size=st.integers(1, 7))
def test_batches_hold_so_many_questions_and_so_much_context(sizes, size):
    parts = list(_parts(range(len(sizes)), sizes, size))
    assert [row for part in parts for row in part] == list(range(len(sizes)))
    assert all(len(part) <= size for part in parts)
    assert all(len(part) == 1 or sum(sizes[row] for row in part) <= CONTEXT_CHARACTERS for part in parts)
