from __future__ import annotations

import pytest

from kgreason.errors import InputError
from kgreason.language import LANGUAGES, Token, language


@pytest.mark.parametrize("code", sorted(LANGUAGES))
def test_every_language_keeps_the_contract(code):
    known = language(code)
    assert known.code == code
    assert known is language(code)
    text = "The penguin’s 2 zoos."
    assert "".join(known.split(text)) == text
    assert all(text[token.start : token.end] == token.text for token in known.tokenize(text))
    assert all(lemma for word in ("zoos", "the", "") for lemma in known.lemmas(word))
    assert known.stop_words


def test_an_unknown_language_says_which_are_known():
    with pytest.raises(InputError, match=r"'tlh'.*en"):
        language("tlh")


def test_tokens_are_frozen():
    with pytest.raises(AttributeError):
        Token(0, 1, "a").start = 2  # type: ignore[misc]  # what is tested
