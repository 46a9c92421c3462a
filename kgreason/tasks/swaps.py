"""Counterfactual questions: the same words about another group of people.

A text is read word by word, and each word that names one group becomes the one that names another, both ways round
(counterfactual data substitution, Maudslay et al. 2019; named entities are not touched). Words are data
(``kg_data/swaps.toml``).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import combinations

import kg_data
from kgreason.records import Question

__all__ = ["Axis", "Swap", "axes", "twins"]

#: First letters that take "an"; of words that begin otherwise than they sound, those in the data begin with none.
_VOWELS = frozenset("aeiou")


@dataclass(frozen=True)
class _Words:
    """What all axes share: spans to keep, and how possessives turn."""

    keep: tuple[str, ...]
    before: Mapping[str, str]
    alone: Mapping[str, str]
    closed: frozenset[str]


@dataclass(frozen=True)
class Axis:
    """Groups by one trait, such as gender, and the words that name them side by side.

    ``names`` are those of persons, which belong to one of the groups and cannot be swapped.
    """

    name: str
    groups: Mapping[str, tuple[str, ...]]
    words: _Words
    names: frozenset[str]

    def swaps(self) -> Iterator[Swap]:
        """Every unordered pair of groups."""
        return (Swap(self, first, second) for first, second in combinations(self.groups, 2))


@cache
def axes() -> Mapping[str, Axis]:
    """The packaged axes by name."""
    table = tomllib.loads(kg_data.path("swaps.toml").read_text(encoding="utf-8"))
    possessive = table["possessive"]
    words = _Words(
        tuple(table["keep"]),
        possessive["before"],
        possessive["alone"],
        frozenset(possessive["closed"]),
    )
    return {
        name: Axis(
            name,
            {group: tuple(listed) for group, listed in groups.items()},
            words,
            frozenset(table["names"].get(name, ())),
        )
        for name, groups in table["axes"].items()
    }


@dataclass(frozen=True)
class Swap:
    """Two groups of an axis, exchanged.

    Example:
        >>> swap = next(axes()["gender"].swaps())
        >>> swap.text("The man's wife lost her keys. Did he help her?")
        "The woman's husband lost his keys. Did she help him?"
    """

    axis: Axis
    first: str
    second: str

    @cached_property
    def _other(self) -> dict[str, str]:
        pairs = list(zip(self.axis.groups[self.first], self.axis.groups[self.second], strict=True))
        other = {one.lower(): two for one, two in reversed(pairs)}
        return other | {two.lower(): one for one, two in reversed(pairs)}

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        spans = sorted({*self._other, *self.axis.words.keep}, key=len, reverse=True)
        return re.compile(rf"\b(?:(an?)\s+)?({'|'.join(map(re.escape, spans))})\b", re.IGNORECASE)

    @cached_property
    def _firsts(self) -> frozenset[str]:
        return frozenset(word.lower() for word in self.axis.groups[self.first])

    def text(self, text: str) -> str:
        """A text about the other group; case, plural and possessive stay."""
        return self._pattern.sub(lambda found: self._turned(found, text), text)

    def side(self, text: str) -> str | None:
        """Which of the two groups a text names first; None if neither."""
        for found in self._pattern.finditer(text):
            if (word := found[2].lower()) in self._other:
                return self.first if word in self._firsts else self.second
        return None

    def question(self, question: Question) -> Question | None:
        """The same question about the other group.

        Args:
            question: any question in English.

        Returns:
            Its text, hypothesis and context swapped, and the options of a choice; None where it names neither group,
            or on the axis of gender names a person.
        """
        if question.language != "en" or self.group(question) is None or self.names_person(question):
            return None
        swapped = replace(
            question,
            text=self.text(question.text),
            hypothesis=None if question.hypothesis is None else self.text(question.hypothesis),
            context=None if question.context is None else self.text(question.context),
        )
        return replace(swapped, options=tuple(map(self.text, question.options))) if self._options(question) else swapped

    def group(self, question: Question) -> str | None:
        """Which group a question names first, text before options."""
        texts = (*_texts(question), *self._options(question))
        return next((side for text in texts if (side := self.side(text))), None)

    def names_person(self, question: Question) -> bool:
        """Whether a person's name stands in it, which would have to change with the pronouns."""
        texts = (*_texts(question), *question.options) if self.axis.names else ()
        return any(word.lower() in self.axis.names for text in texts for word in re.findall(r"\b[A-Z][a-z]+", text))

    def _options(self, question: Question) -> Sequence[str]:
        return question.options if question.task == "choice" else ()

    def _turned(self, found: re.Match[str], text: str) -> str:
        article, span = found[1], found[2]
        word = span.lower()
        if word not in self._other:
            return found[0]
        other = self._possessive(word, text[found.end() :]) or self._other[word]
        other = _cased(other, span)
        if article is None:
            return other
        turned = "an" if other[0].lower() in _VOWELS else "a"
        gap = found[0][len(article) : len(found[0]) - len(span)]
        return (turned.capitalize() if article[0].isupper() else turned) + gap + other

    def _possessive(self, word: str, rest: str) -> str | None:
        words = self.axis.words
        if word not in words.before or word not in self._other:
            return None
        following = re.match(r"\s+([A-Za-z]+)", rest)
        alone = following is None or following[1].lower() in words.closed
        return (words.alone if alone else words.before)[word]


def twins(question: Question) -> list[tuple[Swap, Question]]:
    """A question of which one option is right, about every other group that it could name instead.

    Example:
        >>> [twin.text for _, twin in twins(Question("What does a boy like?", ("toys", "wine")))]
        ['What does a girl like?']
    """
    if not question.options or question.multi_label:
        return []
    found = [(swap, swap.question(question)) for swap in _swaps()]
    return [(swap, twin) for swap, twin in found if twin is not None and twin != question]


@cache
def _swaps() -> list[Swap]:
    return [swap for axis in axes().values() for swap in axis.swaps()]


def _texts(question: Question) -> tuple[str, ...]:
    return question.text, question.hypothesis or "", question.context or ""


def _cased(word: str, like: str) -> str:
    """A word in the case of another; as it is listed where that is in mixed or lower case."""
    if like.isupper() and len(like) > 1:
        return word.upper()
    if like.islower():
        return word.lower()
    return word[:1].upper() + word[1:]
