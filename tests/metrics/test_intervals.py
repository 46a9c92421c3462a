from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import InputError
from kgreason.metrics import ci95, mcnemar, newcombe_interval, paired_bootstrap, pearson, wilson_interval

stats = pytest.importorskip("scipy.stats")
seeds = st.integers(0, 2**32 - 1)


def mean(values):
    return float(values.mean())


@given(trials=st.integers(1, 10_007), share=st.floats(0, 1), level=st.sampled_from([0.8, 0.95, 0.99]))
def test_wilson_agrees_with_the_reference(trials, share, level):
    successes = round(share * trials)
    expected = stats.binomtest(successes, trials).proportion_ci(level, method="wilson")
    assert wilson_interval(successes, trials, level=level) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(
    ("shares", "ends"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.0582, 0.8062)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
        ((0, 10, 0, 20), (-0.1611, 0.2775)),
        ((10, 10, 0, 20), (0.6791, 1.0)),
        ((10, 10, 0, 10), (0.6075, 1.0)),
    ],
)
def test_newcombe_agrees_with_the_published_table(shares, ends):
    """Newcombe 1998, table II, method 10."""
    assert newcombe_interval(*shares) == pytest.approx(ends, abs=5e-5)


@pytest.mark.parametrize(("share", "other"), [(0.9, 0.7), (0.05, 0.1), (0.5, 0.5)])
def test_newcombe_keeps_its_level(share, other):
    random = np.random.default_rng(3)
    one, two = random.binomial(31, share, 997), random.binomial(83, other, 997)
    ends = [newcombe_interval(int(a), 31, int(b), 83) for a, b in zip(one, two, strict=True)]
    assert np.mean([low <= share - other <= high for low, high in ends]) > 0.935


@given(one=st.integers(0, 31), other=st.integers(0, 83), level=st.sampled_from([0.8, 0.95, 0.999]))
def test_newcombe_turned_round_is_the_same(one, other, level):
    low, high = newcombe_interval(one, 31, other, 83, level=level)
    assert -1 <= low <= one / 31 - other / 83 <= high <= 1
    assert newcombe_interval(other, 83, one, 31, level=level) == pytest.approx((-high, -low))


@given(one=st.integers(0, 97), other=st.integers(0, 97), both=st.integers(0, 7))
def test_mcnemar_is_a_sign_test_of_the_samples_that_differ(one, other, both):
    first = np.repeat([True, False, True], [one, other, both + 1])
    second = np.repeat([False, True, True], [one, other, both + 1])
    found = mcnemar(first, second)
    assert (found.only_first, found.only_second) == (one, other)
    expected = stats.binomtest(one, one + other).pvalue if one + other else 1.0
    assert found.p_value == pytest.approx(expected)


def test_mcnemar_is_exact_for_many_samples():
    first, second = np.repeat([True, False], [2600, 2400]), np.repeat([False, True], [2600, 2400])
    assert mcnemar(first, second).p_value == pytest.approx(stats.binomtest(2600, 5000).pvalue)


def test_ci95_agrees_with_the_reference():
    values = np.random.default_rng(1).exponential(size=211)
    found = ci95(mean, values, draws=4000)
    expected = stats.bootstrap((values,), np.mean, n_resamples=4000, method="percentile", rng=2).confidence_interval
    assert found == pytest.approx((expected.low, expected.high), rel=0.02)


def test_ci95_draws_samples_of_all_arrays_together():
    x = np.random.default_rng(1).normal(size=101)
    assert ci95(pearson, x, 2 * x, draws=50) == pytest.approx((1, 1))


@given(seed=seeds, n=st.integers(2, 31))
def test_ci95_of_groups_draws_whole_groups(seed, n):
    random = np.random.default_rng(seed)
    groups = random.integers(5, size=n)
    names = np.array([f"concept {g}" for g in groups])

    def whole(drawn, rows):
        for group in np.unique(drawn):
            assert (drawn == group).sum() % (groups == group).sum() == 0
            assert set(rows[drawn == group]) == set(np.flatnonzero(groups == group))
        return 0.0

    assert ci95(whole, groups, np.arange(n), groups=names, draws=7) == (0.0, 0.0)


