"""The n-gram walk over a surface table. Importing this file imports numba: do it where the walk is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from numba import njit

from kgreason.grounding.match import MAX_VARIANTS

if TYPE_CHECKING:
    from kgreason.grounding.match import Live, Maybe, Numbered, Packed, Ragged, Table

__all__ = ["fill_filter", "respell", "settle", "walk"]

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
_BLANK, _DASH = np.array([_SPACE], np.uint8), np.array([_HYPHEN], np.uint8)
#: Spellings of the gaps between words: as in the text, hyphens, nothing where the text has no space.
_OWN, _HYPHENATED, _JOINED = 0, 1, 2
#: Spaces, and each word in one of its forms.
_VARIED = 3
#: Forms of one word that are tried at most, and bits that tell them apart.
_MAX_FORMS, _DIGIT = 8, 3
#: Beginnings of so many bytes, and of as many again, are in the filter, up to the deepest.
_STRIDE, _DEEPEST = 4, 16
_DEAD = -1

_Bytes = npt.NDArray[np.uint8]
_Ints = npt.NDArray[np.int32]
_Longs = npt.NDArray[np.int64]
_Hashes = npt.NDArray[np.uint64]


#: Compiles what makes no arrays: references to arrays need no counting there, which cost more than the walk itself.
_uncounted = njit(cache=True, nogil=True, _nrt=False)
#: The same of what Python never calls: a way in from there takes a fifth of the time of compiling.
_inner = njit(cache=True, nogil=True, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)


@_uncounted
def _hash(key: np.uint64, data: _Bytes, start: int, end: int) -> np.uint64:
    """The hash of a text, from that of its beginning and the bytes that follow."""
    for i in range(start, end):
        key = (key ^ np.uint64(data[i])) * _PRIME
    return key


@_inner
def _bits(key: np.uint64) -> np.uint64:
    return np.uint64((_ONE << (key >> np.uint64(58))) | (_ONE << ((key >> np.uint64(52)) & np.uint64(63))))


@njit(cache=True, nogil=True)
def fill_filter(slots: _Hashes, offsets: _Longs, data: _Bytes) -> _Hashes:
    """A Bloom filter over the forms of a table and their beginnings of 4, 8, 12, 16 bytes, two bits of one word each.

    Bloom, "Space/time trade-offs in hash coding with allowable errors", CACM 13(7), 1970. It is an eighth of the table
    of slots, so that most of it stays in the processor's cache.

    Shapes:
        slots [h], offsets [f + 1], data [bytes] -> [h / 8]
    """
    words = np.zeros(max(1, len(slots) >> 3), np.uint64)
    mask = np.uint64(len(words) - 1)
    for form in range(len(offsets) - 1):
        key, start, end = _BASIS, offsets[form], offsets[form + 1]
        for i in range(start, end):
            key = (key ^ np.uint64(data[i])) * _PRIME
            size = i + 1 - start
            if i + 1 == end or (size % _STRIDE == 0 and size <= _DEEPEST):
                words[(key >> _HALF) & mask] |= _bits(key)
    return words


@_uncounted
def _known(table: Table, key: np.uint64) -> bool:
    """Whether a form may have this hash, or begin so: what may not, which is most, is not spelled and not looked up."""
    bits = _bits(key)
    return bool(table.filter[(key >> _HALF) & np.uint64(len(table.filter) - 1)] & bits == bits)


@_uncounted
def _go_on(table: Table, key: np.uint64, size: int, data: _Bytes, start: int, end: int) -> tuple[np.uint64, int]:
    """Hash and size of a beginning with some bytes more; a size of ``_DEAD`` once no form begins so."""
    for i in range(start, end):
        key = (key ^ np.uint64(data[i])) * _PRIME
        size += 1
        if size % _STRIDE == 0 and size <= _DEEPEST and not _known(table, key):
            return key, _DEAD
    return key, size


@_uncounted
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


@_inner
def _append(buffer: _Bytes, size: int, source: _Bytes, start: int, end: int) -> int:
    for i in range(start, end):
        buffer[size] = source[i]
        size += 1
    return size


@_inner
def _spell(buffer: _Bytes, packed: Packed, texts: Numbered, first: int, last: int, style: int) -> int:
    """Write words as they stand, with their gaps in one style; the bytes written."""
    size, own = 0, packed.gaps
    for k in range(first, last + 1):
        start, end = own.ptr[texts.gaps[k]], own.ptr[texts.gaps[k] + 1]
        if k > first and style == _OWN:
            size = _append(buffer, size, own.data, start, end)
        elif k > first and style == _HYPHENATED:
            buffer[size] = _HYPHEN
            size += 1
        elif k > first and end - start == 1 and own.data[start] == _SPACE:
            buffer[size] = _SPACE
            size += 1
        form = packed.words.group[texts.words[k]]
        size = _append(buffer, size, packed.words.data, packed.words.ptr[form], packed.words.ptr[form + 1])
    return size


@_inner
def _lengthen(
    table: Table, packed: Packed, so_far: tuple[np.uint64, int], word: int, gap: int, length: int, style: int
) -> tuple[np.uint64, int]:
    """Hash and size of words as they stand with a word more, the last of ``length``, and the gap before it."""
    between, words, form = packed.gaps, packed.words, packed.words.group[word]
    start, end = between.ptr[gap], between.ptr[gap + 1]
    key, size = so_far
    if size >= 0 and length > 1:
        if style == _HYPHENATED:
            key, size = _go_on(table, key, size, _DASH, 0, 1)
        elif style == _OWN or (end - start == 1 and between.data[start] == _SPACE):
            key, size = _go_on(table, key, size, between.data, start, end)
    if size >= 0:
        key, size = _go_on(table, key, size, words.data, words.ptr[form], words.ptr[form + 1])
    return key, size


@_inner
def _vary(buffer: _Bytes, packed: Packed, words: _Ints, first: int, last: int, how: int, digits: int) -> int:
    """Write words in the forms that digits choose, with spaces between them; the bytes written."""
    size, forms = 0, packed.words
    for k in range(first, last + 1):
        if how != _DROPPED or packed.word_class[words[k]] < _STOP:
            form = forms.group[words[k]] + (digits & (_MAX_FORMS - 1))
            digits >>= _DIGIT
            if k > first:
                buffer[size] = _SPACE
                size += 1
            size = _append(buffer, size, forms.data, forms.ptr[form], forms.ptr[form + 1])
    return size


@_uncounted
def _limit(words: _Ints, first: int, count: int, group: _Ints) -> int:
    """How many forms a word may try, so that all try at most ``MAX_VARIANTS``; never more with a word more."""
    limit = _MAX_FORMS
    while limit > 1:
        product = 1
        for k in range(first, first + count):
            product *= min(limit, group[words[k] + 1] - group[words[k]])
            if product > MAX_VARIANTS:
                break
        if product <= MAX_VARIANTS:
            break
        limit -= 1
    return limit


@_inner
def _vary_on(
    table: Table, forms: Ragged, words: _Ints, first: int, count: int, live: Live, old: int, lives: int, new: int
) -> int:
    """Write every living spelling of some words with a form of the last of them more; how many live on.

    Those that end in the first form of a word come first, so that they stay in the order of their digits.
    """
    found, limit, group = 0, _limit(words, first, count, forms.group), forms.group[words[first + count - 1]]
    for choice in range(min(limit, forms.group[words[first + count - 1] + 1] - group)):
        start, end = forms.ptr[group + choice], forms.ptr[group + choice + 1]
        for i in range(lives):
            key, size = live.key[old, i], live.size[old, i]
            if live.most[old, i] >= limit:
                continue
            if count > 1:
                key, size = _go_on(table, key, size, _BLANK, 0, 1)
            if size >= 0:
                key, size = _go_on(table, key, size, forms.data, start, end)
            if size >= 0:
                live.key[new, found], live.size[new, found] = key, size
                live.digits[new, found] = live.digits[old, i] | (choice << (_DIGIT * (count - 1)))
                live.most[new, found] = max(live.most[old, i], choice)
                found += 1
    return found


@_inner
def _copy(live: Live, old: int, lives: int, new: int) -> int:
    for i in range(lives):
        live.key[new, i], live.size[new, i] = live.key[old, i], live.size[old, i]
        live.digits[new, i], live.most[new, i] = live.digits[old, i], live.most[old, i]
    return lives


@_inner
def _note(
    table: Table,
    so_far: tuple[np.uint64, int],
    maybe: Maybe,
    count: int,
    hit: tuple[int, int, int, int, int],
    digits: int,
) -> int:
    """Write down what a form may be, where there is room; the number of them after it."""
    key, size = so_far
    if size < 0 or not _known(table, key):
        return count
    if count < len(maybe.hits):
        for column in range(5):
            maybe.hits[count, column] = hit[column]
        maybe.key[count], maybe.size[count], maybe.digits[count] = key, size, digits
    return count + 1


@_inner
def _note_all(
    table: Table,
    live: Live,
    row: int,
    lives: int,
    maybe: Maybe,
    count: int,
    here: tuple[int, int, int],
    how: int,
    own: bool,
) -> int:
    """Write down the living spellings of a row, the text's own only where ``own``; the number after them."""
    for i in range(lives):
        digits = live.digits[row, i]
        if digits > 0 or own:
            found = _AS_IS if digits == 0 and how == _INFLECTED else how
            so_far = live.key[row, i], live.size[row, i]
            count = _note(table, so_far, maybe, count, (*here, _VARIED, found), digits)
    return count


