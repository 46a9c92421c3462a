"""Words of a text: normal form, tokens with offsets, inflections, stop words.

A language is one file of functions and one of words; :data:`LANGUAGES` lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kgreason.errors import InputError
from kgreason.language.english import english, lemmas, tokenize
from kgreason.language.forms import normal_form
from kgreason.language.words import Language, Token

__all__ = ["LANGUAGES", "Language", "Token", "language", "lemmas", "normal_form", "tokenize"]

LANGUAGES: Mapping[str, Callable[[], Language]] = {"en": english}


def language(code: str) -> Language:
    """The language of a BCP-47 primary tag.

    Args:
        code: such as ``en``.

    Returns:
        Its tokenizer, inflections and word lists.

    Raises:
        InputError: the language is not one of :data:`LANGUAGES`.

    Example:
        >>> "the" in language("en").stop_words
        True
    """
    if code not in LANGUAGES:
        raise InputError(f"language is {code!r}", fix=f"Give one of {', '.join(sorted(LANGUAGES))}.")
    return LANGUAGES[code]()
