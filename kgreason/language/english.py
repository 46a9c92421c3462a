"""English: words, inflections from the packaged lemma table or by rule, stop words from ``english.toml``."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from functools import cache, lru_cache
from importlib.resources import files
from string import ascii_lowercase
from typing import Any

import kg_data
from kgreason import storage
from kgreason.language.words import Language

__all__ = ["english"]


def _words_of(sign: str, letter: str, digit: str, marks: str) -> re.Pattern[str]:
    """What a word is, by the classes of its signs; what it begins with says which branches are tried."""
    return re.compile(
        rf"""(
          {sign}(?:
              (?<={letter})\.(?:{letter}\.)+                     # U.S.
            | (?<={digit}){digit}*(?:[.,]{digit}+)+              # 1,000  3.5
            | {sign}*+{marks}(?:(?:['’](?![sS]\b))?{sign}++{marks})*+  # don't, but not the possessive
          )
        | ['’](?:(?<={sign}.)[sS]\b | (?<=[sS].)(?!\w))         # which is a word of its own
        )""",
        re.VERBOSE,
    )


_WORD = _words_of(r"[^\W_]", r"[^\W\d_]", r"\d", "[\u0300-\u036f]*+")
#: The same for texts in ASCII, which are most: twice as fast.
_ASCII_WORD = _words_of("[A-Za-z0-9]", "[A-Za-z]", "[0-9]", "")
#: Ending, what replaces it, least letters before it. Every form is tried, and the graph knows which exists.
_RULES = (
    ("ies", "y", 2),
    ("ves", "f", 2),
    ("men", "man", 1),
    ("ses", "s", 2),
    ("xes", "x", 2),
    ("zes", "z", 2),
    ("ches", "ch", 2),
    ("shes", "sh", 2),
    ("oes", "o", 2),
    ("s", "", 2),
    ("ied", "y", 2),
    ("ed", "", 2),
    ("ed", "e", 2),
    ("ing", "", 3),
    ("ing", "e", 2),
    ("iest", "y", 2),
    ("ier", "y", 2),
)
_LEFT_AS_THEY_ARE = ("ss", "us", "is")


def split(text: str) -> list[str]:
    """Cut English text into gap, word, gap, word … gap.

    A possessive 's is a word of its own; hyphens and other signs separate words and belong to none.

    Args:
        text: any text.

    Returns:
        An odd number of parts that together are the text.

    Example:
        >>> split("The dog's t-shirt wasn't red.")
        ['', 'The', ' ', 'dog', '', "'s", ' ', 't', '-', 'shirt', ' ', "wasn't", ' ', 'red', '.']
    """
    return (_ASCII_WORD if text.isascii() else _WORD).split(text)


@lru_cache(maxsize=1 << 16)
def lemmas(word: str) -> tuple[str, ...]:
    """Dictionary forms that an English word may be an inflection of.

    Args:
        word: one word in normal form.

    Returns:
        The forms listed in the lemma table; for a word it does not list, those that regular endings suggest.

    Example:
        >>> lemmas("smartphones")
        ('smartphone',)
    """
    if word in (irregular := _words()["irregular"]):
        return (irregular[word],)
    table = _table()
    prefix = word + "\t"
    listed = []
    for row in range(bisect_left(table, prefix), len(table)):
        if not table[row].startswith(prefix):
            break
        listed.append(table[row][len(prefix) :])
    return tuple(dict.fromkeys(form for form in listed or _by_rule(word) if form != word))


def _by_rule(word: str) -> list[str]:
    if not word.isalpha() or word.endswith(_LEFT_AS_THEY_ARE):
        return []
    forms = []
    for ending, replacement, least in _RULES:
        stem = word.removesuffix(ending)
        if len(stem) < len(word) and len(stem) >= least:
            forms.append(stem + replacement)
            if ending in ("ed", "ing") and not replacement and len(stem) > 3 and stem[-1] == stem[-2]:
                forms.append(stem[:-1])
    return forms


@cache
def _table() -> list[str]:
    """Sorted lines ``form TAB lemma``: splitting and bisecting them is several times faster than filling a dict."""
    path = kg_data.path("lemmas.tsv.gz")
    if not path.is_file():
        return []
    return sorted(line for _, block in storage.blocks(path) for line in block.split("\n"))


@cache
def english() -> Language:
    """English as the linker wants it."""
    lists = ("stop", "break", "weak", "deny", "affirm")
    stop, broken, weak, deny, affirm = (frozenset(_words()[name].split()) for name in lists)
    return Language("en", split, lemmas, stop, broken, weak, ascii_lowercase, deny=deny, affirm=affirm)


@cache
def _words() -> dict[str, Any]:
    return tomllib.loads((files("kgreason.language") / "english.toml").read_text(encoding="utf-8"))