@_uncounted
def walk(table: Table, packed: Packed, texts: Numbered, limits: _Ints, maybe: Maybe, live: Live, kept: _Ints) -> int:
    """Find every n-gram of some texts that may be a form, under all forms it may be stored as.

    From each word on, every spelling grows by a word at a time, until no form begins so.

    Args:
        table: the surface table.
        packed: of their words and gaps.
        texts: the texts.
        limits: of each text: words of the longest n-gram, and whether words of class BREAK may be dropped inside a
            name.
        maybe: written.
        live: scratch.
        kept: scratch, as long as the longest n-gram.

    Returns:
        How many there are, of which those that fit are in ``maybe``.

    Shapes:
        limits [2, t].
    """
    count = 0
    for text in range(len(texts.ptr) - 1):
        for first in range(texts.ptr[text], texts.ptr[text + 1]):
            stop = min(texts.ptr[text + 1], first + limits[0, text])
            count = _walk(table, packed, texts, (text, first, stop), limits[1, text] > 0, maybe, count, live, kept)
    return count


@_uncounted
def settle(table: Table, packed: Packed, texts: Numbered, maybe: Maybe, count: int, buffer: _Bytes) -> int:
    """Look up what may be a form, and keep the hits.

    Args:
        table: the surface table.
        packed: of the texts' words and gaps.
        texts: the texts.
        maybe: of :func:`walk`; its ``hits`` become text, first word, word after the last, form, and a How.
        count: how many.
        buffer: scratch, as long as the longest spelling.

    Returns:
        How many hits there are.
    """
    found, hits = 0, maybe.hits
    for i in range(count):
        text, style, how = hits[i, 0], hits[i, 3], hits[i, 4]
        first, last = texts.ptr[text] + hits[i, 1], texts.ptr[text] + hits[i, 2]
        if style == _VARIED:
            size = _vary(buffer, packed, texts.words, first, last, how, maybe.digits[i])
        else:
            size = _spell(buffer, packed, texts, first, last, style)
        index = _find(table, maybe.key[i], buffer, size)
        if index >= 0:
            hits[found, 0], hits[found, 1], hits[found, 2] = text, hits[i, 1], hits[i, 2] + 1
            hits[found, 3], hits[found, 4] = index, how
            found += 1
    return found


