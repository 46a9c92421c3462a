"""Stories whose facts lead to an answer step by step: families, kinds of invented things, orders of people.

What follows is read off the family tree, the chain of kinds or the order that a story was drawn from, by no rule, so
that rules and readers can be measured on it. Names are common first names; words for kinds are invented.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any, Literal, TypeVar, get_args

import kg_data
from kgreason.errors import InputError
from kgreason.records import Question, Triple

__all__ = ["KIN", "StoryKind", "first_names", "part", "stories"]

_T = TypeVar("_T")
StoryKind = Literal["family", "kinds", "order"]
#: Relations that a family story may ask for, neutral name to what it is called of a man and of a woman.
KIN = {
    "parent": ("father", "mother"),
    "child": ("son", "daughter"),
    "sibling": ("brother", "sister"),
    "spouse": ("husband", "wife"),
    "grandparent": ("grandfather", "grandmother"),
    "grandchild": ("grandson", "granddaughter"),
    "pibling": ("uncle", "aunt"),
    "nibling": ("nephew", "niece"),
    "parent-in-law": ("father-in-law", "mother-in-law"),
    "child-in-law": ("son-in-law", "daughter-in-law"),
}
OPTIONS = tuple(word for words in KIN.values() for word in words)
MOST_STEPS = 10
#: Generations below the first couple, and children of a couple.
_GENERATIONS, _CHILDREN = 3, (2, 5)
#: Walks through one family, and families, until a story is given up.
_WALKS, _FAMILIES = 200, 200


def stories(
    kind: StoryKind, count: int, *, steps: int | Sequence[int] = 3, seed: int = 0, held_out: bool = False
) -> Iterator[Question]:
    """Questions over stories, the same for the same arguments.

    Args:
        kind: a family, kinds of things, or an order.
        count: how many.
        steps: facts in a row from the question to its answer, 2 to 10; several take turns.
        seed: of the drawing.
        held_out: whether facts are put in the wordings that are kept out of training.

    Returns:
        Choice questions with the story as context. ``extra["steps"]`` is how many facts in a row there are, and
        ``extra["stated"]`` what the story states of them and beside them.

    Raises:
        InputError: the kind is not one of these, or there are too few or too many steps.

    Example:
        >>> question = next(stories("order", 1, steps=2))
        >>> question.text.endswith("?"), question.options, question.extra["steps"]
        (True, ('yes', 'no'), 2)
    """
    lengths = [steps] if isinstance(steps, int) else list(steps)
    if kind not in get_args(StoryKind):
        raise InputError(f"the kind of story is {kind!r}", fix=f"Give one of {', '.join(get_args(StoryKind))}.")
    if not lengths or not all(2 <= length <= MOST_STEPS for length in lengths):
        raise InputError(f"steps is {steps!r}", fix=f"Give 2 to {MOST_STEPS}, or a list of such numbers.")
    random = Random(f"{kind} {seed}")
    draw = {"family": _family, "kinds": _kinds, "order": _order}[kind]
    for number in range(count):
        length = lengths[number % len(lengths)]
        yield draw(random, length, held_out, f"{kind}-{seed}-{number}")


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(kg_data.path("stories.toml").read_text(encoding="utf-8"))


def part(values: Sequence[_T], held_out: bool) -> Sequence[_T]:
    """The last third of a list, which is kept out of training, or all before it.

    Example:
        >>> part("abcdef", True), part("abcdef", False)
        ('ef', 'abcd')
    """
    cut = len(values) - len(values) // 3
    return values[cut:] if held_out else values[:cut]


@cache
def first_names() -> tuple[str, ...]:
    """Names of men and women in turn."""
    names = _data()["names"]
    return tuple(name for pair in zip(names["male"], names["female"], strict=True) for name in pair)


@dataclass(eq=False)
class _Person:
    name: str
    male: bool
    parents: tuple[_Person, ...] = ()
    spouse: _Person | None = None
    children: list[_Person] = field(default_factory=list)

    def siblings(self) -> list[_Person]:
        return [child for child in self.parents[0].children if child is not self] if self.parents else []

    def steps(self) -> list[tuple[str, _Person]]:
        """The nearest kin: what each of them is of this one."""
        spouse = [("spouse", self.spouse)] if self.spouse else []
        near = (("parent", self.parents), ("child", self.children), ("sibling", self.siblings()))
        return [*spouse, *((kin, person) for kin, people in near for person in people)]

    def kin(self) -> list[tuple[str, _Person]]:
        """All kin that have a word of their own, and what each of them is of this one."""
        two = {
            "grandparent": [g for p in self.parents for g in p.parents],
            "grandchild": [g for c in self.children for g in c.children],
            "pibling": [s for p in self.parents for s in p.siblings()],
            "nibling": [c for s in self.siblings() for c in s.children],
            "parent-in-law": list(self.spouse.parents) if self.spouse else [],
            "child-in-law": [c.spouse for c in self.children if c.spouse],
        }
        return [*self.steps(), *((kin, person) for kin, people in two.items() for person in people)]


def _tree(random: Random) -> list[_Person]:
    """A family of some thirty people, of whom no two are related twice."""
    names = {male: random.sample(_data()["names"][key], 32) for male, key in ((True, "male"), (False, "female"))}
    people: list[_Person] = []

    def person(male: bool, parents: tuple[_Person, ...] = ()) -> _Person:
        people.append(_Person(names[male].pop(), male, parents))
        return people[-1]

    def couple(one: _Person, other: _Person) -> list[_Person]:
        one.spouse, other.spouse = other, one
        for _ in range(random.randint(*_CHILDREN)):
            child = person(random.random() < 0.5, (one, other))
            one.children.append(child)
            other.children.append(child)
        return one.children

    level = couple(person(True), person(False))
    for _ in range(1, _GENERATIONS):
        following = []
        for one in level:
            if random.random() < 0.7 and min(map(len, names.values())) > _CHILDREN[1]:
                following += couple(one, person(not one.male))
        level = following
    return people


def _family(random: Random, length: int, held_out: bool, name: str) -> Question:
    for attempt in range(_FAMILIES * _WALKS):
        if attempt % _WALKS == 0:
            people = _tree(random)
        path = _walk(random, random.choice(people), length)
        if path is None:
            continue
        first, last = path[0][1], path[-1][1]
        named = [kin for kin, person in first.kin() if person is last]
        if len(named) == 1:
            return _told(random, path, named[0], held_out, name)
    raise InputError(f"no story of {length} steps was found", fix="Ask for fewer steps.")


def _walk(random: Random, start: _Person, length: int) -> list[tuple[str, _Person]] | None:
    """A walk of nearest kin in which nobody is met twice, or None where it ended too soon."""
    path = [("", start)]
    met = {start.name}
    for _ in range(length):
        fresh = [(kin, person) for kin, person in path[-1][1].steps() if person.name not in met]
        if not fresh:
            return None
        path.append(random.choice(fresh))
        met.add(path[-1][1].name)
    return path


def _told(random: Random, path: list[tuple[str, _Person]], kin: str, held_out: bool, name: str) -> Question:
    words = _data()["kin"]
    forms = part(words["forms"], held_out)
    facts = [(person, kin, path[i][1]) for i, (kin, person) in enumerate(path[1:])]
    beside = [
        (person, kin, one) for _, one in path for kin, person in one.steps() if all(person is not p for _, p in path)
    ]
    facts += random.sample(beside, min(2, len(beside)))
    sentences, stated = [], []
    for x, relation, y in facts:
        word = KIN[relation][not x.male]
        pronouns = {"x's": "his" if x.male else "her", "y's": "his" if y.male else "her"}
        sentences.append(random.choice(forms).format_map({"x": x.name, "y": y.name, "kin": word, **pronouns}))
        stated.append((x.name, f"{word} of", y.name))
    sentences += [random.choice(words["idle"]).format(x=random.choice(path)[1].name) for _ in range(2)]
    random.shuffle(sentences)
    first, last = path[0][1], path[-1][1]
    asked = words["ask"].format(x=last.name, y=first.name)
    answer = OPTIONS.index(KIN[kin][not last.male])
    return _question(asked, OPTIONS, sentences, answer, len(path) - 1, stated, name)


def _kinds(random: Random, length: int, held_out: bool, name: str) -> Question:
    words = _data()["kind"]
    chain, beside = _invented(random, length + 3), random.sample(words["properties"], 3)
    one, chain, others = random.choice(_data()["names"]["female"]), chain[:length], chain[length:]
    links = [*pairwise(chain), *pairwise(others), (others[0], chain[-1])]
    stated: list[Triple] = [(one, "IsA", chain[0]), *((x, "IsA", y) for x, y in links)]
    sentences = [f"{one} is a {chain[0]}."]
    facts = part(words["facts"], held_out)
    sentences += [random.choice(facts).format(x=x, y=y, X=x.capitalize()) for x, y in links]
    has = random.random() < 0.5
    for kind, what, holds in (
        (chain[-1], beside[0], has),
        (others[-1], beside[0], not has),
        (others[0], beside[1], True),
    ):
        form = random.choice(part(words["holds" if holds else "lacks"], held_out))
        sentences.append(form.format(x=kind, y=what))
        stated.append((kind, "HasProperty" if holds else "NotHasProperty", what))
    random.shuffle(sentences)
    return _question(f"Is {one} {beside[0]}?", ("yes", "no"), sentences, int(not has), length, stated, name)


def _order(random: Random, length: int, held_out: bool, name: str) -> Question:
    data = _data()
    more, less = random.choice(data["order"]["relations"])
    people = random.sample([*data["names"]["male"], *data["names"]["female"]], length + 1)
    sentences, stated = [], []
    for x, y in pairwise(people):
        turned = random.random() < 0.5
        source, relation, target = (y, less, x) if turned else (x, more, y)
        sentences.append(f"{source} is {'much ' if held_out else ''}{relation} than {target}.")
        stated.append((source, f"{relation} than", target))
    random.shuffle(sentences)
    holds, word = random.random() < 0.5, random.choice([more, less])
    first, last = (people[0], people[-1]) if holds == (word == more) else (people[-1], people[0])
    return _question(f"Is {first} {word} than {last}?", ("yes", "no"), sentences, int(not holds), length, stated, name)


def _invented(random: Random, count: int) -> list[str]:
    """Invented nouns of which no two are alike."""
    heads, tails = (
        ("bl", "dr", "fl", "gr", "kr", "pl", "sn", "tr", "v", "w", "y", "z"),
        ("ab", "ick", "im", "onk", "ud"),
    )
    return random.sample([head + tail for head in heads for tail in tails], count)


def _question(
    asked: str,
    options: tuple[str, ...],
    sentences: Sequence[str],
    answer: int,
    steps: int,
    stated: Sequence[Triple],
    name: str,
) -> Question:
    extra = {"steps": steps, "stated": [list(triple) for triple in stated]}
    return Question(asked, options, context=" ".join(sentences), answer=answer, id=name, extra=extra)
