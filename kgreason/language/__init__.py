"""Words of a text: normal form, tokens with offsets, inflections, stop words, and which language it is in.

A language is one file of functions and one of words; :data:`LANGUAGES` lists them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from kgreason.errors import InputError
from kgreason.language.chinese import HAN, chinese
from kgreason.language.english import english, lemmas
from kgreason.language.forms import normal_form
from kgreason.language.words import Language, Token, tokens_of

__all__ = [
    "LANGUAGES",
    "Language",
    "Token",
    "called",
    "detect",
    "joint",
    "language",
    "lemmas",
    "normal_form",
    "tokens_of",
]

LANGUAGES: Mapping[str, Callable[[], Language]] = {"en": english, "zh": chinese}
#: Share of Chinese characters among the letters from which a text is Chinese: each of them is worth several letters.
_HAN_SHARE = 0.2
#: Chinese characters for each Japanese syllable from which a text is Chinese with a Japanese name in it.
_HAN_FOR_KANA = 4
_HAN = re.compile(rf"[{HAN}]")
_KANA = re.compile("[\u3041-\u30ff\uff66-\uff9d]")
_LETTER = re.compile(r"[^\W\d_]")


def detect(text: str) -> str:
    """The language of a text by its script: Chinese where enough of its letters are, else English.

    Args:
        text: any text.

    Returns:
        ``zh`` or ``en``. Chinese characters among the syllables of Japanese make no Chinese text.

    Example:
        >>> detect("这个iPad很好用"), detect("The word 马 means horse."), detect("この映画は感動的だ")
        ('zh', 'en', 'en')
    """
    if not isinstance(text, str) or text.isascii():  # what is no text is refused where it is read
        return "en"
    han, kana, letters = (len(kind.findall(text)) for kind in (_HAN, _KANA, _LETTER))
    return "zh" if han > max(_HAN_SHARE * letters, _HAN_FOR_KANA * kana) else "en"


def called(labels: Iterable[str], code: str) -> tuple[str, ...]:
    """What labels of tasks are called in a language; as in English where it does not say, or is not known.

    Example:
        >>> called(["negative", "positive"], "zh")
        ('负面', '正面')
    """
    names = LANGUAGES[code]().labels if code in LANGUAGES else {}
    return tuple(names.get(label, label) for label in labels)


def joint(code: str) -> str:
    """What stands between two words or sentences of a language: a space, but nothing where words are not set apart.

    Example:
        >>> joint("en"), joint("zh"), joint("de")
        (' ', '', ' ')
    """
    return " " if code not in LANGUAGES or LANGUAGES[code]().spaced else ""


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
