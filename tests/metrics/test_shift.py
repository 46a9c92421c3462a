from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.metrics import turning_point


@pytest.mark.parametrize("values", [[], [1.0], [0.0], [0.7, 0.7], [0.7, 0.45, 0.7], [0.71, 0.29], [1.0, 1.0]])
def test_nothing_turns(values):
    assert turning_point(values) is None


@given(
    values=st.lists(st.integers(1, 31).map(lambda i: i / 32), min_size=2, max_size=11),
    margin=st.sampled_from([0, 0.7]),
)
def test_the_likeliest_sequence_of_states_has_the_turn(values, margin):
    def likelihood(states):
        return sum(math.log(value if state else 1 - value) for value, state in zip(values, states, strict=True))

    n = len(values)
    constant = max(likelihood([state] * n) for state in (False, True))
    turns = [
        max(likelihood([state] * split + [not state] * (n - split)) for state in (False, True)) for split in range(1, n)
    ]
    found = turning_point(values, margin)
    if found is None:
        assert max(turns) <= constant + margin + 1e-9
    else:
        assert turns[found - 1] == pytest.approx(max(turns))
        assert turns[found - 1] > constant + margin - 1e-9


def test_a_reversed_sequence_turns_at_the_same_place():
    values = [0.9, 1.0, 0.8, 0.0]
    assert turning_point(values) == 3
    assert turning_point(values[::-1]) == 1
