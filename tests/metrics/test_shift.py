from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.metrics import turning_point


@pytest.mark.parametrize("values", [[], [5.0], [-5.0], [1.0, 1.0], [1.0, -0.2, 1.0], [0.9, -0.9]])
def test_nothing_turns(values):
    assert turning_point(values) is None


@given(
    values=st.lists(st.integers(-64, 64).map(lambda i: i / 16), min_size=2, max_size=11),
    margin=st.sampled_from([0, 0.7]),
)
def test_the_likeliest_sequence_of_states_has_the_turn(values, margin):
    def likelihood(states):
        return sum(
            -math.log1p(math.exp(-value if state else value)) for value, state in zip(values, states, strict=True)
        )

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
    values = [2.0, 2.5, 1.0, -3.0]
    assert turning_point(values) == 3
    assert turning_point(values[::-1]) == 1
