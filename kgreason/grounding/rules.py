"""Rules over relations: Horn clauses as data, and what they derive from a question's own edges."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple, Self

import kg_data
from kgreason import storage
from kgreason.errors import ConfigError, FormatError
from kgreason.graph.schema import negate
from kgreason.records import Triple

__all__ = ["Atom", "Derived", "Rule", "Rules", "derive", "opposite"]

#: Rounds of a derivation, and edges that it may make; both end it without an error.
MAX_DEPTH, MAX_EDGES = 12, 4096
MAX_BODY = 4
#: Weights that differ by less are equal: a product rounds by its order.
_SAME = 1e-9
_BYTES = 1 << 20
_KEYS = {"rule", "symmetric", "transitive", "asymmetric", "inverse", "gendered", "negative"}


class Atom(NamedTuple):
    """A triple of a rule; a term of one small letter is a variable, any other the name of a concept."""

    source: str
    relation: str
    target: str

    def __str__(self) -> str:
        return f"{self.source} {self.relation} {self.target}"


@dataclass(frozen=True, slots=True)
class Rule:
    """A Horn clause: where every triple of ``body`` holds, ``head`` does, as surely as ``weight`` says.

    Args:
        body: one to four triples.
        head: its variables all stand in the body.
        weight: in (0, 1]; what is derived weighs the product of its premises and this.

    Raises:
        ConfigError: there is a variable in the head alone, or the weight or the body's length is out of range.

    Example:
        >>> str(Rule.of(["x mother of y", "y parent of z"], "x grandmother of z"))
        'x mother of y, y parent of z → x grandmother of z'
    """

    body: tuple[Atom, ...]
    head: Atom
    weight: float = 1.0

    def __post_init__(self) -> None:
        bound = {term for atom in self.body for term in (atom.source, atom.target)}
        free = sorted(term for term in (self.head.source, self.head.target) if _variable(term) and term not in bound)
        if free:
            raise ConfigError(f"the rule {str(self)!r} concludes about {free[0]!r}", fix="Name it in a condition too.")
        if not 1 <= len(self.body) <= MAX_BODY:
            raise ConfigError(f"a rule has {len(self.body)} conditions", fix=f"Give 1 to {MAX_BODY}.")
        if not 0 < self.weight <= 1:
            raise ConfigError(f"the rule {str(self)!r} has the weight {self.weight}", fix="Give a number in (0, 1].")

    @classmethod
    def of(cls, body: Sequence[str], head: str, weight: float = 1.0) -> Self:
        """A rule from texts: a term, the name of a relation, a term; ``is`` is short for HasProperty."""
        return cls(tuple(map(_atom, body)), _atom(head), float(weight))

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.body))} → {self.head}"


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules as a file says them.

    Besides whole rules (``[[rule]]`` with ``if``, ``then`` and perhaps ``weight``) a file may list relations that are
    ``symmetric``, ``transitive`` or ``asymmetric``, pairs that are ``inverse``, relations that are ``gendered`` (any,
    male, female), and for ``negative`` conclusions the triples whose negation follows.

    Example:
        >>> rules = Rules.load()
        >>> "x parent of y, y parent of z → x grandparent of z" in map(str, rules.rules)
        True
    """

    rules: tuple[Rule, ...] = ()

    @classmethod
    def load(cls, path: str | Path | None = None) -> Rules:
        """The packaged rules, and after them those of a user's file.

        Args:
            path: a TOML file; None for the packaged rules alone.

        Raises:
            FormatError: the file is no TOML, or says what is no rule.
        """
        own = _packaged()
        return own if path is None else cls((*own.rules, *_read(Path(path))))


@cache
def _packaged() -> Rules:
    return Rules(_read(kg_data.path("rules.toml")))


