from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import InputError
from kgreason.metrics import best_rank, first_hit, hits_at_k, pearson, set_f1
from tests.metrics.cases import MetricCase

stats = pytest.importorskip("scipy.stats")


class TestPearson(MetricCase):
    metric = pearson
    bounds = (-1.0, 1.0)
    least = 3

    def draw(self, random, n):
        x = random.normal(size=n)
        return x, random.normal(size=n) + random.normal() * x

    def perfect(self, random, n):
        x = random.normal(size=n)
        return x, 7 * x + 3

    def reference(self, preds, target):
        return stats.pearsonr(preds, target).statistic


class TestHitsAtK(MetricCase):
    @staticmethod
    def metric(ranks):
        return hits_at_k(ranks, k=3)

    def draw(self, random, n):
        return (random.integers(0, 7, size=n),)

    def perfect(self, random, n):
        return (np.ones(n, dtype=int),)

    def reference(self, ranks):
        return sum(rank in (1, 2, 3) for rank in ranks) / len(ranks)


class TestSetF1(MetricCase):
    metric = set_f1

    def draw(self, random, n):
        return tuple([set(random.integers(5, size=random.integers(4)).tolist()) for _ in range(n)] for _ in range(2))

    def perfect(self, random, n):
        (target, _) = self.draw(random, n)
        return target, target

    def reference(self, preds, target):
        scores = []
        for given_, right in zip(preds, target, strict=True):
            if not given_ and not right:
                scores.append(1.0)
                continue
            precision = len(given_ & right) / len(given_) if given_ else 0.0
            recall = len(given_ & right) / len(right) if right else 0.0
            scores.append(2 * precision * recall / (precision + recall) if precision + recall else 0.0)
        return float(np.mean(scores))


@given(
    scores=st.lists(st.integers(0, 3), min_size=1, max_size=13),
    seed=st.integers(0, 2**32 - 1),
)
def test_best_rank_is_that_of_a_sort_with_wrong_before_right(scores, seed):
    relevant = np.random.default_rng(seed).random(len(scores)) < 0.3
    ranked = sorted(zip(scores, relevant.tolist(), strict=True), key=lambda pair: (-pair[0], pair[1]))
    expected = next((rank for rank, (_, right) in enumerate(ranked, start=1) if right), 0)
    assert best_rank(scores, relevant) == expected


def test_a_model_that_scores_all_alike_gains_nothing():
    ranks = [best_rank(np.zeros(11), np.arange(11) == right) for right in range(11)]
    assert hits_at_k(ranks, k=10) == 0


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=1, max_size=5))
def test_first_hit_is_the_mean_over_all_orders_of_ties(rows):
    scores, right = zip(*rows, strict=True)
    firsts = [sorted(order, key=lambda row: -row[0])[0][1] for order in permutations(rows)]
    assert first_hit(scores, right) == pytest.approx(np.mean(firsts))
    assert first_hit(scores, right) >= (best_rank(scores, right) == 1)


def test_pearson_is_undefined_where_nothing_varies():
    assert np.isnan(pearson([1, 1, 1], [1, 2, 3]))
    assert np.isnan(pearson([1, 2, 3], [0.1, 0.1, 0.1]))
    assert np.isnan(pearson([0, 0], [1, 2]))


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_pearson_survives_extreme_numbers(scale):
    values = np.array([1.0, 2.0, 4.0])
    assert pearson(values * scale, [1, 2, 4]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: hits_at_k([1], k=0), "k is 0"),
        (lambda: hits_at_k([-1], k=1), "-1"),
        (lambda: pearson([1], [1]), "1 sample"),
        (lambda: pearson([1, float("nan")], [1, 2]), "NaN"),
        (lambda: best_rank([1, 2], [True]), "relevant has 1"),
        (lambda: set_f1([{1}], []), "target 0"),
    ],
)
def test_wrong_input_is_refused(call, what):
    with pytest.raises(InputError, match=what):
        call()
