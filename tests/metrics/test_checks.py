from __future__ import annotations

import inspect

import numpy as np
import pytest

from kgreason import metrics
from kgreason.errors import InputError
from kgreason.metrics.checks import finite, indices, probabilities, same_length, truths
from tests.metrics import test_calibration, test_classification, test_ranking
from tests.metrics.cases import MetricCase

#: Functions that are no metric of samples: they fit, rank one question, report, or judge a figure.
OTHERS = {
    "apply_thresholds", "best_rank", "ci95", "classification_report", "first_hit", "fit_temperature", "fit_thresholds",
    "mcnemar", "newcombe_interval", "paired_bootstrap", "reliability", "turning_point", "wilson_interval",
}  # fmt: skip


def test_every_metric_has_its_case():
    tested = {
        name.removeprefix("Test").lower()
        for module in (test_calibration, test_classification, test_ranking)
        for name, member in vars(module).items()
        if inspect.isclass(member) and issubclass(member, MetricCase)
    }
    functions = {name for name in metrics.__all__ if inspect.isfunction(getattr(metrics, name))}
    assert {name.replace("_", "") for name in functions - OTHERS} <= tested


@pytest.mark.parametrize(
    ("check", "values", "what"),
    [
        (indices, [[0]], "2 dimensions"),
        (indices, [True], "bool"),
        (indices, ["a"], "<U1"),
        (indices, [[0], [0, 1]], "different lengths"),
        (truths, ["yes"], "<U3"),
        (truths, [0.5], "more than 0 and 1"),
        (finite, [1 + 2j], "complex"),
        (finite, [None], "object"),
        (finite, [np.inf], "infinity"),
        (probabilities, [-0.1, 0.5], "-0.1 to 0.5"),
    ],
)
def test_what_is_no_such_array_is_refused(check, values, what):
    with pytest.raises(InputError, match=f"shares .*{what}"):
        check("shares", values)


def test_lists_and_arrays_are_taken_alike():
    assert indices("x", [3, 5]).dtype == np.int64
    assert truths("x", [1, 0, True]).tolist() == [True, False, True]
    assert finite("x", [True, 2]).tolist() == [1.0, 2.0]
    assert probabilities("x", np.array([0.5], dtype=np.float32)).dtype == np.float64


def test_lengths_are_told_by_name():
    with pytest.raises(InputError, match="preds has 2, target has 3"):
        same_length(preds=np.zeros(2), target=np.zeros(3))
