"""The normal form under which surfaces are stored and looked up."""

from __future__ import annotations

import unicodedata

__all__ = ["normal_form"]


def normal_form(text: str) -> str:
    """The form under which a name is stored and looked up: NFKC, casefolded, runs of white space as one space.

    Args:
        text: any text.

    Returns:
        The normal form; applying the function again changes nothing.

    Example:
        >>> normal_form("  Ｎew   YORK ")
        'new york'
    """
    if text.isascii():
        return " ".join(text.lower().split())
    # Case folding can leave text outside NFKC and the other way round (U+0345, U+1E9E ...), hence the second round.
    for _ in range(2):
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(text.split())
