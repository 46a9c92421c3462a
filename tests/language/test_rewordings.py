from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.language.rewordings import _listed, asides, reworded

PAIRS = [(code, *pair) for code in ("en", "zh") for pair in _listed(code)["same"]]


@pytest.mark.parametrize(("code", "one", "two"), PAIRS)
def test_either_side_of_a_pair_stands_for_the_other(code, one, two):
    assert reworded(one, code) == two
    assert reworded(two, code) == one


@given(st.lists(st.sampled_from([side for code, *sides in PAIRS if code == "en" for side in sides]), max_size=5))
def test_twice_is_once_back(words):
    text = ", ".join(words)
    assert reworded(reworded(text, "en"), "en") == text


def test_parts_of_words_and_other_languages_are_left():
    assert reworded("bigger, Big, begins", "en") == "bigger, Big, begins"
    assert reworded("big", "de") == "big"
    assert asides("de") == ()
    assert len(set(asides("zh"))) == len(asides("zh")) > 1
