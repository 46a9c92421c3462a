"""Edges and rules that a text states: families, comparisons, kinds and their properties, the table's own sentences.

What is not surely stated is not read: questions, what somebody is said to think, and pronouns that may mean two people
are passed over. Words and forms are data (``kg_data/stated.toml``), one section a language.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import kg_data
from kgreason.graph.relations import RelationTable
from kgreason.grounding.kinds import Kinds
from kgreason.grounding.rules import Rule, opposite
from kgreason.records import Triple

__all__ = ["Clause", "Reader", "Reading", "Stated"]

#: Edges read of one text; one with more is no story.
MAX_STATED = 1000
#: Words of the longest name of which is asked whether something holds, and one.
LONGEST = 6


class Clause(NamedTuple):
    """A clause of a text: ``text[start:end]``, without its sign at the end; ``asks`` where that makes it a question."""

    start: int
    end: int
    text: str
    asks: bool


class Stated(NamedTuple):
    """A triple, and the part of the text that states it."""

    triple: Triple
    start: int
    end: int


class Reading(NamedTuple):
    """What a text states: edges in reading order, each triple once, and rules."""

    edges: tuple[Stated, ...]
    rules: tuple[Rule, ...] = ()


class Reader:
    """Reads what texts of a language state.

    Args:
        values: a section of ``stated.toml``.

    Example:
        >>> reader = Reader.load()
        >>> text = "Anna is the mother of Ben. Ben's father, Carl, is taller than Anna. Carl and his brother Dan left."
        >>> [stated.triple for stated in reader.read(text).edges]
        [('Anna', 'mother of', 'Ben'), ('Carl', 'father of', 'Ben'), ('Dan', 'brother of', 'Carl')]
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._clause, self._longest = re.compile(values["clause"]), int(values["longest"])
        self._question: str = values["question"]
        self._doubt = re.compile(rf"\b(?:{_either(values['doubt'])})\b", re.IGNORECASE)
        self._unnamed, self._articles = frozenset(values["unnamed"]), tuple(values["articles"])
        self._pronouns: Mapping[str, str] = values["pronouns"]
        kin = [(gender, name, form) for gender, by in values["kin"].items() for name in by for form in by[name]]
        self._gender = {name: gender for gender, name, _ in kin}
        self.kin = {form: name for _, name, form in kin}
        self._both, self._place = ({w: name for name in values[k] for w in values[k][name]} for k in ("both", "place"))
        self._slots = _slots(values, self.kin, self._both, self._place)
        self._forms = {kind: tuple(map(self._compiled, forms)) for kind, forms in values["forms"].items()}
        self.asked = {kind: tuple(map(self._compiled, forms)) for kind, forms in values["asked"].items()}
        self.truth = {word: key == "yes" for key in ("yes", "no") for word in values["truth"][key]}
        self._of_kin = re.compile(rf"\b(?:{_either(self.kin)})", re.IGNORECASE)
        self._names, self._bracketed = re.compile(values["name"]), re.compile(values["bracketed"])
        self._of = re.compile(values["possessive"])
        self._kinds = Kinds(values["kinds"], self._unnamed, values["name"])
        self._table = tuple(_sentences())

    @classmethod
    @cache
    def load(cls, language: str = "en") -> Reader:
        """The reader of a language; where the package has no forms of it, it reads nothing."""
        values = tomllib.loads(kg_data.path("stated.toml").read_text(encoding="utf-8"))
        return cls(values[language]) if language in values else _Silent()

    def clauses(self, text: str) -> Iterator[Clause]:
        """The clauses of a text in order."""
        for found in self._clause.finditer(text):
            part = found.group()
            said = part.strip().rstrip(".!?;").rstrip()
            if said:
                start = found.start() + len(part) - len(part.lstrip())
                yield Clause(start, start + len(said), said, part.rstrip().endswith(self._question))

    def read(self, text: str, genders: Mapping[str, str] | None = None) -> Reading:
        """Edges and rules of a text.

        Args:
            text: any text; long clauses and those behind the thousandth edge are left alone.
            genders: names known to be male or female, which says whom a pronoun means.
        """
        known = dict(genders or {})
        clauses = [each for each in self.clauses(text) if not each.asks and len(each.text) <= self._longest]
        found: dict[Triple, tuple[int, int]] = {}
        for clause in clauses:
            if len(found) >= MAX_STATED:
                break
            for triple in self._edges(clause.text, known):
                found.setdefault(triple, (clause.start, clause.end))
        for form in self._forms["named_later"]:
            for match in form.finditer(text):
                if later := self._triple(match, "y", "x", known):
                    found.setdefault(later, match.span())
        names = self._bracketed if self._bracketed.search(text) else self._names
        before: list[str] = []
        for clause in clauses:
            if len(found) >= MAX_STATED:
                break
            told = [clause.text, *before] if self._of_kin.search(clause.text) else []
            for triple in self._by_pronoun(told, names, known) if told else ():
                found.setdefault(triple, (clause.start, clause.end))
            before = [clause.text] if names.search(clause.text) else before
        rules = dict.fromkeys(rule for clause in clauses if (rule := self._kinds.rule(clause.text)))
        edges = (Stated(triple, *span) for triple, span in found.items())
        return Reading(tuple(sorted(edges, key=lambda stated: stated.start)), tuple(rules))

    def claim(self, clause: Clause) -> Triple | None:
        """The one edge that a clause states, or asks whether it holds; None if there is none, or more than one."""
        said = [clause.text]
        if clause.asks:  # "Is the cat red?" may be said of "the cat" or of "the"
            words = [m["rest"].split() for m in self._asks("whether", clause)]
            said = [f"{' '.join(w[:i])} is {' '.join(w[i:])}" for w in words for i in range(1, min(len(w), LONGEST))]
        found = {triple for each in said for triple in self._edges(each, {})}
        return found.pop() if len(found) == 1 else None

    def related(self, clause: Clause) -> tuple[str, str] | None:
        """The two names of which a clause asks how the first is related to the second."""
        found = (self._ends(match, "x", "y") for match in self._asks("relation", clause))
        return next((ends for ends in found if ends), None)

    def sought(self, clause: Clause) -> tuple[str, str] | None:
        """Relation and target of the triple whose source a clause asks for."""
        for match in self._asks("who", clause):
            if target := self.named(match["y"]):
                return self.kin[match["kin"].lower()], target
        for match in self._asks("than", clause):
            if target := self.named(match["b"]):
                return self.compared(match), target
        return None

    def _asks(self, kind: str, clause: Clause) -> Iterator[re.Match[str]]:
        return (match for form in self.asked[kind] if (match := form.fullmatch(clause.text)))

    def named(self, text: str | None) -> str:
        """A name or a thing without brackets, articles and words that are no names; empty if none is left."""
        words = (text or "").strip("[]")
        for article in self._articles:
            if words.lower().startswith(article):
                words = words[len(article) :]
                break
        parts = words.split()
        while parts and parts[0] in self._unnamed:
            del parts[0]
        return " ".join(parts)

    def compared(self, match: re.Match[str]) -> str:
        """The relation of a match with {compared} or {place}."""
        words = match.groupdict()
        place = words.get("place")
        return self._place[place] if place else f"{words['compared']} than"

    def _edges(self, clause: str, known: dict[str, str]) -> Iterator[Triple]:
        """What a clause states without pronouns."""
        forms = self._forms
        doubt = self._doubt.search(clause)
        if self._of_kin.search(clause):
            yield from self._kin_of(clause, doubt, known)
        if doubt:
            return
        yield from self._mutual(clause)
        for form in forms["compared"]:
            if (match := form.fullmatch(clause)) and (ends := self._ends(match, "a", "b")):
                relation = self.compared(match)
                yield ends[0], opposite(relation) if match.groupdict().get("not") else relation, ends[1]
        if (edge := self._kinds.edge(clause)) or (edge := self._tabled(clause)):
            yield edge

    def _kin_of(self, clause: str, doubt: re.Match[str] | None, known: dict[str, str]) -> Iterator[Triple]:
        """Kin stated without pronouns."""
        forms = self._forms
        for kind in ("kin", "apposed", "copular"):
            for form in forms[kind]:
                for match in form.finditer(clause):
                    if kind == "copular" and doubt and doubt.start() < match.start("kin"):
                        continue
                    if triple := self._triple(match, "x", "y", known):
                        yield triple
        for form in forms["had"]:
            for match in form.finditer(clause):
                if triple := self._triple(match, "y", "x", known):
                    yield triple

    def _mutual(self, clause: str) -> Iterator[Triple]:
        """Relations that hold both ways between two names."""
        for kind, relation in (("both", ""), ("siblings", "sibling of"), ("spouses", "spouse of")):
            for form in self._forms[kind]:
                for match in form.finditer(clause):
                    if ends := self._ends(match, "x", "y"):
                        yield ends[0], relation or self._both[match["both"]], ends[1]

    def _by_pronoun(self, clauses: Sequence[str], names: re.Pattern[str], known: dict[str, str]) -> Iterator[Triple]:
        """Kin of whom a pronoun in the first clause means, where that is sure; the other clauses stand before it."""
        clause, *earlier = clauses
        resolved: list[tuple[int, str, list[str]]] = []  # where a pronoun's name ends, its gender, whom it means
        matches = [
            (match, kind)
            for kind in ("his", "apposed_his")
            for form in self._forms[kind]
            for match in form.finditer(clause)
        ]
        for match, kind in sorted(matches, key=lambda each: each[0].start("his")):
            one = self.named(match["x"])
            if not one:
                continue
            relation = self.kin[match["kin"].lower()]
            known.setdefault(one, self._gender[relation])
            gender = self._pronouns[match["his"].lower()]
            limit = match.start() if kind == "apposed_his" else match.start("his")
            joined = [who for end, same, who in resolved if same == gender and _JOINED.fullmatch(clause[end:limit])]
            meant = joined[-1] if joined else []
            for before in () if joined else (clause[:limit], *earlier):
                if candidates := self._possible(before, gender, names, known, one):
                    meant = candidates if len(candidates) == (2 if gender == "several" else 1) else []
                    break
            resolved.append((match.end(), gender, meant))
            yield from ((one, relation, name) for name in meant if name != one)

    def _possible(
        self, before: str, gender: str, names: re.Pattern[str], known: Mapping[str, str], but: str
    ) -> list[str]:
        """The names that a pronoun behind a text may mean; those whose kin are named only where there are no others."""
        found = [
            (name, bool(self._of.match(before, m.end()) and before[m.end() :].strip()[:1] in "'’"))
            for m in names.finditer(before)
            if (name := self.named(m.group()))
        ]
        heads = list(dict.fromkeys(name for name, owner in found if not owner)) or [name for name, _ in found]
        if gender == "several":
            return heads
        fitting = [name for name in heads if known.get(name, gender) in (gender, "any") and name != but]
        owners = [name for name, _ in found if known.get(name, gender) in (gender, "any") and name != but]
        return list(dict.fromkeys(fitting or owners))

    def _triple(self, match: re.Match[str], source: str, target: str, known: dict[str, str]) -> Triple | None:
        """The kin that a match states; it says the gender of the one so called."""
        words = match.groupdict()
        if (ends := self._ends(match, source, target)) is None:
            return None
        relation = self.kin[(words.get("kin2") or words["kin"]).lower()]
        if words.get("not"):
            return ends[0], opposite(relation), ends[1]
        known.setdefault(ends[0], self._gender[relation])
        return ends[0], relation, ends[1]

    def _ends(self, match: re.Match[str], source: str, target: str) -> tuple[str, str] | None:
        ends = self.named(match[source]), self.named(match[target])
        return ends if all(ends) and (source == target or ends[0] != ends[1]) else None

    def _tabled(self, clause: str) -> Triple | None:
        """An edge in the words of the relation table."""
        for relation, inner, form in self._table:
            if inner in clause and (match := form.fullmatch(clause)):
                ends = self._ends(match, "a", "b")
                if ends and not _PRONOUN.match(match["a"]):
                    return ends[0], relation, ends[1]
        return None

    def _compiled(self, form: str) -> re.Pattern[str]:
        return re.compile(_SLOT.sub(lambda slot: self._slots.get(slot[1], slot[0]), form))


