"""What a quiz question asks, and who answers it: clues followed through facts by brute force."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Protocol

from kgreason.graph.relations import RelationTable
from kgreason.records import Triple
from kgreason.tasks.wordings import Clue

__all__ = [
    "Draft",
    "Edit",
    "Edited",
    "Facts",
    "World",
    "answers_by_facts",
    "decisive_edit",
    "inverse",
    "solve",
    "support",
]

#: Facts to take away, facts to add.
Edit = tuple[list[Triple], list[Triple]]


class World(Protocol):
    """Something that steps can be followed through."""

    def follow(self, node: str, step: str) -> Collection[str]:
        """Concepts that one step leads to; ``~`` before a relation walks it backward."""

    def fact(self, node: str, step: str, other: str) -> Triple:
        """The fact behind a step from one concept to another, or the fact that would make it possible."""


@lru_cache(maxsize=1 << 12)
def inverse(step: str) -> str:
    """The step back; a symmetric relation is its own."""
    if step.startswith("~"):
        return step[1:]
    return step if RelationTable.load().symmetric(step) else f"~{step}"


@dataclass(frozen=True, slots=True)
class Draft:
    """A question before it has words.

    Args:
        world: where its clues hold.
        clues: what it asks.
        options: concepts to choose from, the answer among them.
        answer: the right one of them.
        others: concepts that may become right by an edit, the options among them.
    """

    world: World
    clues: tuple[Clue, ...]
    options: tuple[str, ...]
    answer: str
    others: tuple[str, ...]


class Facts:
    """A list of facts as a world.

    Args:
        facts: (source, relation, target).
    """

    def __init__(self, facts: Iterable[Triple]) -> None:
        self.facts = tuple(facts)
        self._held = frozenset(self.facts)
        self._steps: dict[tuple[str, str], list[str]] = defaultdict(list)
        for source, relation, target in self.facts:
            self._steps[source, relation].append(target)
            self._steps[target, inverse(relation)].append(source)

    def follow(self, node: str, step: str) -> Collection[str]:
        """Concepts that one step leads to."""
        return self._steps.get((node, step), ())

    def fact(self, node: str, step: str, other: str) -> Triple:
        """The fact behind a step; of a symmetric relation whichever way round it is held."""
        fact = triple(node, step, other)
        turned = fact[::-1]
        return turned if inverse(step) == step and turned in self._held else fact


class Edited:
    """A world without some facts and with others.

    Args:
        world: what is edited.
        remove: facts taken away.
        add: facts added.
    """

    def __init__(self, world: World, remove: Iterable[Triple], add: Iterable[Triple]) -> None:
        self._world, self._removed, self._added = world, Facts(remove), Facts(add)

    def follow(self, node: str, step: str) -> Collection[str]:
        """Concepts that one step leads to."""
        left = set(self._world.follow(node, step)).difference(self._removed.follow(node, step))
        return left.union(self._added.follow(node, step))

    def fact(self, node: str, step: str, other: str) -> Triple:
        """The fact behind a step."""
        return self._added.fact(node, step, other)


def triple(node: str, step: str, other: str) -> Triple:
    """A step as a fact in the relation's own direction."""
    return (other, step[1:], node) if step.startswith("~") else (node, step, other)


def layers(world: World, clue: Clue, barred: Collection[str]) -> list[set[str]]:
    """What is reached after 0, 1, 2, ... steps of a clue; no walk enters a barred concept."""
    found = [{clue.seed}]
    for step in clue.steps:
        found.append({other for node in found[-1] for other in world.follow(node, step)} - set(barred))
    return found


def solve(world: World, clues: Sequence[Clue]) -> set[str]:
    """Answers: what every positive clue reaches and no negative one; concepts of the question are none."""
    seeds = {clue.seed for clue in clues}
    reached = [(layers(world, clue, seeds)[-1], clue.positive) for clue in clues]
    found = set.intersection(*(nodes for nodes, positive in reached if positive))
    return found.difference(*(nodes for nodes, positive in reached if not positive))


