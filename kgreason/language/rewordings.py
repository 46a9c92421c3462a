"""Texts in other words that say the same, and sentences that say nothing to the matter."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from kgreason.language import joint

__all__ = ["asides", "reworded"]


def reworded(text: str, code: str) -> str:
    """A text with every word changed that may stand in another form; as it is where there is none.

    Example:
        >>> reworded("Kids don't like a big house.", "en")
        'Kids do not like a large house.'
    """
    pattern, other = _same(code)
    return pattern.sub(lambda found: other[found[0]], text) if other else text


def asides(code: str) -> tuple[str, ...]:
    """Sentences that bear on no question; none in a language without any.

    Example:
        >>> asides("en")[0]
        'The bus leaves at noon.'
    """
    return tuple(_listed(code).get("asides", ()))


@cache
def _same(code: str) -> tuple[re.Pattern[str], Mapping[str, str]]:
    pairs = _listed(code).get("same", ())
    other = {side: rest for one, two in pairs for side, rest in ((one, two), (two, one))}
    edge = r"\b" if joint(code) else ""
    longest = sorted(other, key=lambda side: (-len(side), side))
    return re.compile(f"{edge}(?:{'|'.join(map(re.escape, longest))}){edge}"), other


@cache
def _listed(code: str) -> Mapping[str, Any]:
    text = (files("kgreason.language") / "rewordings.toml").read_text(encoding="utf-8")
    listed: Mapping[str, Any] = tomllib.loads(text).get(code, {})
    return listed
