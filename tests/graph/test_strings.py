from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.graph.strings import Strings

texts = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), max_size=13)


@given(texts, st.integers(0, 3))
def test_texts_round_trip(values, cut):
    strings = Strings.of(pl.Series("x", values, dtype=pl.String)[cut:])
    assert len(strings) == len(values[cut:])
    assert strings.to_list() == values[cut:] == [strings[i] for i in range(len(strings))]
    assert strings.offsets[0] == 0
    assert strings.offsets[-1] == len(strings.data)


@given(texts, st.text(max_size=3))
def test_search_is_a_dictionary(values, other):
    values = list(dict.fromkeys(values))
    strings = Strings.of(pl.Series("x", values, dtype=pl.String))
    order = np.array(sorted(range(len(values)), key=lambda i: values[i].encode()), np.int32)
    places = {value: i for i, value in enumerate(values)}
    for wanted in [*values, other.encode("utf-8", "ignore").decode()]:
        assert strings.search(wanted, order) == places.get(wanted)
        within = [values[i] for i in strings.below(wanted, order)]
        assert within == sorted((value for value in values if value.startswith(wanted)), key=str.encode)


def test_an_index_outside_is_an_error():
    strings = Strings.of(pl.Series("x", ["a"]))
    for index in (-1, 1):
        with pytest.raises(IndexError):
            strings[index]
