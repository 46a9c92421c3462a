"""English sentences turned into what they deny."""

from __future__ import annotations

import re

__all__ = ["negated"]

_VERBS = "is|are|was|were|could|would|should|must|does|did|do"
_DENIED = rf"can(?=not\b|'t\b| not\b)|(?:{_VERBS})(?=n't\b| not\b)"
_AUXILIARY = re.compile(rf"\b(?:(?P<denied>{_DENIED})(?:not|n't|'t| not)|(?P<said>can|will|{_VERBS}))\b", re.IGNORECASE)
_NOT_SO = "It is not true that"


def negated(text: str) -> str:
    """A sentence that holds where another does not: "not" behind its first auxiliary, or without it.

    Example:
        >>> negated("A man is asleep."), negated("They can't sing."), negated("He sang.")
        ('A man is not asleep.', 'They can sing.', 'It is not true that he sang.')
    """
    if text.startswith(_NOT_SO):
        return text.removeprefix(_NOT_SO).lstrip()
    if found := _AUXILIARY.search(text):
        verb = found["denied"] or f"{found['said']} not"
        return f"{text[: found.start()]}{verb}{text[found.end() :]}"
    return f"{_NOT_SO} {text[:1].lower()}{text[1:]}"