def test_ci95_covers_the_truth_as_often_as_it_says():
    random = np.random.default_rng(7)
    covered = 0
    for seed in range(200):
        low, high = ci95(mean, random.normal(size=101), draws=200, seed=seed)
        covered += low <= 0 <= high
    assert 0.88 <= covered / 200 <= 0.99


def test_ci95_leaves_out_what_is_undefined():
    assert np.isnan(ci95(pearson, [1, 1, 1], [1, 2, 3], draws=7)).all()
    low, high = ci95(pearson, [1.0, 2.0, 3.0], [1.0, 2.0, 3.0], draws=50)  # some draws repeat one sample thrice
    assert (low, high) == pytest.approx((1, 1))


@given(seed=seeds, n=st.integers(1, 37))
def test_paired_bootstrap_mirrors_when_the_systems_change_places(seed, n):
    random = np.random.default_rng(seed)
    first, second = random.random((2, n))
    one, other = paired_bootstrap(first, second, draws=101), paired_bootstrap(second, first, draws=101)
    assert one.difference == pytest.approx(first.mean() - second.mean())
    assert (one.difference, one.low, one.high) == pytest.approx((-other.difference, -other.high, -other.low))
    assert one.p_value == other.p_value
    assert one.low <= one.high
    assert 0 < one.p_value <= 1


@given(seed=seeds)
def test_paired_bootstrap_of_groups_does_not_depend_on_order(seed):
    random = np.random.default_rng(seed)
    first, second, groups = random.random(31), random.random(31), random.integers(7, size=31)
    order = random.permutation(31)
    one = paired_bootstrap(first, second, groups=groups, draws=53)
    other = paired_bootstrap(first[order], second[order], groups=groups[order], draws=53)
    assert (one.low, one.high, one.p_value) == pytest.approx((other.low, other.high, other.p_value))
    assert one.groups == len(np.unique(groups))


def test_paired_bootstrap_agrees_with_the_statistic_drawn_by_ci95():
    random = np.random.default_rng(11)
    difference, groups = random.normal(0.1, 1, size=151), random.integers(31, size=151)
    found = paired_bootstrap(difference, np.zeros(151), groups=groups, draws=500, seed=3)
    assert (found.low, found.high) == pytest.approx(ci95(mean, difference, groups=groups, draws=500, seed=3))


def test_groups_widen_the_interval_of_copies():
    random = np.random.default_rng(2)
    first, second = (np.repeat(random.random(53) < share, 5).astype(float) for share in (0.6, 0.5))
    alone = paired_bootstrap(first, second, draws=2000)
    grouped = paired_bootstrap(first, second, groups=np.repeat(np.arange(53), 5), draws=2000)
    assert grouped.high - grouped.low > 1.8 * (alone.high - alone.low)  # about sqrt(5)


def test_paired_bootstrap_rejects_as_seldom_as_it_says():
    random = np.random.default_rng(13)
    rejected = sum(
        paired_bootstrap(*(random.random((2, 101)) < 0.5), draws=199, seed=seed).p_value < 0.05 for seed in range(200)
    )
    assert rejected / 200 <= 0.1


def test_no_difference_has_p_value_1():
    found = paired_bootstrap([1, 0, 1], [1, 0, 1], draws=11)
    assert (found.difference, found.low, found.high, found.p_value) == (0, 0, 0, 1)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: wilson_interval(3, 2), "3 of 2"),
        (lambda: wilson_interval(0, 0), "0 of 0"),
        (lambda: wilson_interval(1, 2, level=1), "level is 1"),
        (lambda: ci95(mean), "no sample"),
        (lambda: ci95(mean, []), "no sample"),
        (lambda: ci95(mean, [1, 2], groups=[1]), "groups has 1"),
        (lambda: ci95(mean, [1, 2], draws=0), "draws is 0"),
        (lambda: paired_bootstrap([1, 2], [1]), "second has 1"),
        (lambda: paired_bootstrap([1, 2], [1, 2], groups=[1]), "groups has 1"),
        (lambda: paired_bootstrap([1, np.inf], [1, 2]), "infinity"),
        (lambda: mcnemar([1, 2], [0, 1]), "0 and 1"),
    ],
)
def test_wrong_input_is_refused(call, what):
    with pytest.raises(InputError, match=what):
        call()
