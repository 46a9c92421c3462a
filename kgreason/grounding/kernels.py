"""The n-gram walk over a surface table. Importing this file imports numba: do it where the walk is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numba import njit

if TYPE_CHECKING:
    from kgreason.grounding.match import Packed, Ragged, Table

__all__ = ["fill_filter", "respell", "walk"]

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
_STYLES = 4
_MAX_VARIANTS = 256

_Bytes = npt.NDArray[np.uint8]
_Ints = npt.NDArray[np.int32]
_Hashes = npt.NDArray[np.uint64]


@njit(cache=True, nogil=True)
def _hash(key: np.uint64, data: _Bytes, start: int, end: int) -> np.uint64:
    """The hash of a text, from that of its beginning and the bytes that follow."""
    for i in range(start, end):
        key = (key ^ np.uint64(data[i])) * _PRIME
    return key


@njit(cache=True, nogil=True)
def _bits(key: np.uint64) -> np.uint64:
    return np.uint64((_ONE << (key >> np.uint64(58))) | (_ONE << ((key >> np.uint64(52)) & np.uint64(63))))


@njit(cache=True, nogil=True)
def fill_filter(slots: _Hashes) -> _Hashes:
    """A Bloom filter over the upper halves of the hashes in a table, two bits of one word each.

    Bloom, "Space/time trade-offs in hash coding with allowable errors", CACM 13(7), 1970. It is a thirtieth of the
    table, so that it stays in the processor's cache.

    Shapes:
        [h] -> [h / 16]
    """
    words = np.zeros(max(1, len(slots) >> 4), np.uint64)
    mask = np.uint64(len(words) - 1)
    for slot in slots:
        if slot != _EMPTY:
            words[(slot >> _HALF) & mask] |= _bits(slot)
    return words


@njit(cache=True, nogil=True)
def _known(table: Table, key: np.uint64) -> bool:
    """Whether a form may have this hash: what may not, which is most, is not spelled and not looked up."""
    bits = _bits(key)
    return bool(table.filter[(key >> _HALF) & np.uint64(len(table.filter) - 1)] & bits == bits)


@njit(cache=True, nogil=True)
def _find(table: Table, key: np.uint64, form: _Bytes, size: int) -> np.int64:
    """Index of the form in the first ``size`` bytes, which have this hash, or −1."""
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
def _spell(buffer: _Bytes, packed: Packed, words: _Ints, gaps: _Ints, style: int) -> int:
    """Write words as they stand, with their gaps in one style; the bytes written."""
    size, own = 0, packed.gaps
    for k in range(len(words)):
        start, end = own.ptr[gaps[k]], own.ptr[gaps[k] + 1]
        if k > 0 and style == _OWN:
            size = _append(buffer, size, own.data, start, end)
        elif k > 0 and (style != _JOINED or (end - start == 1 and own.data[start] == _SPACE)):
            buffer[size] = _HYPHEN if style == _HYPHENATED else _SPACE
            size += 1
        form = packed.words.group[words[k]]
        size = _append(buffer, size, packed.words.data, packed.words.ptr[form], packed.words.ptr[form + 1])
    return size


@njit(cache=True, nogil=True)
def _lengthen(keys: _Hashes, packed: Packed, word: int, gap: int, length: int) -> None:
    """Add a word, and the gap before it where it is not the first of ``length``, to the hash of each spelling."""
    own, form = packed.gaps, packed.words.group[word]
    start, end = own.ptr[gap], own.ptr[gap + 1]
    single = end - start == 1 and own.data[start] == _SPACE
    for style in range(len(keys)):
        key = keys[style]
        if length == 1:
            key = _BASIS
        elif style == _OWN:
            key = _hash(key, own.data, start, end)
        elif style != _JOINED or single:
            key = (key ^ np.uint64(_HYPHEN if style == _HYPHENATED else _SPACE)) * _PRIME
        keys[style] = _hash(key, packed.words.data, packed.words.ptr[form], packed.words.ptr[form + 1])


@njit(cache=True, nogil=True)
def _vary(buffer: _Bytes, forms: Ragged, kept: _Ints, variant: int, limit: int) -> int:
    """Write one variant of the words ``kept``: its digits, in mixed radix, choose the form of each."""
    size = 0
    for k in range(len(kept)):
        form, variant = _choice(forms, kept[k], variant, limit)
        if k > 0:
            buffer[size] = _SPACE
            size += 1
        size = _append(buffer, size, forms.data, forms.ptr[form], forms.ptr[form + 1])
    return size


@njit(cache=True, nogil=True)
def _vary_key(forms: Ragged, kept: _Ints, variant: int, limit: int) -> np.uint64:
    """The hash of what :func:`_vary` writes."""
    key = _BASIS
    for k in range(len(kept)):
        form, variant = _choice(forms, kept[k], variant, limit)
        if k > 0:
            key = (key ^ np.uint64(_SPACE)) * _PRIME
        key = _hash(key, forms.data, forms.ptr[form], forms.ptr[form + 1])
    return key


@njit(cache=True, nogil=True)
def _choice(forms: Ragged, word: int, variant: int, limit: int) -> tuple[int, int]:
    """The form of a word that the last digit of a variant chooses, and the digits that are left."""
    first = forms.group[word]
    choices = min(limit, forms.group[word + 1] - first)
    return first + variant % choices, variant // choices


@njit(cache=True, nogil=True)
def _variants(kept: _Ints, group: _Ints) -> tuple[int, int]:
    """How many forms a word may try, so that all together try at most ``_MAX_VARIANTS``, and that product."""
    limit = 8
    while True:
        product = 1
        for word in kept:
            product *= min(limit, group[word + 1] - group[word])
            if product > _MAX_VARIANTS:
                break
        if product <= _MAX_VARIANTS or limit == 1:
            return limit, product
        limit -= 1


@njit(cache=True, nogil=True)
def _note(hits: _Ints, found: int, hit: tuple[int, int, int], index: np.int64, how: int) -> int:
    """Write a hit down, if it is one and there is room; the number of hits after it."""
    if index < 0:
        return found
    if found < len(hits):
        text, first, last = hit
        hits[found, 0], hits[found, 1], hits[found, 2] = text, first, last + 1
        hits[found, 3], hits[found, 4] = index, how
    return found + 1


@njit(cache=True, nogil=True)
def _longest(packed: Packed, words: _Ints, gaps: _Ints) -> int:
    """Bytes of the longest spelling of some words."""
    size = len(words)
    for k in range(len(words)):
        most = 0
        for form in range(packed.words.group[words[k]], packed.words.group[words[k] + 1]):
            most = max(most, packed.words.ptr[form + 1] - packed.words.ptr[form])
        size += most + packed.gaps.ptr[gaps[k] + 1] - packed.gaps.ptr[gaps[k]]
    return size


@njit(cache=True, nogil=True)
def walk(
    table: Table,
    packed: Packed,
    words: _Ints,
    gaps: _Ints,
    ptr: npt.NDArray[np.int64],
    limits: _Ints,
    hits: _Ints,
) -> int:
    """Look up every n-gram of some texts under all forms it may be stored as.

    Args:
        table: the surface table.
        packed: of their words and gaps.
        words: of one text after another.
        gaps: what stands before each.
        ptr: where each text begins.
        limits: of each text: words of the longest n-gram, and whether words of class BREAK may be dropped inside a
            name.
        hits: written: text, first word, word after the last, form, and a How.

    Returns:
        The number of hits, of which those that fit are in ``hits``.

    Shapes:
        words and gaps [w], ptr [t + 1], limits [2, t], hits [h, 5].
    """
    found = 0
    for text in range(len(ptr) - 1):
        if ptr[text] < ptr[text + 1]:
            start, end, across = ptr[text], ptr[text + 1], limits[1, text] > 0
            found = _walk(table, packed, words[start:end], gaps[start:end], text, limits[0, text], across, hits, found)
    return found


@njit(cache=True, nogil=True)
def _walk(
    table: Table,
    packed: Packed,
    words: _Ints,
    gaps: _Ints,
    text: int,
    max_words: int,
    across: bool,
    hits: _Ints,
    found: int,
) -> int:
    """The same of one text; the number of hits after it."""
    forms, between = packed.words, packed.gaps
    buffer = np.empty(_longest(packed, words, gaps), np.uint8)
    kept, keys = np.empty(max_words, np.int32), np.empty(_STYLES, np.uint64)
    for first in range(len(words)):
        plain, softly, breaks, contents, count = True, True, 0, 0, 0
        begins = packed.word_class[words[first]]
        for last in range(first, min(len(words), first + max_words)):
            length, kind = last + 1 - first, packed.word_class[words[last]]
            _lengthen(keys, packed, words[last], gaps[last], length)
            breaks += kind == _BREAK
            contents += kind == _CONTENT
            if kind < _STOP:
                kept[count] = words[last]
                count += 1
            if length > 1:
                start = between.ptr[gaps[last]]
                softly &= packed.soft[gaps[last]]
                plain &= between.ptr[gaps[last] + 1] - start == 1 and between.data[start] == _SPACE
            if contents == 0 and count < 2:
                continue
            whole, gap, hit = words[first : last + 1], gaps[first : last + 1], (text, first, last)
            if _known(table, keys[_OWN]):
                index = _find(table, keys[_OWN], buffer, _spell(buffer, packed, whole, gap, _OWN))
                found = _note(hits, found, hit, index, _AS_IS)
            if not softly or begins >= _STOP or kind >= _STOP:
                continue
            for style in range(_SPACED, _JOINED + 1):
                # Another spelling is tried only where it differs from the text's own.
                if length > 1 and (style == _HYPHENATED) == plain and _known(table, keys[style]):
                    index = _find(table, keys[style], buffer, _spell(buffer, packed, whole, gap, style))
                    found = _note(hits, found, hit, index, _AS_IS)
            limit, product = _variants(whole, forms.group)
            for variant in range(1, product):
                key = _vary_key(forms, whole, variant, limit)
                if _known(table, key):
                    index = _find(table, key, buffer, _vary(buffer, forms, whole, variant, limit))
                    found = _note(hits, found, hit, index, _INFLECTED)
            if count < length and (across or breaks == 0):
                limit, product = _variants(kept[:count], forms.group)
                for variant in range(product):
                    key = _vary_key(forms, kept[:count], variant, limit)
                    if _known(table, key):
                        index = _find(table, key, buffer, _vary(buffer, forms, kept[:count], variant, limit))
                        found = _note(hits, found, hit, index, _DROPPED)
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
            index = _find(table, _hash(_BASIS, buffer, 0, length), buffer, length)
            if index >= 0:
                if found < len(hits):
                    hits[found] = index
                found += 1
    return found