def _read(path: Path) -> tuple[Rule, ...]:
    try:
        values = tomllib.loads(storage.read_limited(path, _BYTES).decode())
        if unknown := sorted(values.keys() - _KEYS):
            raise ConfigError(f"{unknown[0]!r} is no part of a file of rules", fix=f"Use {', '.join(sorted(_KEYS))}.")
        return tuple(dict.fromkeys(_rules(values)))
    except ConfigError as error:
        raise FormatError(path, error.message, fix=error.fix) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, TypeError, ValueError, KeyError, AttributeError) as error:
        fix = 'Write [[rule]] with if = ["x mother of y"] and then = "x parent of y".'
        raise FormatError(path, f"is no file of rules ({error})", fix=fix) from error


def _rules(values: Mapping[str, Any]) -> Iterator[Rule]:
    for row in values.get("rule", ()):
        yield Rule.of(row["if"], row["then"], row.get("weight", 1.0))
    for name in values.get("symmetric", ()):
        yield Rule.of([f"x {name} y"], f"y {name} x")
    for name in values.get("transitive", ()):
        yield Rule.of([f"x {name} y", f"y {name} z"], f"x {name} z")
    for name in values.get("asymmetric", ()):
        yield Rule.of([f"x {name} y"], f"y {opposite(name)} x")
    for pair in values.get("inverse", ()):
        for name, other in permutations(pair):
            yield Rule.of([f"x {name} y"], f"y {other} x")
    for whichever, *ways in values.get("gendered", ()):
        for gender, name in zip(("male", "female"), ways, strict=True):
            yield Rule.of([f"x {name} y"], f"x {whichever} y")
            yield Rule.of([f"x {name} y"], f"x is {gender}")
            yield Rule.of([f"x {whichever} y", f"x is {gender}"], f"x {name} y")
    for row in values.get("negative", ()):
        head = _atom(row["not"])
        yield Rule(tuple(map(_atom, row["if"])), head._replace(relation=opposite(head.relation)))


def opposite(relation: str) -> str:
    """The relation that says that this one does not hold; the other way round for one that does.

    Example:
        >>> opposite("IsA"), opposite("NotIsA"), opposite("mother of"), opposite("not mother of")
        ('NotIsA', 'IsA', 'not mother of', 'mother of')
    """
    if relation[:1].isupper():
        return negate(relation)
    return relation[4:] if relation.startswith("not ") else f"not {relation}"


def _atom(text: str) -> Atom:
    source, *relation, target = text.split()
    if not relation:
        raise ConfigError(f"{text!r} is no triple", fix='Write a term, a relation and a term: "x mother of y".')
    name = " ".join(relation)
    return Atom(source, {"is": "HasProperty", "not is": "NotHasProperty"}.get(name, name), target)


def _variable(term: str) -> bool:
    return len(term) == 1 and term.isascii() and term.islower()


class Derived(NamedTuple):
    """A triple that follows.

    Args:
        triple: what follows.
        weight: the rule's times those of the premises.
        depth: rounds of rules from what was given.
        premises: what the rule's conditions were, given or derived.
        rule: by which it follows.
    """

    triple: Triple
    weight: float
    depth: int
    premises: tuple[Triple, ...]
    rule: Rule


