from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.language import normal_form


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Zoo", "zoo"),
        ("  ice \t cream\n", "ice cream"),
        ("ＮＥＷ　ＹＯＲＫ", "new york"),
        ("Straße", "strasse"),
        ("ﬁre", "fire"),
        ("cafe\u0301", "café"),
        ("", ""),
        ("猫", "猫"),
    ],
)
def test_known_forms(text, form):
    assert normal_form(text) == form


@given(st.text())
def test_applying_it_again_changes_nothing(text):
    assert normal_form(normal_form(text)) == normal_form(text)


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_the_short_way_for_ascii_is_the_long_way(text):
    marked = normal_form(text + " é")
    assert marked == f"{normal_form(text)} é".strip()


@given(st.lists(st.text(alphabet="abÄ ", min_size=1), min_size=1))
def test_no_space_is_doubled_or_at_an_end(parts):
    form = normal_form("  ".join(parts))
    assert "  " not in form
    assert form == form.strip()
