"""From a text to the surface forms that stand in it: every n-gram, under every form it may be stored as."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kgreason.graph.surfaces import Surfaces
from kgreason.language import Language, Token, normal_form

__all__ = ["MAX_WORDS", "How", "Packed", "Table", "WordClass", "Words", "find_forms", "split_words"]

#: Words of the longest name looked for inside a text.
MAX_WORDS = 6


class WordClass(IntEnum):
    """What a word may do in a name: stand alone, stand with others, be dropped, or be dropped at its ends only."""

    CONTENT = 0
    WEAK = 1
    STOP = 2
    BREAK = 3


class How(IntEnum):
    """How a form was made of the words of a text."""

    AS_IS = 0
    INFLECTED = 1
    DROPPED = 2


#: What a name with inflections undone may not span: the end of a sentence or of a part of it.
_HARD = re.compile(r"[.,;:!?()\[\]{}\"“”…—–/]")


class Table(NamedTuple):
    """What the walk reads of a surface table."""

    slots: npt.NDArray[np.uint64]
    offsets: npt.NDArray[np.int64]
    data: npt.NDArray[np.uint8]


class Packed(NamedTuple):
    """The words of a text as the walk reads them; a word's first form is the word as it stands.

    Shapes:
        word_class [w] uint8; soft [w] bool (whether a name with inflections undone may span the gap before);
        forms [bytes] uint8, form_ptr [f + 1] int32; word_ptr [w + 1] int32 (which forms are a word's);
        gaps [bytes] uint8, gap_ptr [w + 1] int32 (what stands before each word).
    """

    word_class: npt.NDArray[np.uint8]
    soft: npt.NDArray[np.bool_]
    forms: npt.NDArray[np.uint8]
    form_ptr: npt.NDArray[np.int32]
    word_ptr: npt.NDArray[np.int32]
    gaps: npt.NDArray[np.uint8]
    gap_ptr: npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False, slots=True)
class Words:
    """A text cut into words."""

    tokens: tuple[Token, ...]
    packed: Packed

    @property
    def kinds(self) -> npt.NDArray[np.uint8]:
        """The :class:`WordClass` of each word. Shape: [w]."""
        return self.packed.word_class

    def forms(self, word: int) -> list[bytes]:
        """A word as it stands, then its dictionary forms, all in normal form."""
        ends = self.packed.form_ptr[self.packed.word_ptr[word] : self.packed.word_ptr[word + 1] + 1].tolist()
        return [self.packed.forms[start:end].tobytes() for start, end in pairwise(ends)]


def split_words(text: str, language: Language) -> Words:
    """Cut a text into words and collect the forms of each.

    Args:
        text: any text.
        language: its tokenizer, lemmas and word lists.

    Returns:
        Words with offsets into the text.
    """
    tokens = language.tokenize(text)
    forms: list[bytes] = []
    gaps: list[bytes] = []
    word_ptr, kinds, soft, end = [0], [], [], 0
    for token in tokens:
        word = normal_form(token.text).replace("’", "'")
        forms += (form.encode() for form in (word, *language.lemmas(word)))
        word_ptr.append(len(forms))
        kinds.append(_word_class(word, language))
        gap = text[end : token.start]
        soft.append(gap == " " or not _HARD.search(gap))
        gaps.append(b" " if gap == " " else _normal_gap(gap))
        end = token.end
    form_bytes, form_ptr = _joined(forms)
    gap_bytes, gap_ptr = _joined(gaps)
    packed = Packed(
        word_class=np.array(kinds, np.uint8),
        soft=np.array(soft, np.bool_),
        forms=form_bytes,
        form_ptr=form_ptr,
        word_ptr=np.array(word_ptr, np.int32),
        gaps=gap_bytes,
        gap_ptr=gap_ptr,
    )
    return Words(tuple(tokens), packed)


def _word_class(word: str, language: Language) -> WordClass:
    if word in language.stop_words:
        return WordClass.STOP
    if word in language.break_words:
        return WordClass.BREAK
    return WordClass.WEAK if word in language.weak_words else WordClass.CONTENT


def _normal_gap(gap: str) -> bytes:
    # A letter on either side keeps the white space at the ends, which the normal form would strip.
    return normal_form(f"x{gap}x")[1:-1].encode()


def _joined(parts: list[bytes]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    bounds = np.zeros(len(parts) + 1, np.int32)
    np.cumsum([len(part) for part in parts], out=bounds[1:])
    return np.frombuffer(b"".join(parts), np.uint8), bounds


def find_forms(
    surfaces: Surfaces, words: Words, max_words: int = MAX_WORDS, *, across: bool = False
) -> npt.NDArray[np.int32]:
    """Every n-gram that is a surface form.

    Four spellings of an n-gram are tried as it stands (its own, and with gaps as spaces, hyphens or nothing), then
    each combination of the lemmas of its words, then the same without the stop words inside. A single stop word or
    weak word is never looked up, and only a name as it stands may begin or end with a stop word.

    Args:
        surfaces: the table.
        words: of one text.
        max_words: words of the longest n-gram.
        across: whether words that begin a clause may be dropped inside a name, as they are in a name of its own.

    Returns:
        One row a hit: first word, word after the last, form, and a :class:`How`; sorted by first word, then length.

    Shapes:
        [h, 4] int32.
    """
    from kgreason.grounding.kernels import walk  # numba is slow to import

    num_words = len(words.tokens)
    if num_words == 0 or len(surfaces) == 0:
        return np.empty((0, 4), np.int32)
    table = Table(surfaces.slots, surfaces.offsets, surfaces.data)
    hits = np.empty((num_words * 16, 4), np.int32)
    while True:
        found = walk(table, words.packed, max_words, across, hits)
        if found <= len(hits):
            return hits[:found]
        hits = np.empty((found, 4), np.int32)
