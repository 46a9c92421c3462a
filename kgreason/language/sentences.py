"""Where sentences end, in English and Chinese."""

from __future__ import annotations

import re

__all__ = ["sentence_spans", "sentences"]

_MARKS = r"""["')\]”’」』]*"""
#: Ends of sentences with closing marks behind them; in Latin script white space follows, and a letter before a stop
#: that stands alone is an initial.
_LATIN = rf"(?:[!?…]+|(?<![.\s][A-Za-z])(?<!^[A-Za-z])\.+)(?={_MARKS}(?:\s|$))"
_END = re.compile(rf"(?:[。！？]+|{_LATIN}){_MARKS}\s*|\n\s*")
#: Words whose full stop ends no sentence.
_SHORT = frozenset(
    ("al", "cf", "dr", "e.g", "etc", "fig", "i.e", "jr", "mr", "mrs", "ms", "no", "prof", "sr", "st", "vs")
)
_LONGEST = 1 + max(map(len, _SHORT))


def sentences(text: str) -> list[str]:
    """Sentences of a text, without the white space between them.

    Example:
        >>> sentences("Dr. Li came. He smiled! Then? “He left.” 我很高兴。他走了！")
        ['Dr. Li came.', 'He smiled!', 'Then?', '“He left.”', '我很高兴。', '他走了！']
    """
    return [text[start:end] for start, end in sentence_spans(text)]


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a text begin and end.

    Example:
        >>> sentence_spans("He smiled!  Then?")
        [(0, 10), (12, 17)]
    """
    found, start = [], 0
    for end in _END.finditer(text):
        if text[end.start()] == "." and _last_word(text[max(start, end.start() - _LONGEST) : end.start()]) in _SHORT:
            continue
        found.append((start, end.end()))
        start = end.end()
    bare = ((first, text[first:last]) for first, last in (*found, (start, len(text))))
    stripped = ((first + len(part) - len(part.lstrip()), part.strip()) for first, part in bare)
    return [(first, first + len(part)) for first, part in stripped if part]


def _last_word(text: str) -> str:
    found = re.search(r"[\w.]*$", text)
    return "" if found is None else found[0].casefold()
