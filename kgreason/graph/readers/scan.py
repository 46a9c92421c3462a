"""Where the parts of ConceptNet 5's lines stand, found by compiled loops. Importing this file imports numba.

The fifth column is taken as the dumps spell it, without escapes, which is cheaper than to decode it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = ["PARTS", "scan"]

#: The parts of a line, in their order.
PARTS = ("relation", "source", "source_sense", "target", "target_sense", "dataset", "license", "surfaceText", "weight")

_WIDTH = 2 * len(PARTS)
_Bytes = npt.NDArray[np.uint8]


def _spelled(text: str) -> _Bytes:
    return np.frombuffer(text.encode(), np.uint8)


_TAB, _NEWLINE, _QUOTE, _BACKSLASH, _SLASH, _DOT, _BLANK = map(ord, '\t\n"\\/. ')
_0, _9, _A, _Z = map(ord, "09az")
_CONCEPT, _COLUMN, _LINE = _spelled("/c/"), _spelled("\t"), _spelled("\n")
_DATASET, _LICENCE, _SOURCES = _spelled('{"dataset": "'), _spelled('", "license": "'), _spelled('", "sources": [')
_OPEN, _COLON, _COMMA, _CLOSE = _spelled('{"'), _spelled('": "'), _spelled('", "'), _spelled('"}')
_NEXT, _LAST = _spelled(', {"'), _spelled('], "')
_END, _START, _SURFACE = _spelled('surfaceEnd": "'), _spelled('surfaceStart": "'), _spelled('surfaceText": "')
_WEIGHT, _DONE = _spelled('weight": '), _spelled("}")


@njit(cache=True, nogil=True)
def scan(data: _Bytes) -> npt.NDArray[np.int64]:
    """Where the parts of all lines begin and end, if every line is spelled as usual.

    Args:
        data: lines in UTF-8, the last without its end.

    Returns:
        begin and end of each of :data:`PARTS`, line after line, in ascending order, then the end of the data; none if
        a line is spelled in another way. A part that is not there is empty, as are those of what is no concept.

    Shapes:
        data [bytes] -> [18 lines + 1]
    """
    lines = 1
    for byte in data:
        lines += byte == _NEWLINE
    ends = np.empty(_WIDTH * lines + 1, np.int64)
    at = 0
    for row in range(lines):
        if row:
            at = _past(data, at, _LINE)
        at = _line(data, at, ends[_WIDTH * row : _WIDTH * (row + 1)])
        if at < 0:
            return ends[:0]
    ends[-1] = len(data)
    return ends if at == len(data) else ends[:0]


# Each of the following takes a place and gives the one behind what it looks for, or −1, also for −1.


@njit(cache=True, nogil=True)
def _line(data: _Bytes, at: int, ends: npt.NDArray[np.int64]) -> int:
    at = _past(data, _to(data, at, _TAB), _COLUMN)
    ends[0] = at
    at = _to(data, at, _TAB)
    ends[1] = at
    at = _concept(data, _past(data, at, _COLUMN), ends[2:6])
    at = _concept(data, _past(data, at, _COLUMN), ends[6:10])
    at = _past(data, _past(data, at, _COLUMN), _DATASET)
    ends[10] = at
    at = _text(data, at)
    ends[11] = at
    at = _past(data, at, _LICENCE)
    ends[12] = at
    at = _text(data, at)
    ends[13] = at
    at = _past(data, _sources(data, _past(data, at, _SOURCES)), _LAST)
    at = _optional(data, at, _END, ends[14:16])
    at = _optional(data, at, _START, ends[14:16])
    at = _past(data, _optional(data, at, _SURFACE, ends[14:16]), _WEIGHT)
    ends[16] = at
    at = _number(data, at)
    ends[17] = at
    return int(_past(data, at, _DONE))


@njit(cache=True, nogil=True)
def _past(data: _Bytes, at: int, text: _Bytes) -> int:
    """Past a given text."""
    if at < 0 or at + len(text) > len(data):
        return -1
    for i in range(len(text)):
        if data[at + i] != text[i]:
            return -1
    return at + len(text)


@njit(cache=True, nogil=True)
def _to(data: _Bytes, at: int, byte: int) -> int:
    """To a byte, or else the end of the column."""
    if at < 0:
        return -1
    while at < len(data) and data[at] != byte and data[at] != _TAB and data[at] != _NEWLINE:
        at += 1
    return at


@njit(cache=True, nogil=True)
def _concept(data: _Bytes, at: int, ends: npt.NDArray[np.int64]) -> int:
    """To the end of a column, with the ends of term and sense."""
    end = _to(data, at, _TAB)
    ends[:] = end
    language = _past(data, at, _CONCEPT)
    term = _to(data, language, _SLASH) + 1
    stop = _to(data, min(term, end), _SLASH)
    if language < term - 1 < end and term < stop:
        ends[0], ends[1], ends[2] = at, stop, min(stop + 1, end)
    return int(end)


@njit(cache=True, nogil=True)
def _text(data: _Bytes, at: int) -> int:
    """To the quote that ends a JSON text, which may hold no escape."""
    if at < 0:
        return -1
    while at < len(data) and data[at] != _QUOTE:
        if data[at] == _BACKSLASH or data[at] < _BLANK:
            return -1
        at += 1
    return at


@njit(cache=True, nogil=True)
def _sources(data: _Bytes, at: int) -> int:
    """Past one or more JSON objects of texts under keys of lower case."""
    at = _past(data, at, _OPEN)
    while at >= 0:
        begin = at
        while at < len(data) and _A <= data[at] <= _Z:
            at += 1
        at = _text(data, _past(data, at, _COLON)) if at > begin else -1
        more = _past(data, at, _COMMA)
        if more < 0:
            at = _past(data, at, _CLOSE)
            more = _past(data, at, _NEXT)
            if more < 0:
                return at
        at = more
    return -1


@njit(cache=True, nogil=True)
def _optional(data: _Bytes, at: int, key: _Bytes, ends: npt.NDArray[np.int64]) -> int:
    """Past a key with its text and what separates it from the next key, if it is there, with the ends of the text."""
    begin = _past(data, at, key)
    ends[:] = at
    if begin < 0:
        return at
    ends[0], ends[1] = begin, _text(data, begin)
    return int(_past(data, ends[1], _COMMA))


@njit(cache=True, nogil=True)
def _number(data: _Bytes, at: int) -> int:
    """Past a JSON number within the range of weights, without sign or exponent."""
    whole = _digits(data, at)
    if not 0 < whole - at <= 6 or (data[at] == _0 and whole - at > 1):
        return -1
    if whole == len(data) or data[whole] != _DOT:
        return int(whole)
    end = _digits(data, whole + 1)
    return end if 0 < end - whole - 1 <= 17 else -1


@njit(cache=True, nogil=True)
def _digits(data: _Bytes, at: int) -> int:
    if at < 0:
        return -1
    while at < len(data) and _0 <= data[at] <= _9:
        at += 1
    return at
