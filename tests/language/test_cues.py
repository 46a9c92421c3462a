from __future__ import annotations

import pytest

from kgreason.language.cues import cue


@pytest.mark.parametrize(
    ("phenomenon", "text", "code", "word"),
    [
        ("negation", "He isn’t here.", "en", "isn't"),
        ("negation", "Notable knots", "en", None),
        ("negation", "这家店不好", "zh", "不"),
        ("contrast", "Red, on the other\nhand.", "en", "on the other\nhand"),
        ("downward", "At most three", "en", "At most"),
        ("causal", "Kalt, weil es schneit", "de", None),
        ("no such phenomenon", "no", "en", None),
    ],
)
def test_a_word_shows_a_phenomenon(phenomenon, text, code, word):
    found = cue(phenomenon, text, code)
    assert (found and found[0]) == word
