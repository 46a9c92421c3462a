"""Where sentences end, in English and Chinese."""

from __future__ import annotations

import re

__all__ = ["sentences"]

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
    found, start = [], 0
    for end in _END.finditer(text):
        if text[end.start()] == "." and _last_word(text[max(start, end.start() - _LONGEST) : end.start()]) in _SHORT:
            continue
        if part := text[start : end.end()].strip():
            found.append(part)
        start = end.end()
    if part := text[start:].strip():
        found.append(part)
    return found


def _last_word(text: str) -> str:
    found = re.search(r"[\w.]*$", text)
    return "" if found is None else found[0].casefold()
