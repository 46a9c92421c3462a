"""The n-gram walk over a surface table. Importing this file imports numba: do it where the walk is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numba import njit

if TYPE_CHECKING:
    from kgreason.grounding.match import Packed, Table

__all__ = ["respell", "walk"]

# The numbers of match.WordClass and match.How.
_CONTENT, _STOP, _BREAK = 0, 2, 3
_AS_IS, _INFLECTED, _DROPPED = 0, 1, 2

_BASIS = np.uint64(14695981039346656037)
_PRIME = np.uint64(1099511628211)
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)
_EMPTY = np.uint64(0)
_NONE = np.uint8(0)
_SPACE = 32
_HYPHEN = 45
#: Spellings of the gaps between words: as in the text, spaces, hyphens, nothing where the text has no space.
_OWN, _SPACED, _HYPHENATED, _JOINED = 0, 1, 2, 3
_MAX_VARIANTS = 256

_Bytes = npt.NDArray[np.uint8]
_Ints = npt.NDArray[np.int32]


@njit(cache=True, nogil=True)
def _find(table: Table, form: _Bytes, size: int) -> np.int64:
    """Index of the form in the first ``size`` bytes, or −1."""
    key = _BASIS
    for i in range(size):
        key = (key ^ np.uint64(form[i])) * _PRIME
    mask = np.uint64(len(table.slots) - 1)
    position = key & mask
    while table.slots[position] != _EMPTY:
        slot = table.slots[position]
        if slot >> _HALF == key >> _HALF:
            index = np.int64(slot & _LOW) - 1
            start = table.offsets[index]
            same = table.offsets[index + 1] - start == size
            i = 0
            while same and i < size:
                same = table.data[start + i] == form[i]
                i += 1
            if same:
                return index
        position = (position + _ONE) & mask
    return np.int64(-1)


@njit(cache=True, nogil=True)
def _append(buffer: _Bytes, size: int, source: _Bytes, start: int, end: int) -> int:
    for i in range(start, end):
        buffer[size] = source[i]
        size += 1
    return size


@njit(cache=True, nogil=True)
def _spell(buffer: _Bytes, words: Packed, first: int, last: int, style: int) -> int:
    """Write the words ``first`` to ``last`` as they stand, with their gaps in one style; the bytes written."""
    size = 0
    for w in range(first, last + 1):
        start, end = words.gap_ptr[w], words.gap_ptr[w + 1]
        if w > first and style == _OWN:
            size = _append(buffer, size, words.gaps, start, end)
        elif w > first and (style != _JOINED or (end - start == 1 and words.gaps[start] == _SPACE)):
            buffer[size] = _HYPHEN if style == _HYPHENATED else _SPACE
            size += 1
        form = words.word_ptr[w]
        size = _append(buffer, size, words.forms, words.form_ptr[form], words.form_ptr[form + 1])
    return size


@njit(cache=True, nogil=True)
def _vary(buffer: _Bytes, words: Packed, kept: _Ints, variant: int, limit: int) -> int:
    """Write one variant of the words ``kept``: its digits, in mixed radix, choose the form of each."""
    size = 0
    for k in range(len(kept)):
        w = kept[k]
        choices = min(limit, words.word_ptr[w + 1] - words.word_ptr[w])
        form = words.word_ptr[w] + variant % choices
        variant //= choices
        if k > 0:
            buffer[size] = _SPACE
            size += 1
        size = _append(buffer, size, words.forms, words.form_ptr[form], words.form_ptr[form + 1])
    return size


@njit(cache=True, nogil=True)
def _variants(kept: _Ints, word_ptr: _Ints) -> tuple[int, int]:
    """How many forms a word may try, so that all together try at most ``_MAX_VARIANTS``, and that product."""
    limit = 8
    while True:
        product = 1
        for w in kept:
            product *= min(limit, word_ptr[w + 1] - word_ptr[w])
            if product > _MAX_VARIANTS:
                break
        if product <= _MAX_VARIANTS or limit == 1:
            return limit, product
        limit -= 1


@njit(cache=True, nogil=True)
def _note(hits: _Ints, found: int, first: int, last: int, index: np.int64, how: int) -> int:
    """Write a hit down, if it is one and there is room; the number of hits after it."""
    if index < 0:
        return found
    if found < len(hits):
        hits[found, 0], hits[found, 1], hits[found, 2], hits[found, 3] = first, last + 1, index, how
    return found + 1


@njit(cache=True, nogil=True)
def walk(table: Table, words: Packed, max_words: int, across: bool, hits: _Ints) -> int:
    """Look up every n-gram of a text under all forms it may be stored as.

    Args:
        table: the surface table.
        words: of the text.
        max_words: words of the longest n-gram.
        across: whether words of class BREAK may be dropped inside a name.
        hits: written: first word, word after the last, form, and a How.

    Returns:
        The number of hits, of which those that fit are in ``hits``.

    Shapes:
        hits [h, 4] int32.
    """
    kinds, gap_ptr = words.word_class, words.gap_ptr
    buffer = np.empty(len(words.forms) + len(words.gaps) + len(kinds), np.uint8)
    kept = np.empty(max_words, np.int32)
    found = 0
    for first in range(len(kinds)):
        plain, softly, breaks, contents, count = True, True, 0, 0, 0
        for last in range(first, min(len(kinds), first + max_words)):
            length = last + 1 - first
            breaks += kinds[last] == _BREAK
            contents += kinds[last] == _CONTENT
            if kinds[last] < _STOP:
                kept[count] = last
                count += 1
            if length > 1:
                softly &= words.soft[last]
                plain &= gap_ptr[last + 1] - gap_ptr[last] == 1 and words.gaps[gap_ptr[last]] == _SPACE
            if contents == 0 and count < 2:
                continue
            index = _find(table, buffer, _spell(buffer, words, first, last, _OWN))
            found = _note(hits, found, first, last, index, _AS_IS)
            if not softly or kinds[first] >= _STOP or kinds[last] >= _STOP:
                continue
            for style in range(_SPACED, _JOINED + 1):
                # Another spelling is tried only where it differs from the text's own.
                if length > 1 and (style == _HYPHENATED) == plain:
                    index = _find(table, buffer, _spell(buffer, words, first, last, style))
                    found = _note(hits, found, first, last, index, _AS_IS)
            whole = np.arange(first, last + 1).astype(np.int32)
            limit, product = _variants(whole, words.word_ptr)
            for variant in range(1, product):
                index = _find(table, buffer, _vary(buffer, words, whole, variant, limit))
                found = _note(hits, found, first, last, index, _INFLECTED)
            if count < length and (across or breaks == 0):
                limit, product = _variants(kept[:count], words.word_ptr)
                for variant in range(product):
                    index = _find(table, buffer, _vary(buffer, words, kept[:count], variant, limit))
                    found = _note(hits, found, first, last, index, _DROPPED)
    return found


@njit(cache=True, nogil=True)
def respell(table: Table, form: _Bytes, letters: _Bytes, hits: _Ints) -> int:
    """Look up every form one letter away: one left out, swapped with the next, put in, or put in another's place.

    Digits stay as they are, since another number is another name, and so do letters beyond ASCII, which are several
    bytes.

    Args:
        table: the surface table.
        form: bytes of a text in normal form.
        letters: what may be put in.
        hits: written: the forms found, some of them several times.

    Returns:
        The number of hits, of which those that fit are in ``hits``.

    Shapes:
        form [bytes] uint8, letters [a] uint8, hits [h] int32.
    """
    size, found = len(form), 0
    buffer = np.empty(size + 1, np.uint8)
    for i in range(size + 1):
        here = i < size and form[i] < 128 and not 48 <= form[i] < 58
        after = i + 1 < size and form[i + 1] < 128 and not 48 <= form[i + 1] < 58
        for edit in range(-2, 2 * len(letters)):
            letter = letters[edit >> 1] if edit >= 0 else _NONE
            put = edit >= 0 and edit & 1 == 0
            if not (put or (here and (edit != -1 or after))):
                continue
            length = _append(buffer, 0, form, 0, i)
            if edit == -1:
                length = _append(buffer, length, form, i + 1, i + 2)
                length = _append(buffer, length, form, i, i + 1)
                length = _append(buffer, length, form, i + 2, size)
            else:
                if edit >= 0:
                    buffer[length] = letter
                    length += 1
                length = _append(buffer, length, form, i if put else i + 1, size)
            index = _find(table, buffer, length)
            if index >= 0:
                if found < len(hits):
                    hits[found] = index
                found += 1
    return found
