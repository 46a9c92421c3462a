from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.metrics import turning_point


@pytest.mark.parametrize("values", [[], [0.5], [0.5, 0.5], [0.4, 0.5, 0.45]])
def test_nothing_turns(values):
    assert turning_point(values) is None


@given(st.lists(st.integers(0, 64).map(lambda i: i / 64), min_size=2, max_size=11))
def test_it_leaves_the_least_within_the_parts(values):
    found = turning_point(values, least=0.0)
    array = np.array(values)

    def within(split: int) -> float:
        return float(sum(((part - part.mean()) ** 2).sum() for part in (array[:split], array[split:])))

    assert found is not None
    assert within(found) == pytest.approx(min(within(split) for split in range(1, len(values))))


def test_a_reversed_sequence_turns_at_the_same_place():
    values = [0.9, 0.9, 0.8, 0.1]
    assert turning_point(values) == 3
    assert turning_point(values[::-1]) == 1
