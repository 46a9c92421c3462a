from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import InputError
from kgreason.metrics import accuracy, classification_report, macro_f1
from tests.metrics.cases import MetricCase

reference = pytest.importorskip("sklearn.metrics")


class TestAccuracy(MetricCase):
    metric = accuracy

    def draw(self, random, n):
        return random.integers(3, size=n), random.integers(3, size=n)

    def perfect(self, random, n):
        target = random.integers(7, size=n)
        return target, target.copy()

    def reference(self, preds, target):
        return reference.accuracy_score(target, preds)


class TestMacroF1(MetricCase):
    metric = macro_f1

    def draw(self, random, n):
        return random.integers(5, size=n), random.integers(5, size=n)

    def perfect(self, random, n):
        target = random.integers(5, size=n)
        return target, target.copy()

    def reference(self, preds, target):
        return reference.f1_score(target, preds, average="macro", zero_division=0)


class TestMultiLabelMacroF1(MetricCase):
    metric = macro_f1

    def draw(self, random, n):
        return random.random((n, 3)) < 0.4, random.random((n, 3)) < 0.4

    def perfect(self, random, n):
        target = random.random((n, 3)) < 0.4
        target[0] = True  # a label without any sample has F1 0
        return target, target.copy()

    def reference(self, preds, target):
        return reference.f1_score(target, preds, average="macro", zero_division=0)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 53), several=st.booleans())
def test_the_report_agrees_with_the_reference(seed, n, several):
    random = np.random.default_rng(seed)
    shape = (n, 3) if several else (n,)
    preds, target = random.integers(2 if several else 3, size=(2, *shape))
    labels = ("anger", "joy", "no emotion")
    found = classification_report(preds, target, labels)
    names = {} if several else {"labels": range(3)}
    expected = reference.classification_report(
        target, preds, target_names=labels, output_dict=True, zero_division=0, **names
    )
    for row in (*found.classes, *found.averages):
        wanted = expected[row.label]
        assert (row.precision, row.recall, row.f1) == pytest.approx(
            (wanted["precision"], wanted["recall"], wanted["f1-score"])
        )
        assert row.support == wanted["support"]
    assert found.accuracy == pytest.approx(reference.accuracy_score(target, preds))
    assert json.loads(json.dumps(found.to_dict()))["accuracy"] == found.accuracy


def test_the_report_prints_a_row_a_class_in_line():
    printed = str(classification_report([0, 1, 1], [0, 1, 0], labels=("no", "a much longer label")))
    lines = [line for line in printed.splitlines() if line]
    assert len(lines) == 6
    assert len({len(line) for line in lines}) == 1
    assert "a much longer label" in printed


def test_several_labels_have_a_micro_average():
    found = classification_report([[1, 0], [1, 1]], [[1, 1], [0, 1]], labels=("a", "b"))
    assert [row.label for row in found.averages] == ["micro avg", "macro avg", "weighted avg"]
    assert found.averages[0].f1 == pytest.approx(2 / 3)
    assert found.accuracy == 0


@pytest.mark.parametrize(
    ("preds", "target", "labels", "what"),
    [
        ([0, 5], [0, 1], ("a", "b"), "6 classes, but 2 labels"),
        ([[1, 0]], [[1, 0, 1]], ("a", "b"), r"\(1, 2\).*\(1, 3\)"),
        ([0.5], [0], ("a",), "float64"),
        ([-1], [0], ("a",), "-1"),
    ],
)
def test_wrong_input_is_refused(preds, target, labels, what):
    with pytest.raises(InputError, match=what):
        classification_report(preds, target, labels)
