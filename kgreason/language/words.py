"""What the linker knows of a language: how to cut it into words, and which forms a word may be stored under."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

__all__ = ["Language", "Token", "tokens_of"]


class Token(NamedTuple):
    """A word of a text: ``text[start:end]`` of the text it was cut from."""

    start: int
    end: int
    text: str


def tokens_of(parts: Sequence[str]) -> list[Token]:
    """The words of a text that was cut into gap, word, gap, word … gap.

    Example:
        >>> tokens_of(["", "Red", " ", "dogs", "."])
        [Token(start=0, end=3, text='Red'), Token(start=4, end=8, text='dogs')]
    """
    ends = list(accumulate(map(len, parts)))
    return list(map(Token, ends[:-1:2], ends[1::2], parts[1::2]))


@dataclass(frozen=True, slots=True)
class Language:
    """One language as functions and word lists; a new one is a file that makes this record.

    Args:
        code: BCP-47 primary tag.
        split: cuts a text into gap, word, gap, word … gap, which together are the text; gaps may be empty.
        lemmas: dictionary forms of a word in normal form, likeliest first, the word itself left out.
        stop_words: words dropped inside names.
        break_words: words dropped at the ends of names, which no name with words dropped spans.
        weak_words: words kept inside names that never name a concept alone.
        letters: what may be missing in a misspelt word or stand wrong in it; without any, nothing is respelt.
        deny: words, with _ between two, that turn round what a few words behind them say.
        affirm: two words with _ between them, one of which is in ``deny``, that deny nothing: "not only".
        spaced: whether a token is a word; where words are not set apart it is a character, most of which mean something
            else by themselves than in the name that they stand in.
        labels: what labels of tasks are called, such as "positive"; those left out keep their English names.
    """

    code: str
    split: Callable[[str], list[str]]
    lemmas: Callable[[str], tuple[str, ...]]
    stop_words: frozenset[str]
    break_words: frozenset[str]
    weak_words: frozenset[str]
    letters: str = ""
    deny: frozenset[str] = frozenset()
    affirm: frozenset[str] = frozenset()
    spaced: bool = True
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)

    def tokenize(self, text: str) -> list[Token]:
        """The words of a text with offsets, in reading order: ``text[token.start : token.end] == token.text``."""
        return tokens_of(self.split(text))
