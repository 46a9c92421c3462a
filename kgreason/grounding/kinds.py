"""What a clause says of kinds and their properties, as an edge or, with a condition, as a rule."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kgreason.grounding.rules import MAX_BODY, Atom, Rule
from kgreason.language import lemmas
from kgreason.records import Triple

__all__ = ["Kinds"]


#: A participle, which says what is done and no property.
_VERBAL = re.compile(r"\w{2}(?:ing|ed)$")


class Kinds:
    """Reads whole clauses such as "Every dog is an animal", "Max is not sour", "If something is red then it is round".

    Args:
        values: the words, ``kinds`` of a section of ``stated.toml``.
        unnamed: capitalised words that are no names.
        name: what a name looks like.

    Example:
        >>> from kgreason.grounding.stated import Reader
        >>> [stated.triple for stated in Reader.load().read("Each yumpus is a dumpus. Max is not sour.").edges]
        [('yumpus', 'IsA', 'dumpus'), ('Max', 'NotHasProperty', 'sour')]
    """

    def __init__(self, values: Mapping[str, Any], unnamed: Iterable[str], name: str) -> None:
        every, someone, they, people = (
            "|".join(map(re.escape, values[key])) for key in ("every", "someone", "they", "people")
        )
        self._no_property, self._unnamed = frozenset(values["no_property"]), frozenset(unnamed)
        self._every = re.compile(rf"(?:{every}) ([a-z][\w-]*) (?:is|are)( not)? (an? )?([a-z][\w-]*)", re.IGNORECASE)
        self._plural = re.compile(r"([A-Za-z][a-z]+s) are( not)? ([a-z][\w-]*)")
        self._one = re.compile(rf"((?:{name})|[Tt]he [a-z][\w-]*) is( not)? (an? )?([a-z][\w-]*(?: [a-z][\w-]*)?)")
        self._kind = re.compile(r"[Aa]n? ([a-z][\w-]*) is( not)? (an? )([a-z][\w-]*)")
        self._if = re.compile(r"[Ii]f (.{1,200}?),? then (.{1,100})")
        self._condition = re.compile(
            rf"(?:(?P<who>{someone}|{they})|(?P<name>{name})|[Tt]he (?P<noun>[a-z]\w*)) (?:is|are)"
            r"(?P<not> not)? (?P<article>an? )?(?P<what>[a-z][\w-]*)"
        )
        self._people = re.compile(
            rf"(?:(?:{every}) )?([a-z][\w-]*(?:, [a-z][\w-]*){{0,2}}) (?:{people}) are( not)? ([a-z][\w-]*)",
            re.IGNORECASE,
        )

    def edge(self, clause: str) -> Triple | None:
        """The edge that a whole clause states, or None."""
        if found := self._every.fullmatch(clause) or self._kind.fullmatch(clause):
            return self._said(
                _singular(found[1].lower()), found[2], found[3], _singular(found[4]) if found[3] else found[4]
            )
        if found := self._plural.fullmatch(clause):
            return self._said(_singular(found[1].lower()), found[2], None, found[3])
        found = self._one.fullmatch(clause)
        if found is None or (" " in found[4] and not found[3]):
            return None
        source = found[1].strip("[]")
        if source.split()[0].lower() == "the":
            source = source[4:]
        return None if source in self._unnamed else self._said(source, found[2], found[3], found[4], plain=True)

    def rule(self, clause: str) -> Rule | None:
        """The rule that a whole clause states, or None."""
        if found := self._people.fullmatch(clause):
            body = tuple(Atom("x", "HasProperty", word) for word in found[1].lower().split(", "))
            return Rule(body, Atom("x", _relation(found[2], False), found[3]))
        if (found := self._if.fullmatch(clause)) is None:
            return None
        given = self._conditions(found[1])
        said = self._conditions(found[2])
        if not 0 < len(given) <= MAX_BODY or len(said) != 1:
            return None
        bound = {term for atom in given for term in (atom.source,)}
        return Rule(tuple(given), said[0]) if said[0].source != "x" or "x" in bound else None

    def _conditions(self, text: str) -> list[Atom]:
        """The conditions joined by "and", or none where one of them is not understood."""
        found: list[Atom] = []
        for part in text.split(" and "):
            match = self._condition.fullmatch(part)
            if match is None and found and re.fullmatch(r"(?:not )?[a-z][\w-]*", part):  # "is kind and rough"
                word = part.removeprefix("not ")
                found.append(Atom(found[-1].source, _relation(part != word, False), word))
                continue
            if match is None or match["what"] in self._no_property:
                return []
            source = "x" if match["who"] else (match["name"] or match["noun"]).strip("[]")
            found.append(Atom(source, _relation(match["not"], match["article"]), match["what"]))
        return found

    def _said(
        self, source: str, negated: str | None, article: str | None, what: str, plain: bool = False
    ) -> Triple | None:
        """A kind after an article or in the plural, a property otherwise."""
        plural = not article and not plain and _singular(what) != what
        if not article and not plural and (what in self._no_property or _VERBAL.search(what)):
            return None
        return source, _relation(negated, article or plural), _singular(what) if plural else what


def _relation(negated: object, kind: object) -> str:
    return ("Not" if negated else "") + ("IsA" if kind else "HasProperty")


def _singular(noun: str) -> str:
    """A noun without its plural ending.

    Example:
        >>> _singular("yumpuses"), _singular("yumpus"), _singular("dogs")
        ('yumpus', 'yumpus', 'dog')
    """
    if not noun.endswith("s") or noun.endswith(("ss", "ous")):
        return noun
    return next(iter(lemmas(noun)), noun)
