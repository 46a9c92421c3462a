from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kgreason.evaluation.diagnosis import LEAST
from kgreason.evaluation.findings import Slice
from kgreason.evaluation.verdict import Judging
from kgreason.records import Question

WEAK = Slice("a", "negation", 30, 0.5, (0.3, 0.7), 0.9, -0.4, (-0.6, -0.2))
#: Forty that deny, twenty of them with a number, and others; a second file of numbers.
FILES = {
    "a": [Question(f"It is {'not ' * (i < 40)}so{' in 7' * (i % 2)}.") for i in range(117)],
    "b": [Question("Three of them.") for _ in range(LEAST)],
}


def rights(a: float, b: float, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {"a": random.random(117) < a, "b": random.random(LEAST) < b}


def judging(margin=0.01, enough=1000):
    return Judging(FILES, margin=margin, enough=enough)


@given(st.integers(0, 99), st.floats(0, 1), st.floats(0, 1))
def test_gain_and_rest_are_counted_apart(seed, before, after):
    then, now = rights(before, before, seed), rights(after, after, seed + 100)
    found = judging().gain(now, then, WEAK)
    assert (found.n, found.before, found.after) == (40, then["a"][:40].mean(), now["a"][:40].mean())
    assert found.ends[0] <= found.difference <= found.ends[1]
    rest = {(each.file, each.phenomenon): each for each in judging().rest(now, then, WEAK)}
    assert set(rest) == {("", ""), ("a", ""), ("a", "numbers"), ("b", ""), ("b", "numbers")}
    assert (rest["", ""].n, rest["a", ""].n, rest["a", "numbers"].n, rest["b", ""].n) == (77 + LEAST, 77, 38, LEAST)
    odd = np.arange(117) % 2 == 1
    assert rest["a", "numbers"].after == now["a"][40:][odd[40:]].mean()


def test_what_surely_gains_holds_and_what_may_be_chance_does_not():
    none, all_right = rights(0.0, 0.5), rights(1.0, 0.5)
    assert judging().gain(all_right, none, WEAK).holds
    one = {**none, "a": np.arange(117) == 0}
    assert judging().gain(one, none, WEAK).after == 1 / 40
    assert not judging().gain(one, none, WEAK).holds


def test_the_rest_may_lose_a_margin_and_no_more():
    then = rights(1.0, 1.0)
    now = {**then, "a": np.arange(117) != 100}  # one of eighty-seven
    assert judging(margin=0.04).rest(now, then, WEAK)[0].holds
    assert not judging(margin=0.01).rest(now, then, WEAK)[0].holds


def test_the_same_answers_hold():
    same = rights(0.5, 0.5)
    assert all(each.holds and each.difference == 0 for each in judging(margin=0.0, enough=1).rest(same, same, WEAK))
    assert not judging().gain(same, same, WEAK).holds


def test_a_small_part_may_not_surely_lose():
    then = rights(1.0, 1.0)
    now = {"a": np.ones(117, np.bool_), "b": np.zeros(LEAST, np.bool_)}
    rest = {(each.file, each.phenomenon): each for each in judging(margin=0.3).rest(now, then, WEAK)}
    assert rest["", ""].holds  # ten of eighty-seven
    assert not rest["b", ""].holds
    now["b"] = np.arange(LEAST) > 0  # one of ten may be chance
    rest = {(each.file, each.phenomenon): each for each in judging(margin=0.3).rest(now, then, WEAK)}
    assert rest["b", ""].holds
    strict = judging(margin=0.05, enough=LEAST).rest(now, then, WEAK)
    assert not next(each for each in strict if each.file == "b").holds