def derive(
    given: Mapping[Triple, float], rules: Iterable[Rule], *, max_edges: int = MAX_EDGES, max_depth: int = MAX_DEPTH
) -> dict[Triple, Derived]:
    """What rules conclude from triples, each in the surest way.

    Semi-naive: in each round a rule is tried where one of its conditions was new or became surer in the round before.
    A triple's weight is the greatest product over all ways to derive it; of equally sure ways the one with fewest
    rounds counts, then the one found first, so that premises never run in a circle. Nothing is related to itself. The
    result is the same on every machine, and ends where a bound is met.

    Args:
        given: triples and their weights.
        rules: the rules.
        max_edges: how many triples are derived at most.
        max_depth: how many rounds there are at most.

    Example:
        >>> rules = [Rule.of(["x older than y", "y older than z"], "x older than z", 0.5)]
        >>> found = derive({("a", "older than", "b"): 1.0, ("b", "older than", "c"): 1.0}, rules)
        >>> [(step.triple, step.weight, step.depth) for step in found.values()]
        [(('a', 'older than', 'c'), 0.5, 1)]
    """
    triggers: dict[str, list[tuple[Rule, int]]] = defaultdict(list)
    for rule in rules:
        for place, atom in enumerate(rule.body):
            triggers[atom.relation].append((rule, place))
    known, weights = _Facts(), dict(given)
    found: dict[Triple, Derived] = {}
    fresh, count = list(given), 0
    for depth in range(1, max_depth + 1):
        for triple in fresh:
            known.add(triple)
        new: dict[Triple, Derived] = {}
        for step in _conclusions(fresh, triggers, known, weights, depth):
            before = new[step.triple].weight if step.triple in new else weights.get(step.triple, 0.0)
            if step.triple[0] == step.triple[2] or step.triple in given or step.weight <= before + _SAME:
                continue
            count += step.triple not in new and step.triple not in found
            new[step.triple] = step
            if count >= max_edges:
                break
        found |= new
        weights |= {triple: step.weight for triple, step in new.items()}
        fresh = list(new)
        if not fresh or count >= max_edges:
            break
    return found


class _Facts:
    """Triples by relation, and by relation and either end, in the order in which they came."""

    def __init__(self) -> None:
        self.all: set[Triple] = set()
        self.of: dict[str, list[Triple]] = defaultdict(list)
        self.at: dict[tuple[str, str, bool], list[Triple]] = defaultdict(list)

    def add(self, triple: Triple) -> None:
        if triple in self.all:
            return
        self.all.add(triple)
        source, relation, target = triple
        self.of[relation].append(triple)
        self.at[relation, source, False].append(triple)
        self.at[relation, target, True].append(triple)

    def matching(self, atom: Atom, bound: Mapping[str, str]) -> Sequence[Triple]:
        """Triples that may fit an atom, by the end that is known, if one is."""
        for term, is_target in ((atom.source, False), (atom.target, True)):
            value = bound.get(term) if _variable(term) else term
            if value is not None:
                return self.at.get((atom.relation, value, is_target), ())
        return self.of.get(atom.relation, ())


def _conclusions(
    fresh: Sequence[Triple],
    triggers: Mapping[str, Sequence[tuple[Rule, int]]],
    known: _Facts,
    weights: Mapping[Triple, float],
    depth: int,
) -> Iterator[Derived]:
    """What follows with one of the fresh triples, again and again where there are several ways."""
    for triple in fresh:
        for rule, place in triggers.get(triple[1], ()):
            bound = _unified(rule.body[place], triple, {})
            if bound is None:
                continue
            for values, premises in _joined(rule.body, place, triple, bound, known):
                weight = rule.weight
                for premise in premises:
                    weight *= weights[premise]
                head = rule.head
                ends = values.get(head.source, head.source), values.get(head.target, head.target)
                yield Derived((ends[0], head.relation, ends[1]), weight, depth, premises, rule)


def _joined(
    body: tuple[Atom, ...], place: int, triple: Triple, bound: dict[str, str], known: _Facts, at: int = 0
) -> Iterator[tuple[dict[str, str], tuple[Triple, ...]]]:
    """All ways to meet the conditions of a body from ``at`` on, one of which is met by a triple."""
    if at == len(body):
        yield bound, ()
        return
    candidates = (triple,) if at == place else known.matching(body[at], bound)
    for candidate in candidates:
        values = _unified(body[at], candidate, bound)
        if values is not None:
            for more, premises in _joined(body, place, triple, values, known, at + 1):
                yield more, (candidate, *premises)


def _unified(atom: Atom, triple: Triple, bound: Mapping[str, str]) -> dict[str, str] | None:
    """The values of variables under which an atom is the triple, or None."""
    values = dict(bound)
    for term, value in ((atom.source, triple[0]), (atom.target, triple[2])):
        if values.setdefault(term, value) != value if _variable(term) else term != value:
            return None
    return values
