"""From a text to the surface forms that stand in it: every n-gram, under every form it may be stored as."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from itertools import accumulate, pairwise
from typing import NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from kgreason.graph.surfaces import Surfaces
from kgreason.language import Language, Token, normal_form, tokens_of

__all__ = [
    "MAX_VARIANTS",
    "MAX_WORDS",
    "How",
    "Live",
    "Maybe",
    "Numbered",
    "Packed",
    "Ragged",
    "Table",
    "Vocabulary",
    "WordClass",
    "Words",
    "find_forms",
    "split_texts",
    "table_of",
]

_T = TypeVar("_T", bound=np.generic)

#: Words of the longest name looked for inside a text.
MAX_WORDS = 6
#: Spellings of an n-gram that are tried at most, by the forms of its words.
MAX_VARIANTS = 256
#: Words and gaps that a vocabulary learns before a new one takes its place.
_MOST_ENTRIES = 1 << 16


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
    """What the walk reads of a surface table; the filter is :func:`kgreason.grounding.kernels.fill_filter`'s."""

    filter: npt.NDArray[np.uint64]
    slots: npt.NDArray[np.uint64]
    offsets: npt.NDArray[np.int64]
    data: npt.NDArray[np.uint8]


class Ragged(NamedTuple):
    """Texts in UTF-8 in groups of one or more: group i is texts ``group[i]`` to ``group[i + 1]``.

    Shapes:
        data [bytes] uint8, ptr [t + 1] int32, group [g + 1] int32.
    """

    data: npt.NDArray[np.uint8]
    ptr: npt.NDArray[np.int32]
    group: npt.NDArray[np.int32]


class Packed(NamedTuple):
    """The words and gaps of a vocabulary as the walk reads them; a word's first form is the word as it stands.

    Shapes:
        words: the forms of w words; gaps: one text for each of g gaps; word_class [w] uint8; soft [g] bool (whether a
        name with inflections undone may span the gap).
    """

    words: Ragged
    gaps: Ragged
    word_class: npt.NDArray[np.uint8]
    soft: npt.NDArray[np.bool_]


class Live(NamedTuple):
    """Lists of spellings with which a form may begin, one list a row.

    Shapes:
        all [3, MAX_VARIANTS]: key (hash so far), size (bytes so far), digits (the form of each word, that of the first
        in the lowest bits), most (the largest digit).
    """

    key: npt.NDArray[np.uint64]
    size: npt.NDArray[np.int32]
    digits: npt.NDArray[np.int64]
    most: npt.NDArray[np.int64]

    @classmethod
    def empty(cls) -> Live:
        """Three lists without spellings."""
        shape = (3, MAX_VARIANTS)
        return cls(
            np.empty(shape, np.uint64), np.empty(shape, np.int32), np.empty(shape, np.int64), np.empty(shape, np.int64)
        )


class Maybe(NamedTuple):
    """N-grams that may be a form.

    Shapes:
        hits [h, 5] (text, first word, last word, spelling, How), key [h] (hash), size [h] (bytes), digits [h] (as in
        :class:`Live`).
    """

    hits: npt.NDArray[np.int32]
    key: npt.NDArray[np.uint64]
    size: npt.NDArray[np.int32]
    digits: npt.NDArray[np.int64]

    @classmethod
    def empty(cls, size: int) -> Maybe:
        """Room for so many."""
        hits = np.empty((size, 5), np.int32)
        return cls(hits, np.empty(size, np.uint64), np.empty(size, np.int32), np.empty(size, np.int64))


class Numbered(NamedTuple):
    """Texts, one after another, by the numbers of their words and of what stands before each.

    Shapes:
        words and gaps [w] int32, ptr [t + 1] int64 (where each text begins).
    """

    words: npt.NDArray[np.int32]
    gaps: npt.NDArray[np.int32]
    ptr: npt.NDArray[np.int64]


