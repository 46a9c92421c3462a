"""Words that stand in no name of the graph: which of them may be a name misspelt, or one said in other words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from kgreason.graph.surfaces import Surfaces
from kgreason.grounding.match import WordClass, Words, table_of

__all__ = ["Meaning", "respelt", "runs", "strange_spans"]

#: Words of the longest name that is respelt inside a text.
MAX_WORDS = 3
#: Letters of the shortest name that is respelt: a shorter one has too many neighbours (tools/bench/meaning.py).
FEWEST_LETTERS = 5

_Mask = npt.NDArray[np.bool_]


class Meaning(Protocol):
    """What links texts by meaning, such as :class:`kgreason.nn.meaning.MeaningIndex`."""

    def nearest(self, texts: Sequence[str], limit: int) -> list[list[tuple[int, float]]]:
        """Nodes that each text may mean with their cosines, nearest first, at most ``limit``; none below a bound."""


def respelt(surfaces: Surfaces, words: Words, first: int, last: int, letters: str) -> list[int]:
    """Forms of the table that are one letter away from words as they stand, or from their dictionary forms.

    Damerau (1964) found four of five misspellings to be one letter left out, put in, replaced, or swapped with the
    next; so they are undone by looking up every such neighbour.

    Args:
        surfaces: the table.
        words: of a text.
        first: the first of the words.
        last: the word after the last.
        letters: what may be put in; none for a language whose words are not spelt so.

    Returns:
        Indices of forms, ascending.
    """
    from kgreason.grounding.kernels import respell  # numba is slow to import

    if not letters or not len(surfaces):
        return []
    forms = [words.forms(w) for w in range(first, last)]
    spellings = dict.fromkeys(b" ".join(each[min(turn, len(each) - 1)] for each in forms) for turn in range(2))
    table = table_of(surfaces)
    alphabet = np.frombuffer(f"{letters} ".encode(), np.uint8)
    found: set[int] = set()
    for spelling in spellings:
        if len(spelling) < FEWEST_LETTERS:
            continue
        hits = np.empty((2 * len(alphabet) + 2) * (len(spelling) + 1), np.int32)
        count = respell(table, np.frombuffer(spelling, np.uint8), alphabet, hits)
        found.update(hits[:count].tolist())
    return sorted(found)


def strange_spans(words: Words, strange: _Mask) -> Iterator[tuple[int, int]]:
    """Spans with a strange word in them that may be a name, those of most words first.

    Args:
        words: of a text.
        strange: which of them stand in no name; read anew for each span.
    """
    soft, kept = words.soft, words.kinds < WordClass.STOP
    for size in range(MAX_WORDS, 0, -1):
        for first in range(len(words) - size + 1):
            last = first + size
            if strange[first:last].any() and kept[first] and kept[last - 1] and soft[first + 1 : last].all():
                yield first, last


def runs(words: Words, strange: _Mask) -> list[tuple[int, int]]:
    """Strange words side by side, as long as nothing ends between them."""
    found: list[tuple[int, int]] = []
    soft = words.soft
    for w in np.flatnonzero(strange).tolist():
        if found and found[-1][1] == w and soft[w]:
            found[-1] = (found[-1][0], w + 1)
        else:
            found.append((w, w + 1))
    return found
