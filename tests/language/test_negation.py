from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.language.negation import negated


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("A man is asleep.", "A man is not asleep."),
        ("They were not here.", "They were here."),
        ("They can't sing.", "They can sing."),
        ("He sang.", "It is not true that he sang."),
        ("It is not true that he sang.", "he sang."),
    ],
)
def test_negation(text, other):
    assert negated(text) == other


@given(st.sampled_from(["A dog is here.", "Two men sing.", "Nobody would say so.", "They must go."]))
def test_a_negation_negated_says_the_same(text):
    assert negated(negated(text)).lower() == text.lower()