def answers_by_facts(facts: Iterable[Sequence[str]], clues: Iterable[Sequence[object]]) -> set[str]:
    """Answers of a quiz sample, by following its clues through its facts.

    A walk never comes back to a concept that the question names.

    Args:
        facts: [source, relation, target] each.
        clues: [seed, [step, ...], positive] each; a step is a relation's name, with ``~`` where it is walked backward.

    Returns:
        Everything that all positive clues reach and no negative one does.

    Example:
        >>> facts = [("zog", "PartOf", "mib"), ("zog", "PartOf", "kal"), ("kal", "IsA", "run")]
        >>> answers_by_facts(facts, [["zog", ["PartOf"], True], ["run", ["~IsA"], False]])
        {'mib'}
    """
    world = Facts([(str(source), str(relation), str(target)) for source, relation, target in facts])
    return solve(world, [as_clue(clue) for clue in clues])


def as_clue(values: Sequence[object]) -> Clue:
    """The inverse of :meth:`Clue.to_list`."""
    seed, steps, positive = values
    assert isinstance(steps, Sequence)
    return Clue(str(seed), tuple(map(str, steps)), bool(positive))


def support(world: World, clues: Sequence[Clue], answer: str) -> list[Triple]:
    """The facts on all walks by which positive clues reach an answer."""
    seeds = {clue.seed for clue in clues}
    found: dict[Triple, None] = {}
    for clue in clues:
        if clue.positive:
            wanted, reached = {answer}, layers(world, clue, seeds)
            for before, step in zip(reversed(reached[:-1]), reversed(clue.steps), strict=True):
                pairs = [(node, other) for other in wanted for node in world.follow(other, inverse(step))]
                found.update({world.fact(node, step, other): None for node, other in pairs if node in before})
                wanted = {node for node, _ in pairs if node in before}
    return sorted(found)


def decisive_edit(
    world: World, clues: Sequence[Clue], answer: str, others: Iterable[str], among: Collection[str], random: Random
) -> tuple[str, Edit] | None:
    """An edit after which another concept is right instead of the answer.

    Args:
        world: where the clues are followed.
        clues: of the question.
        answer: right before.
        others: which may become right; those that need the fewest facts are tried first.
        among: the options, of which the new answer must be the only right one; empty for an open question.
        random: breaks ties.

    Returns:
        The new answer and the edit; None if no edit of last steps does it.
    """
    seeds = {clue.seed for clue in clues}
    reached = [(clue, layers(world, clue, seeds)) for clue in clues]
    candidates = sorted(set(others) - {answer} - seeds)
    random.shuffle(candidates)
    candidates.sort(key=lambda other: sum((other in nodes[-1]) != clue.positive for clue, nodes in reached))
    for other in candidates:
        edit = _turn(world, reached, answer, other)
        right = solve(Edited(world, *edit), clues) if edit else set()
        if edit and other in right and answer not in right and len(right & set(among)) <= 1:
            return other, edit
    return None


def _turn(world: World, reached: Sequence[tuple[Clue, list[set[str]]]], answer: str, other: str) -> Edit | None:
    """Last steps taken from one concept and given to another; None where there is nowhere to step from."""
    remove: list[Triple] = []
    add: list[Triple] = []
    failed = [(clue, nodes) for clue, nodes in reached if (other in nodes[-1]) != clue.positive]
    for number, (clue, nodes) in enumerate(failed):
        step, starts = clue.steps[-1], nodes[-2]
        gains, loses = (other, answer) if clue.positive else (answer, other)
        # one clue makes the answer wrong, all of them have to make the other right
        if loses == other or number == 0:
            held = world.follow(loses, inverse(step))
            remove += [world.fact(node, step, loses) for node in held if node in starts]
        if gains == other or number == 0:
            if not (new := sorted(starts - {gains})):
                return None
            add.append(world.fact(new[0], step, gains))
    return remove, add
