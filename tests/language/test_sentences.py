from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.language.sentences import sentences


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", []),
        (" \n ", []),
        ("one", ["one"]),
        ("It cost 3.50 dollars. Fine.", ["It cost 3.50 dollars.", "Fine."]),
        ("J. R. Smith left. So did I.", ["J. R. Smith left.", "So did I."]),
        ("See e.g. the zoo. Or etc. and so on.", ["See e.g. the zoo.", "Or etc. and so on."]),
        ('"Go!" she said.', ['"Go!"', "she said."]),
        ("Wait... what?! No.", ["Wait...", "what?!", "No."]),
        ("one\ntwo\n\nthree.", ["one", "two", "three."]),
        ("今天很好。明天呢？“好！”他说", ["今天很好。", "明天呢？", "“好！”", "他说"]),
        ("kgreason.org is a name.", ["kgreason.org is a name."]),
    ],
)
def test_sentences_end_where_they_end(text: str, parts: list[str]) -> None:
    assert sentences(text) == parts


@given(st.text(alphabet="aB .!?\n。！“”'…é", max_size=60))
def test_nothing_but_white_space_is_lost(text: str) -> None:
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


def test_a_long_text_is_no_trouble() -> None:
    assert len(sentences("." * 1_000_000)) == 1
    assert len(sentences("ab. " * 100_000)) == 100_000
    assert len(sentences("etc. " * 100_000)) == 1
