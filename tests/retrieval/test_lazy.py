from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.retrieval.lazy import Lazy


class Doubled(Lazy[int]):
    def __init__(self, values):
        self.values = values
        self.made = []

    def __len__(self):
        return len(self.values)

    def make(self, i):
        self.made.append(i)
        return 2 * self.values[i]


numbers = st.none() | st.integers(-9, 9)


@given(st.lists(st.integers(), max_size=7), numbers, numbers, numbers.filter(lambda step: step != 0))
def test_it_is_read_as_a_list_is(values, start, stop, step):
    made, expected = Doubled(values), [2 * value for value in values]
    assert list(made) == expected
    assert made[start:stop:step] == expected[start:stop:step]
    for i in range(-len(values), len(values)):
        assert made[i] == expected[i]


@pytest.mark.parametrize("index", [3, -4])
def test_beyond_its_ends_it_holds_nothing(index):
    with pytest.raises(IndexError):
        Doubled([5, 7, 11])[index]


def test_only_what_is_read_is_made():
    made = Doubled(range(1000))
    _ = made[-1], made[7:11:2]
    assert made.made == [999, 7, 9]