@_inner
def _walk(
    table: Table,
    packed: Packed,
    texts: Numbered,
    at: tuple[int, int, int],
    across: bool,
    maybe: Maybe,
    found: int,
    live: Live,
    kept: _Ints,
) -> int:
    """The same of the n-grams that begin with one word of a text, and end before another; the number after them."""
    text, first, stop = at
    words, gaps, origin = texts.words, texts.gaps, texts.ptr[text]
    forms, between = packed.words, packed.gaps
    own = hyphenated = joined = (_BASIS, 0)
    varied, dropped, spare = 0, 1, 2
    plain, softly, breaks, contents, count = True, packed.word_class[words[first]] < _STOP, 0, 0, 0
    live.key[varied, 0], live.size[varied, 0], live.digits[varied, 0], live.most[varied, 0] = _BASIS, 0, 0, 0
    lives, drops = int(softly), 0
    for last in range(first, stop):
        length, kind = last + 1 - first, packed.word_class[words[last]]
        here = (text, first - origin, last - origin)
        breaks += kind == _BREAK
        contents += kind == _CONTENT
        if length > 1:
            start = between.ptr[gaps[last]]
            softly &= packed.soft[gaps[last]]
            plain &= between.ptr[gaps[last] + 1] - start == 1 and between.data[start] == _SPACE
        if not softly:
            lives = drops = 0
        own = _lengthen(table, packed, own, words[last], gaps[last], length, _OWN)
        hyphenated = _lengthen(table, packed, hyphenated, words[last], gaps[last], length, _HYPHENATED)
        joined = _lengthen(table, packed, joined, words[last], gaps[last], length, _JOINED)
        if kind < _STOP:
            kept[count] = words[last]
            count += 1
            drops = _vary_on(table, forms, kept, 0, count, live, dropped, drops, spare)
            dropped, spare = spare, dropped
        elif count == length - 1:
            # The first word that may be dropped: what lives with all words before it lives on without it.
            drops = _copy(live, varied, lives, dropped)
        if breaks > 0 and not across:
            drops = 0
        lives = _vary_on(table, forms, words, first, length, live, varied, lives, spare)
        varied, spare = spare, varied
        if contents > 0 or count > 1:
            found = _note(table, own, maybe, found, (*here, _OWN, _AS_IS), 0)
            # Another spelling is tried only where it differs from the text's own.
            if softly and kind < _STOP and length > 1:
                other, style = (hyphenated, _HYPHENATED) if plain else (joined, _JOINED)
                found = _note(table, other, maybe, found, (*here, style, _AS_IS), 0)
            if kind < _STOP:
                found = _note_all(table, live, varied, lives, maybe, found, here, _INFLECTED, not plain)
                found = _note_all(table, live, dropped, drops, maybe, found, here, _DROPPED, True)
        if lives == 0 and drops == 0 and own[1] < 0 and hyphenated[1] < 0 and joined[1] < 0:
            break
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
