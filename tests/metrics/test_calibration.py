from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import InputError
from kgreason.metrics import (
    apply_thresholds,
    expected_calibration_error,
    fit_temperature,
    fit_thresholds,
    macro_f1,
    reliability,
    risk_coverage,
)
from kgreason.metrics.calibration import TEMPERATURES
from tests.metrics.cases import MetricCase

optimize = pytest.importorskip("scipy.optimize")
special = pytest.importorskip("scipy.special")


class TestExpectedCalibrationError(MetricCase):
    metric = expected_calibration_error
    best = 0.0

    def draw(self, random, n):
        return np.round(random.random(n), 2), random.random(n) < 0.5

    def perfect(self, random, n):
        return np.ones(n), np.ones(n, dtype=bool)

    def reference(self, confidence, correct):
        total = 0.0
        edges = np.linspace(0, 1, 16)
        for m in range(15):
            inside = (confidence > edges[m]) & (confidence <= edges[m + 1])
            if m == 0:
                inside |= confidence == 0
            if inside.any():
                total += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
        return float(total)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 97), bins=st.integers(1, 13))
def test_bins_hold_every_sample_once_and_make_up_the_error(seed, n, bins):
    random = np.random.default_rng(seed)
    confidence, correct = np.round(random.random(n), 2), random.random(n) < 0.5
    found = reliability(confidence, correct, bins=bins)
    assert sum(each.n for each in found) == n
    assert all(each.n for each in found)
    assert sum(each.n * each.confidence for each in found) == pytest.approx(confidence.sum())
    assert sum(each.n * each.accuracy for each in found) == pytest.approx(correct.sum())
    gap = sum(each.n * abs(each.accuracy - each.confidence) for each in found) / n
    assert expected_calibration_error(confidence, correct, bins=bins) == pytest.approx(gap)


class TestRiskCoverage(MetricCase):
    best = 0.0

    @staticmethod
    def metric(confidence, correct):
        return risk_coverage(confidence, correct).area

    def draw(self, random, n):
        return np.round(random.normal(size=n), 1), random.random(n) < 0.5

    def perfect(self, random, n):
        return random.random(n), np.ones(n, dtype=bool)

    def reference(self, confidence, correct):
        order = np.argsort(-np.asarray(confidence), kind="stable")
        risks = []
        for k in range(1, len(order) + 1):
            last = confidence[order[k - 1]]
            before, tied = correct[confidence > last], correct[confidence == last]
            risks.append(((~before).sum() + (~tied).mean() * (k - len(before))) / k)
        return float(np.mean(risks))


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=5))
def test_ties_count_as_drawn_in_random_order(rows):
    confidence, correct = map(np.array, zip(*rows, strict=True))
    curves = []
    for order in map(np.array, permutations(range(len(rows)))):
        if (np.diff(confidence[order]) <= 0).all():
            curves.append(np.cumsum(~correct[order]) / np.arange(1, len(rows) + 1))
    curve = risk_coverage(confidence, correct)
    np.testing.assert_allclose(curve.risk, np.mean(curves, axis=0), atol=1e-12)
    assert curve.at(1.0) == pytest.approx((~correct).mean())


def test_coverage_is_a_share():
    curve = risk_coverage([3.0, 2.0, 1.0], [True, False, True])
    assert [curve.at(share) for share in (0.01, 1 / 3, 0.34, 2 / 3)] == [0, 0, 0.5, 0.5]
    for share in (0, 1.1):
        with pytest.raises(InputError, match="coverage is"):
            curve.at(share)


def nll(logits, target, temperature):
    return -special.log_softmax(np.asarray(logits) / temperature, axis=1)[np.arange(len(target)), target].mean()


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(5, 53))
def test_the_temperature_minimises_the_likelihood_s_negative_log(seed, n):
    random = np.random.default_rng(seed)
    logits, target = 5 * random.normal(size=(n, 5)), random.integers(5, size=n)
    logits[np.arange(n), target] += 4 * random.random()
    found = fit_temperature(logits, target)
    best = optimize.minimize_scalar(
        lambda log_t: nll(logits, target, np.exp(log_t)), bounds=np.log(TEMPERATURES), method="bounded"
    )
    assert TEMPERATURES[0] <= found <= TEMPERATURES[1]
    assert nll(logits, target, found) <= best.fun + 1e-9


def test_the_temperature_undoes_a_known_scale():
    random = np.random.default_rng(3)
    logits = random.normal(size=(20_011, 5))
    target = (logits + random.gumbel(size=logits.shape)).argmax(1)  # drawn from softmax(logits)
    assert fit_temperature(3 * logits, target) == pytest.approx(3, rel=0.05)


@pytest.mark.parametrize("padding", [-1e4, -np.inf])
def test_padding_does_not_move_the_temperature(padding):
    random = np.random.default_rng(5)
    logits, target = random.normal(size=(31, 3)), random.integers(3, size=31)
    padded = np.concatenate([logits, np.full((31, 2), padding)], axis=1)
    assert fit_temperature(padded, target) == pytest.approx(fit_temperature(logits, target))


def test_where_all_is_right_the_temperature_is_the_lowest():
    assert fit_temperature([[3.0, 0.0], [2.0, 0.0]], [0, 0]) == pytest.approx(TEMPERATURES[0], rel=1e-4)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 31))
def test_no_threshold_does_better_than_the_fitted_ones(seed, n):
    random = np.random.default_rng(seed)
    scores, target = np.round(random.random((n, 3)), 1), random.random((n, 3)) < 0.4
    fitted = fit_thresholds(scores, target)
    reached = macro_f1(apply_thresholds(scores, fitted), target)
    for column in range(3):
        for candidate in np.linspace(0, 1, 22):
            other = fitted.copy()
            other[column] = candidate
            assert macro_f1(apply_thresholds(scores, other), target) <= reached + 1e-12


def test_a_label_without_a_right_sample_keeps_a_half():
    assert fit_thresholds([[0.9, 0.1]], [[0, 1]]).tolist() == [0.5, 0.05]


def test_neighbouring_floats_are_still_told_apart():
    high = np.nextafter(0.5, 1)
    fitted = fit_thresholds([[high], [0.5]], [[1], [0]])
    assert apply_thresholds([[high], [0.5]], fitted).tolist() == [[True], [False]]


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: expected_calibration_error([1.5], [1]), "1.5"),
        (lambda: expected_calibration_error([0.5], [2]), "0 and 1"),
        (lambda: expected_calibration_error([0.5], [1], bins=0), "bins is 0"),
        (lambda: fit_temperature([[0.0, 1.0]], [2]), "holds 2"),
        (lambda: fit_temperature([0.0, 1.0], [0]), "two dimensions"),
        (lambda: fit_temperature([[np.nan, 1.0]], [0]), "NaN"),
        (lambda: fit_temperature([[-np.inf, 1.0]], [0]), "no finite score"),
        (lambda: fit_temperature(np.zeros((0, 2)), []), "empty"),
        (lambda: fit_thresholds([[0.5]], [[1, 0]]), r"\(1, 1\)"),
        (lambda: apply_thresholds([[0.5, 0.5]], [0.5]), "1 thresholds for 2"),
    ],
)
def test_wrong_input_is_refused(call, what):
    with pytest.raises(InputError, match=what):
        call()
