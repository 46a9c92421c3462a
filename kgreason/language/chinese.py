"""Chinese: a token for each character, so that the walk over n-grams finds the names; words of ``chinese.toml``."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from kgreason.language.english import split as english_split
from kgreason.language.words import Language

__all__ = ["HAN", "chinese", "split"]

#: Chinese characters: ideographs, their extensions, and the marks that stand for one.
HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_RUN = re.compile(rf"[{HAN}]+")
_LISTS = ("stop", "break", "weak")


def split(text: str) -> list[str]:
    """Cut Chinese text into characters, and what stands between them in other scripts into words.

    Words of ``chinese.toml`` stay whole, so that no character of theirs is taken for a name.

    Args:
        text: any text.

    Returns:
        Gap, word, gap, word … gap, which together are the text.

    Example:
        >>> split("这个iPad很好, 3.5分")
        ['', '这个', '', 'iPad', '', '很', '', '好', ', ', '3.5', '', '分', '']
    """
    parts, end = [""], 0
    for run in _RUN.finditer(text):
        _append(parts, english_split(text[end : run.start()]))
        for piece in _pieces().findall(run[0]):
            parts += piece, ""
        end = run.end()
    _append(parts, english_split(text[end:]))
    return parts


def _append(parts: list[str], more: list[str]) -> None:
    """The last gap and the first that follows are one."""
    parts[-1] += more[0]
    parts += more[1:]


@cache
def _listed() -> dict[str, Any]:
    return tomllib.loads((files("kgreason.language") / "chinese.toml").read_text(encoding="utf-8"))


@cache
def _pieces() -> re.Pattern[str]:
    """Listed words of several characters, the longest first, or any one character."""
    several = {word for name in _LISTS for word in _listed()[name].split() if len(word) > 1}
    whole = sorted(several, key=lambda word: (-len(word), word))
    return re.compile("|".join((*whole, ".")), re.DOTALL)


@cache
def chinese() -> Language:
    """Chinese as the linker wants it; its words have no inflections."""
    stop, broken, weak, deny, affirm = (frozenset(_listed()[name].split()) for name in (*_LISTS, "deny", "affirm"))
    return Language(
        "zh", split, lambda word: (), stop, broken, weak,
        deny=deny, affirm=affirm, spaced=False, labels=_listed()["labels"],
    )  # fmt: skip