class _Pile:
    """Groups of texts that grows at its end, so that what a reader holds of it stays as it is."""

    def __init__(self) -> None:
        self.size = 0
        self.ragged = Ragged(np.zeros(1 << 12, np.uint8), np.zeros(1 << 10, np.int32), np.zeros(1 << 10, np.int32))

    def append(self, texts: Sequence[bytes]) -> None:
        count = int(self.ragged.group[self.size])
        ends = int(self.ragged.ptr[count]) + np.cumsum([len(text) for text in texts])
        data = _with_room(self.ragged.data, int(ends[-1]))
        ptr = _with_room(self.ragged.ptr, count + len(texts) + 1)
        group = _with_room(self.ragged.group, self.size + 2)
        data[ptr[count] : ends[-1]] = np.frombuffer(b"".join(texts), np.uint8)
        ptr[count + 1 : count + len(texts) + 1] = ends
        group[self.size + 1] = count + len(texts)
        self.size += 1
        self.ragged = Ragged(data, ptr, group)


def _with_room(array: npt.NDArray[_T], size: int) -> npt.NDArray[_T]:
    return array if len(array) >= size else np.concatenate([array, np.zeros(max(len(array), size), array.dtype)])


class Vocabulary:
    """What the walk needs to know of each word and gap, learned when it is first met; threads may share one.

    Args:
        language: its lemmas and word lists.
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        self._words: dict[str, int] = {}
        self._gaps: dict[str, int] = {}
        self._word_pile, self._gap_pile = _Pile(), _Pile()
        self._class, self._soft = np.zeros(1 << 10, np.uint8), np.zeros(1 << 10, np.bool_)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._words) + len(self._gaps)

    @property
    def packed(self) -> Packed:
        """All that was learned so far."""
        return Packed(self._word_pile.ragged, self._gap_pile.ragged, self._class, self._soft)

    def words(self, texts: Sequence[str]) -> npt.NDArray[np.int32]:
        """Numbers of words."""
        return _numbers(self._words, self._learn_word, texts)

    def gaps(self, texts: Sequence[str]) -> npt.NDArray[np.int32]:
        """Numbers of what stands between words."""
        return _numbers(self._gaps, self._learn_gap, texts)

    def _learn_word(self, text: str) -> None:
        word = normal_form(text).replace("’", "'")
        forms = [form.encode("utf-8", "surrogatepass") for form in (word, *self.language.lemmas(word))]
        with self._lock:
            if text not in self._words:
                number = len(self._words)
                self._class = _with_room(self._class, number + 1)
                self._class[number] = _word_class(word, self.language)
                self._word_pile.append(forms)
                self._words[text] = number

    def _learn_gap(self, text: str) -> None:
        # A letter on either side keeps the white space at the ends, which the normal form would strip.
        form = normal_form(f"x{text}x")[1:-1].encode("utf-8", "surrogatepass")
        with self._lock:
            if text not in self._gaps:
                number = len(self._gaps)
                self._soft = _with_room(self._soft, number + 1)
                self._soft[number] = not _HARD.search(text)
                self._gap_pile.append([form])
                self._gaps[text] = number


def _numbers(known: Mapping[str, int], learn: Callable[[str], None], texts: Sequence[str]) -> npt.NDArray[np.int32]:
    try:
        return np.fromiter(map(known.__getitem__, texts), np.int32, len(texts))
    except KeyError:
        for text in set(texts) - known.keys():
            learn(text)
        return _numbers(known, learn, texts)


def _word_class(word: str, language: Language) -> WordClass:
    if word in language.stop_words:
        return WordClass.STOP
    if word in language.break_words:
        return WordClass.BREAK
    return WordClass.WEAK if word in language.weak_words else WordClass.CONTENT


_VOCABULARIES: dict[str, Vocabulary] = {}
_TABLES: WeakKeyDictionary[Surfaces, Table] = WeakKeyDictionary()


def _vocabulary(language: Language) -> Vocabulary:
    """The vocabulary of a language; one that has grown large is left to those who read it, and a new one begun."""
    held = _VOCABULARIES.get(language.code)
    if held is None or held.language is not language or len(held) > _MOST_ENTRIES:
        held = _VOCABULARIES[language.code] = Vocabulary(language)
    return held


@dataclass(frozen=True, eq=False)
class Words:
    """A text cut into gap, word, gap, word … gap, with their numbers in a vocabulary; ``gaps`` stand before the words.

    Shapes:
        words and gaps [w] int32.
    """

    parts: Sequence[str]
    words: npt.NDArray[np.int32]
    gaps: npt.NDArray[np.int32]
    vocabulary: Vocabulary

    def __len__(self) -> int:
        return len(self.words)

    @cached_property
    def tokens(self) -> list[Token]:
        """The words with offsets into the text."""
        return tokens_of(self.parts)

    @property
    def kinds(self) -> npt.NDArray[np.uint8]:
        """The :class:`WordClass` of each word. Shape: [w]."""
        return self.vocabulary.packed.word_class[self.words]

    @property
    def soft(self) -> npt.NDArray[np.bool_]:
        """Whether a name with inflections undone may span the gap before each word. Shape: [w]."""
        return self.vocabulary.packed.soft[self.gaps]

    def forms(self, word: int) -> list[bytes]:
        """A word as it stands, then its dictionary forms, all in normal form."""
        learned, number = self.vocabulary.packed.words, self.words[word]
        ends = learned.ptr[learned.group[number] : learned.group[number + 1] + 1].tolist()
        return [learned.data[start:end].tobytes() for start, end in pairwise(ends)]


def split_texts(texts: Sequence[str], language: Language) -> list[Words]:
    """Cut texts into words; all are numbered by one vocabulary.

    Args:
        texts: any texts.
        language: how it is cut into words, its lemmas and word lists.

    Returns:
        The words of each, with offsets into the text.
    """
    vocabulary, cut = _vocabulary(language), [language.split(text) for text in texts]
    words = vocabulary.words([word for parts in cut for word in parts[1::2]])
    gaps = vocabulary.gaps([gap for parts in cut for gap in parts[:-1:2]])
    ends = accumulate((len(parts) // 2 for parts in cut), initial=0)
    return [
        Words(parts, words[start:end], gaps[start:end], vocabulary)
        for parts, (start, end) in zip(cut, pairwise(ends), strict=True)
    ]


def table_of(surfaces: Surfaces) -> Table:
    """What the walk reads of surfaces, kept as long as they are."""
    from kgreason.grounding.kernels import fill_filter  # numba is slow to import

    table = _TABLES.get(surfaces)
    if table is None:
        held = surfaces.slots, surfaces.offsets, surfaces.data
        table = _TABLES[surfaces] = Table(fill_filter(*held), *held)
    return table


def find_forms(
    surfaces: Surfaces, texts: Sequence[Words], max_words: Sequence[int], across: Sequence[bool]
) -> npt.NDArray[np.int32]:
    """Every n-gram of some texts that is a surface form.

    Four spellings of an n-gram are tried as it stands (its own, and with gaps as spaces, hyphens or nothing), then
    each combination of the lemmas of its words, then the same without the stop words inside. A single stop word or
    weak word is never looked up, and only a name as it stands may begin or end with a stop word.

    Args:
        surfaces: the table.
        texts: split together, see :func:`split_texts`.
        max_words: of each text, words of the longest n-gram.
        across: of each text, whether words that begin a clause may be dropped inside a name, as they are in a name of
            its own.

    Returns:
        One row a hit: text, first word, word after the last, form, and a :class:`How`; sorted by text, first word,
        then length.

    Shapes:
        [h, 5] int32.
    """
    from kgreason.grounding.kernels import settle, walk  # numba is slow to import

    ptr = np.cumsum([0, *map(len, texts)])
    if ptr[-1] == 0 or len(surfaces) == 0:
        return np.empty((0, 5), np.int32)
    words, gaps = (np.concatenate(each) for each in zip(*((text.words, text.gaps) for text in texts), strict=True))
    given = table_of(surfaces), texts[0].vocabulary.packed, Numbered(words, gaps, ptr)
    limits, scratch = np.array([max_words, across], np.int32), (Live.empty(), np.empty(max(1, *max_words), np.int32))
    size = 4 * int(ptr[-1])
    while (count := walk(*given, limits, maybe := Maybe.empty(size), *scratch)) > size:
        size = count
    buffer = np.empty(maybe.size[:count].max(initial=0), np.uint8)
    return maybe.hits[: settle(*given, maybe, count, buffer)]
