"""Words that show a phenomenon of language in a text: negation, quantifiers, contrast and the like."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from kgreason.language import joint

__all__ = ["cue"]


def cue(phenomenon: str, text: str, code: str) -> re.Match[str] | None:
    """The first word of a text by which a phenomenon is known.

    Args:
        phenomenon: negation, quantifiers, conjunction, downward (what makes a downward monotone context), causal,
            numbers or contrast.
        text: any text.
        code: language of the text; one without words of its own shows nothing.

    Returns:
        Where it stands; None where there is no such word.

    Example:
        >>> cue("contrast", "Slow, but good.", "en")
        <re.Match object; span=(6, 9), match='but'>
    """
    pattern = _patterns(code).get(phenomenon)
    return None if pattern is None else pattern.search(text.replace("’", "'"))


@cache
def _patterns(code: str) -> Mapping[str, re.Pattern[str]]:
    text = (files("kgreason.language") / "cues.toml").read_text(encoding="utf-8")
    listed = tomllib.loads(text).get(code, {})
    edge = r"\b" if joint(code) else ""
    return {
        name: re.compile(f"{edge}(?:{'|'.join(map(_spelt, words.split()))}){edge}", re.IGNORECASE)
        for name, words in listed.items()
    }


def _spelt(word: str) -> str:
    return r"\s+".join(map(re.escape, word.split("_")))
