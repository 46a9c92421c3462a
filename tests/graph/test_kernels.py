from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from kgreason.graph.kernels import counting_order, fill_slots, find_form
from kgreason.graph.strings import Strings


def fnv1a(data: bytes) -> int:
    """The published definition."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def test_slots_hold_the_published_hash():
    assert fnv1a(b"foobar") == 0x85944171F73967E8  # the authors' test vector
    for form in ("foobar", "a", "猫", ""):
        strings = Strings.of(pl.Series("x", [form]))
        slots = fill_slots(strings.offsets, strings.data, 8)
        expected = np.zeros(8, np.uint64)
        expected[fnv1a(form.encode()) % 8] = (fnv1a(form.encode()) >> 32 << 32) | 1
        assert np.array_equal(slots, expected)


@given(st.lists(st.text("abc猫", max_size=4), unique=True, max_size=31), st.text("abc猫", max_size=4))
def test_found_is_what_was_entered(forms, other):
    strings = Strings.of(pl.Series("x", forms, dtype=pl.String))
    slots = fill_slots(strings.offsets, strings.data, 64)
    for form in [*forms, other]:
        found = find_form(slots, strings.offsets, strings.data, np.frombuffer(form.encode(), np.uint8))
        assert found == (forms.index(form) if form in forms else -1)


@given(st.lists(st.integers(0, 6), max_size=50))
def test_counting_order_is_a_stable_sort(keys):
    order = np.random.default_rng(0).permutation(len(keys))
    array = np.array(keys, np.int64)
    expected = order[np.argsort(array[order], kind="stable")]
    assert np.array_equal(counting_order(array, order, 7), expected)
