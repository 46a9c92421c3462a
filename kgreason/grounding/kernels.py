"""The n-gram walk over a surface table. Importing this file imports numba: do it where the walk is needed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["walk"]

# The numbers of match.WordClass and match.How.
_CONTENT, _STOP, _BREAK = 0, 2, 3
_AS_IS, _INFLECTED, _DROPPED = 0, 1, 2

_BASIS = np.uint64(14695981039346656037)
_PRIME = np.uint64(1099511628211)
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)
_EMPTY = np.uint64(0)
_SPACE = 32
_HYPHEN = 45
_OWN, _SPACED, _HYPHENATED, _JOINED = 0, 1, 2, 3
_MAX_VARIANTS = 256

_Bytes = npt.NDArray[np.uint8]
_Ints = npt.NDArray[np.int32]


@njit(cache=True, nogil=True)
def _find(
    slots: npt.NDArray[np.uint64], offsets: npt.NDArray[np.int64], data: _Bytes, form: _Bytes, size: int
) -> np.int64:
    key = _BASIS
    for i in range(size):
        key = (key ^ np.uint64(form[i])) * _PRIME
    mask = np.uint64(len(slots) - 1)
    position = key & mask
    while slots[position] != _EMPTY:
        slot = slots[position]
        if slot >> _HALF == key >> _HALF:
            index = np.int64(slot & _LOW) - 1
            start = offsets[index]
            same = offsets[index + 1] - start == size
            i = 0
            while same and i < size:
                same = data[start + i] == form[i]
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
def _write_gap(buffer: _Bytes, size: int, gaps: _Bytes, start: int, end: int, style: int) -> int:
    """The gap before a word: its own, a space, a hyphen, or nothing where it is not a space."""
    if style == _OWN:
        size = _append(buffer, size, gaps, start, end)
    elif style != _JOINED or (end - start == 1 and gaps[start] == _SPACE):
        buffer[size] = _HYPHEN if style == _HYPHENATED else _SPACE
        size += 1
    return size


@njit(cache=True, nogil=True)
def _variants(words: _Ints, count: int, word_ptr: _Ints) -> tuple[int, int]:
    """How many forms a word may try, so that all together try at most ``_MAX_VARIANTS``, and that product."""
    limit = 8
    while True:
        product = 1
        for k in range(count):
            product *= min(limit, word_ptr[words[k] + 1] - word_ptr[words[k]])
            if product > _MAX_VARIANTS:
                break
        if product <= _MAX_VARIANTS or limit == 1:
            return limit, product
        limit -= 1


@njit(cache=True, nogil=True)
def walk(
    slots: npt.NDArray[np.uint64],
    offsets: npt.NDArray[np.int64],
    data: _Bytes,
    forms: _Bytes,
    form_ptr: _Ints,
    word_ptr: _Ints,
    gaps: _Bytes,
    gap_ptr: _Ints,
    word_class: _Bytes,
    soft: npt.NDArray[np.bool_],
    max_words: int,
    across: bool,
    hits: _Ints,
) -> int:
    """Look up every n-gram of a text under all forms it may be stored as.

    Args:
        slots: of the surface table, as are ``offsets`` and ``data``.
        offsets: bounds of the table's forms.
        data: their bytes.
        forms: bytes of the words' forms, the word as it stands first, then its lemmas.
        form_ptr: bounds of the forms.
        word_ptr: which forms are a word's.
        gaps: bytes of what stands before each word.
        gap_ptr: bounds of the gaps.
        word_class: a WordClass each.
        soft: whether a name with inflections undone may span the gap before a word.
        max_words: words of the longest n-gram.
        across: whether words of class BREAK may be dropped inside a name.
        hits: written: first word, word after the last, form, and a How.

    Returns:
        The number of hits, of which those that fit are in ``hits``.

    Shapes:
        forms, gaps [bytes] uint8; form_ptr [f + 1], word_ptr [w + 1], gap_ptr [w + 1] int32; word_class [w] uint8;
        soft [w] bool; hits [h, 4] int32.
    """
    num_words = len(word_class)
    buffer = np.empty(len(forms) + len(gaps) + num_words, np.uint8)
    words = np.empty(max_words, np.int32)
    choice = np.empty(max_words, np.int32)
    found = 0
    for first in range(num_words):
        plain, softly, stops, breaks, contents = True, True, 0, 0, 0
        for last in range(first, min(num_words, first + max_words)):
            stops += word_class[last] == _STOP
            breaks += word_class[last] == _BREAK
            contents += word_class[last] == _CONTENT
            length = last + 1 - first
            if last > first:
                softly &= soft[last]
                plain &= gap_ptr[last + 1] - gap_ptr[last] == 1 and gaps[gap_ptr[last]] == _SPACE
            if contents == 0 and length <= stops + breaks + 1:
                continue
            bounded = word_class[first] < _STOP and word_class[last] < _STOP
            for style in range(4):
                # Respelled gaps are tried only where they differ from the text's own.
                if style != _OWN and (length == 1 or not softly or not bounded or (style == _HYPHENATED) != plain):
                    continue
                size = 0
                for w in range(first, last + 1):
                    if w > first:
                        size = _write_gap(buffer, size, gaps, gap_ptr[w], gap_ptr[w + 1], style)
                    size = _append(buffer, size, forms, form_ptr[word_ptr[w]], form_ptr[word_ptr[w] + 1])
                index = _find(slots, offsets, data, buffer, size)
                if index >= 0:
                    if found < len(hits):
                        hits[found, 0], hits[found, 1], hits[found, 2], hits[found, 3] = first, last + 1, index, _AS_IS
                    found += 1
            if not softly or not bounded:
                continue
            droppable = stops + breaks > 0 and (across or breaks == 0)
            for how in range(_INFLECTED, _DROPPED + 1 if droppable else _INFLECTED + 1):
                count = 0
                for w in range(first, last + 1):
                    if how == _INFLECTED or word_class[w] < _STOP:
                        words[count] = w
                        choice[count] = 0
                        count += 1
                limit, product = _variants(words, count, word_ptr)
                for variant in range(0 if how == _DROPPED else 1, product):
                    rest = variant
                    size = 0
                    for k in range(count):
                        w = words[k]
                        options = min(limit, word_ptr[w + 1] - word_ptr[w])
                        form = word_ptr[w] + rest % options
                        rest //= options
                        if k > 0:
                            size = _write_gap(buffer, size, gaps, 0, 0, _SPACED)
                        size = _append(buffer, size, forms, form_ptr[form], form_ptr[form + 1])
                    index = _find(slots, offsets, data, buffer, size)
                    if index >= 0:
                        if found < len(hits):
                            hits[found, 0], hits[found, 1], hits[found, 2], hits[found, 3] = first, last + 1, index, how
                        found += 1
    return found