class _Silent(Reader):
    """Reads nothing."""

    def __init__(self) -> None:
        self.asked, self.truth, self.kin = {"relation": (), "who": (), "than": (), "whether": ()}, {}, {}

    def clauses(self, text: str) -> Iterator[Clause]:
        return iter(())

    def read(self, text: str, genders: Mapping[str, str] | None = None) -> Reading:
        return Reading(())


_SLOT = re.compile(r"\{([a-z]\w*)\}")
_JOINED = re.compile(r",? and ")
_PRONOUN = re.compile(r"(?:it|he|she|they|this|that|what|there|which|who|these|those|we|you|i)\b", re.IGNORECASE)


def _either(words: Iterable[str]) -> str:
    """An alternation of words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _slots(values: Mapping[str, Any], kin: Iterable[str], both: Iterable[str], place: Iterable[str]) -> dict[str, str]:
    """What stands for each slot of a form."""
    name, thing, words = values["name"], values["thing"], rf"(?i:{_either(kin)})"
    return {
        **{slot: f"(?P<{slot}>{name})" for slot in "xyz"},
        **{slot: f"(?P<{slot}>{name}|{thing})" for slot in "ab"},
        "kin": rf"(?P<kin>{words})",
        "kin2": rf"(?P<kin2>{words})",
        "of": values["possessive"],
        "adj": values["adjectives"],
        "is": values["copula"],
        "not": values["negation"],
        "his": rf"\b(?P<his>(?i:{_either(values['pronouns'])}))",
        "both": rf"(?P<both>{_either(both)})",
        "place": rf"(?P<place>{_either(place)})",
        "compared": r"(?P<compared>(?!other|rather)[a-z]+er|(?:more|less) [a-z]+|better|worse)",
    }


def _sentences() -> Iterator[tuple[str, str, re.Pattern[str]]]:
    """The table's English sentences with two words or more between source and target."""
    part = r"(?:(?:[Aa]n?|[Tt]he) )?[\w'-]+(?: [\w'-]+){0,3}"
    for plain in RelationTable.load().values():
        for relation in (plain.negated(), plain):
            start, inner, end = re.split(r"\{source\}|\{target\}", relation.templates["en"])
            if not start and not end and len(plain.templates["en"].split()) > 3:
                yield relation.name, inner, re.compile(rf"(?P<a>{part}){re.escape(inner)}(?P<b>{part})")
