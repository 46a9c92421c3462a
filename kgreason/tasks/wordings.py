"""How questions about facts are put: one step of one relation, chains of steps, two clues with one answer."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from random import Random
from typing import Any, Literal

import kg_data
from kgreason.graph.relations import RelationTable

__all__ = ["Clue", "Name", "Noun", "Style", "Verb", "Wordings", "is_noun", "kept"]

#: What asks: questions of the relation's own, or questions made of nothing but its name.
Style = Literal["wording", "label"]

#: Share of the chains whose steps are noun phrases inside one question, and of those that are a noun phrase alone.
NESTED, BARE = 0.5, 0.2

#: Where relations bear borrowed names: share of the concepts introduced by what they are ("the book zog"), and of the
#: pairs of steps there and back that are put as "the same".
DESCRIBED, SAME = 0.2, 0.7
#: Stands before a relation that is walked there and back.
_SAME = "="

#: What is no relation in the file of wordings.
_SECTIONS = ("label", "noun", "verb", "join")
_QUOTED = re.compile(r"“[^”]*\{x\}")
_BRACES = re.compile(r"\{(\w+)\}")

#: Words that keep the name of a relation from being read as a noun: "born in", "is a", "has part".
_PREPOSITIONS = {
    "about", "among", "as", "at", "beside", "by", "for", "from", "in", "inside", "into", "like", "near", "on", "than",
    "through", "to", "under", "with", "without",
}  # fmt: skip
_VERBS = {"are", "can", "cannot", "did", "do", "does", "had", "has", "have", "is", "was", "were", "will", "would"}


@dataclass(frozen=True, slots=True)
class Clue:
    """One condition on an answer: it is reached from a concept by steps, or it is not.

    Args:
        seed: name of the concept.
        steps: relation names, ``~`` before one that is walked backward.
        positive: whether the answer is reached, or must not be.
    """

    seed: str
    steps: tuple[str, ...]
    positive: bool = True

    def to_list(self) -> list[Any]:
        """The clue as JSON: [seed, steps, positive]."""
        return [self.seed, list(self.steps), self.positive]


@dataclass(frozen=True, slots=True)
class Verb:
    """A relation called by a verb.

    Args:
        base: "write".
        past: "wrote".
        participle: "written".
        agent: who does it, "writer".
        passive: whether facts run from what is done to who does it, as "written by" does.
    """

    base: str
    past: str
    participle: str
    agent: str
    passive: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """What the relation may be called in facts."""
        if self.passive:
            return f"{self.participle} by", self.agent, with_s(self.agent)
        return self.past, with_s(self.base)

    @property
    def forms(self) -> dict[str, str]:
        """What templates call its forms."""
        forms = {name: getattr(self, name) for name in ("base", "past", "participle", "agent")}
        return {**forms, "third": with_s(self.base), "agents": with_s(self.agent)}


@dataclass(frozen=True, slots=True)
class Noun:
    """A relation asked for by a noun, in the singular or the plural.

    Args:
        phrase: "mother".
    """

    phrase: str

    @property
    def names(self) -> tuple[str, ...]:
        """What the relation may be called in facts."""
        return self.phrase, self.phrase, with_s(self.phrase), f"has {self.phrase}"

    @property
    def forms(self) -> dict[str, str]:
        """What templates call its forms."""
        return {"phrase": self.phrase, "phrases": with_s(self.phrase)}


#: What a relation is asked for by: words that stand as they are, or a word that is inflected.
Name = str | Noun | Verb


@dataclass(frozen=True, slots=True)
class _Asked:
    """Templates of one relation: questions, and noun phrases for what they ask for."""

    forward: Sequence[str]
    backward: Sequence[str]
    target: Sequence[str]
    source: Sequence[str]
    same: Sequence[str]
    alike: Sequence[str]

    def ways(self, backward: bool, noun: bool, same: bool = False) -> Sequence[str]:
        if same:
            return self.alike if noun else self.same
        if noun:
            return self.source if backward else self.target
        return self.backward if backward else self.forward


@dataclass(frozen=True, slots=True)
class _Put:
    """How a question is put; see :meth:`Wordings.ask`."""

    random: Random
    style: Style
    held_out: bool
    shown: Mapping[str, Name]


class Wordings:
    """Every way to put a question; the last quarter of each list is held out of training.

    Args:
        rows: what ``wordings.toml`` holds.

    Example:
        >>> from random import Random
        >>> Wordings.load().ask([Clue("zog", ("AtLocation",))], Random(0))
        'where would you find zog?'
        >>> Wordings.load().ask([Clue("zog", ("birth place",))], Random(1))
        'what completes “zog birth place …”?'
        >>> Wordings.load().ask([Clue("zog", ("AtLocation", "~UsedFor"))], Random(3))
        'what is good for the place that has zog in it?'
    """

    def __init__(self, rows: Mapping[str, Any]) -> None:
        relations = {name: row for name, row in rows.items() if name not in _SECTIONS}
        self._relations = {name: _asked(row) for name, row in relations.items()}
        self._names = {name: tuple(row["names"]) for name, row in relations.items()}
        self._label, self._noun = _asked(rows["label"]), _asked(rows["label"]["noun"])
        self._verb, self._classes = _asked(rows["verb"]), tuple(rows["verb"]["classes"])
        self._plural = _asked(rows["noun"])
        #: Verbs that relations may be called by, beside regular ones; and those that none may be called by.
        self.verbs = tuple(Verb(*forms) for forms in rows["verb"]["forms"])
        self.barred_verbs = frozenset(rows["verb"]["barred"])
        self._then = tuple((row["text"], row["it"]) for row in rows["join"]["then"])
        self._both, self._but = tuple(rows["join"]["and"]), tuple(rows["join"]["not"])

    @classmethod
    @cache
    def load(cls) -> Wordings:
        """The wordings of the data package, read once."""
        return cls(tomllib.loads(kg_data.path("wordings.toml").read_text(encoding="utf-8")))

    def knows(self, step: str) -> bool:
        """Whether a relation has wordings of its own."""
        return RelationTable.load().canonical(step.removeprefix("~")) in self._relations

    def names(self, relation: str, *, held_out: bool = False) -> Sequence[str]:
        """Other names of a relation that read in its own direction; none for a relation without an entry."""
        return kept(self._names.get(RelationTable.load().canonical(relation), ()), held_out)

    def templates(
        self, step: str, style: Style = "wording", *, held_out: bool = False, shown: Name = "", noun: bool = False
    ) -> list[str]:
        """Questions with {x} that ask for what one step leads to.

        Args:
            step: a relation's name, ``~`` before it where it is walked backward, ``=`` where it is walked there and
                back, as in "what has the same author as".
            style: "label" where its own wordings are not wanted; one that has none is asked by its name in any case.
            held_out: the held-out quarter instead of the others.
            shown: the name by which the relation is asked for, if not by its phrase.
            noun: noun phrases for what the step leads to, instead of questions.
        """
        relation, backward = step.lstrip(_SAME + "~"), step.startswith("~")
        table = RelationTable.load()
        if style == "wording" and (own := self._relations.get(table.canonical(relation))):
            return list(kept(own.ways(backward and bool(own.backward), noun), held_out))
        if isinstance(shown, (Noun, Verb)):
            same, turned = step.startswith(_SAME), isinstance(shown, Verb) and not shown.passive
            lists = [self._verb] if isinstance(shown, Verb) else [self._noun, self._plural]
            texts = [text for one in lists for text in kept(one.ways(backward != turned, noun, same), held_out)]
            return [fill(text, **shown.forms) for text in texts]
        phrase = shown or table.phrase(relation)
        lists = [self._label, self._noun] if is_noun(phrase) else [self._label]
        lists = lists[-1:] if noun else lists
        found = [text for one in lists for text in kept(one.ways(backward, noun), held_out)]
        return [fill(text, phrase=phrase, x="{x}") for text in found]

    def ask(
        self,
        clues: Sequence[Clue],
        random: Random,
        *,
        style: Style = "wording",
        held_out: bool = False,
        shown: Mapping[str, Name] | None = None,
    ) -> str:
        """One question for all clues.

        Args:
            clues: one, or two of which the second may be negative.
            random: chooses among the ways to put it.
            style: how single steps are asked.
            held_out: put it only in ways that are held out.
            shown: relation to the name by which label questions ask for it.

        Returns:
            The question, lower case but for the names in it.
        """
        put = _Put(random, style, held_out, shown or {})
        if any(isinstance(name, (Noun, Verb)) for name in put.shown.values()):
            clues = [self._freer(clue, put) for clue in clues]
        texts = [self._nested(clue, put) if random.random() < NESTED else self._chain(clue, put) for clue in clues]
        if len(texts) == 1:
            return texts[0] if texts[0].endswith("?”") else f"{texts[0]}?"
        one, other = texts
        joins = self._both if clues[1].positive else self._but
        return fill(random.choice(kept(joins, held_out)), one=one, other=other)

    def _freer(self, clue: Clue, put: _Put) -> Clue:
        """A clue about "the book zog" instead of zog, and with "the same" where it goes there and back."""
        seed, steps, name = clue.seed, clue.steps, put.shown[clue.steps[0].removeprefix("~")]
        if put.random.random() < DESCRIBED:
            seed = f"the {put.random.choice(self._classes)} {seed}"
        to_agent = steps[0].startswith("~") == (isinstance(name, Verb) and not name.passive)
        if to_agent and steps[1:2] == (_back(steps[0]),) and put.random.random() < SAME:
            steps = (_SAME + steps[0].removeprefix("~"), *steps[2:])
        return replace(clue, seed=seed, steps=steps)

    def _chain(self, clue: Clue, put: _Put) -> str:
        """All steps of a clue as one question after another, without the last question mark."""
        joins = kept(self._then, put.held_out)
        text = ""
        for number, step in enumerate(clue.steps):
            # from the second on, one that puts no words of its own in front of those of another
            join, it = put.random.choice([pair for pair in joins if number < 2 or pair[0].startswith("{")])
            quoted = bool(number) and "{before}" in it
            after = self._filled(step, fill(it, before=text) if number else clue.seed, put, quoted=quoted)
            text = fill(join, before=text, after=after).removesuffix("?") if number else after
        return text

    def _nested(self, clue: Clue, put: _Put) -> str:
        """The last step asked about noun phrases for the steps before it; sometimes a noun phrase alone."""
        *before, last = clue.steps
        text = clue.seed
        for step in before:
            text = self._filled(step, text, put, quoted="“" in text, noun=True)
        return self._filled(last, text, put, quoted="“" in text, noun=put.random.random() < BARE)

    def _filled(self, step: str, x: str, put: _Put, *, quoted: bool, noun: bool = False) -> str:
        name = put.shown.get(step.lstrip(_SAME + "~"), "")
        templates = self.templates(step, put.style, held_out=put.held_out, shown=name, noun=noun)
        if quoted:  # quotes are not nested in quotes
            templates = [text for text in templates if not _QUOTED.search(text)] or templates
        template, kind = put.random.choice(templates), put.random.choice(self._classes)
        return fill(template, x=x, **{"class": kind, "classes": with_s(kind)}).removesuffix("?")


def with_s(word: str) -> str:
    """A noun in the plural, or a verb behind he, she or it, by the regular rule.

    Example:
        >>> [with_s(word) for word in ("write", "carry", "catch", "play", "woman")]
        ['writes', 'carries', 'catches', 'plays', 'women']
    """
    if word.endswith("man"):
        return f"{word[:-2]}en"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return word + ("es" if word.endswith(("s", "x", "z", "ch", "sh")) else "s")


def kept(values: Sequence[Any], held_out: bool) -> Sequence[Any]:
    """The last quarter of a list, or all before it.

    Example:
        >>> kept("abcdefgh", True), kept("abc", False)
        ('gh', 'abc')
    """
    cut = len(values) - len(values) // 4
    return values[cut:] if held_out else values[:cut]


def is_noun(phrase: str) -> bool:
    """Whether a relation's name surely reads as a noun; a plural might as well be a verb.

    Example:
        >>> is_noun("birth place"), is_noun("born in"), is_noun("has genre"), is_noun("causes")
        (True, False, False, False)
    """
    words = phrase.split()
    if not words or words[-1] == "of" or (_PREPOSITIONS | _VERBS).intersection(words):
        return False
    return not any(word.endswith("s") and not word.endswith("ss") for word in (words[0], words[-1]))


def fill(template: str, **parts: str) -> str:
    """The template with its braces filled in one pass: a name may itself hold a brace."""
    return _BRACES.sub(lambda match: parts.get(match[1], match[0]), template)


def _back(step: str) -> str:
    return step[1:] if step.startswith("~") else f"~{step}"


def _asked(row: Mapping[str, Any]) -> _Asked:
    return _Asked(*(tuple(row.get(way.name, ())) for way in fields(_Asked)))
