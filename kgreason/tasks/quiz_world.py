"""Worlds of invented concepts, in which every option is tied to the question in the same way.

The options come first and the question last: each of them could be asked for, and which one is, is drawn at the end. So
nothing but the question tells the answer: neither the shape of the world nor the relations in it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from operator import ne
from random import Random

from kgreason.records import Triple
from kgreason.tasks.quiz_facts import Draft, Facts, inverse, triple
from kgreason.tasks.quiz_graph import HOPS, QuizGraph, QuizSplit
from kgreason.tasks.wordings import Clue

__all__ = ["draw_world"]

#: Share of the worlds in which slots of one concept are tied to one another in a ring; of alphabets with a step and its
#: inverse; of pairs whose two concepts have the same steps, so that it has to be seen which belongs to which.
RING, TURNED, SHARED = 0.4, 0.3, 0.5
#: How many different steps there may be below a concept of a tree of two or three levels, but for one level, which is
#: as wide as the options need.
WIDTHS = {2: (2, 2, 3, 3, 4), 3: (2, 2, 3)}

#: Steps that lead to a slot: those of a chain, or the last one of each clue.
_Signature = tuple[str, ...]


def draw_world(
    graph: QuizGraph,
    kind: str,
    options: int,
    split: QuizSplit | None,
    random: Random,
    *,
    name: Callable[[], str],
    facts_limit: int,
    directed: bool = False,
) -> Draft | None:
    """A question in a world of its own, whose relations are those that meet in the graph.

    All options have the same degree, and as many walks of every length lead to each of them from the concepts of the
    question.

    Args:
        graph: which relations a concept has, and which follow them.
        kind: "1", "2", "3", "and" or "not".
        options: how many to choose from.
        split: whose concepts may be asked about.
        random: makes every choice.
        name: gives a new name at every call.
        facts_limit: most facts of the world.
        directed: whether facts of symmetric relations are written in the direction in which they are asked for.

    Returns:
        The question; None if this attempt led nowhere.
    """
    world = _World(graph, random, name, directed)
    drawn = _draw_tree(world, HOPS[kind], options, split) if kind in HOPS else _draw_pair(world, kind, options, split)
    if drawn is None or len(world.facts) > facts_limit:
        return None
    clues, offered, answer = drawn
    world.fill(facts_limit)
    facts = random.sample(world.facts, len(world.facts))
    return Draft(Facts(facts), clues, offered, answer, tuple(world.slots))


@dataclass(slots=True)
class _World:
    """A world being made.

    Args:
        graph: where its relations come from.
        random: makes every choice.
        name: gives a new name at every call.
        directed: see :func:`draw_world`.
        facts: its facts so far.
        middles: concepts between the question's and the slots.
        slots: concepts that may be options, with the steps that lead to them.
        family: so many slots, one after another, hang on the same concepts.
    """

    graph: QuizGraph
    random: Random
    name: Callable[[], str]
    directed: bool
    facts: list[Triple] = field(default_factory=list)
    middles: list[str] = field(default_factory=list)
    slots: dict[str, _Signature] = field(default_factory=dict)
    family: int = 0

    def link(self, node: str, step: str, other: str) -> None:
        """Add the fact behind a step; of a symmetric relation either way round."""
        fact = triple(node, step, other)
        turned = not self.directed and inverse(step) == step and self.random.random() < 0.5
        self.facts.append(fact[::-1] if turned else fact)

    def grow(self, node: str, step: str | None = None) -> str:
        """Add a concept at the end of a step, of any step if none is given."""
        other = self.name()
        self.link(node, step or self.any_step(), other)
        return other

    def any_step(self) -> str:
        steps, weights = self.graph.steps
        return self.random.choices(steps, cum_weights=weights)[0]

    def alphabet(self, size: int, own: Sequence[str], barred: Collection[str] = ()) -> list[str]:
        """Different steps: a concept's own, sometimes one and its inverse, the rest as frequent as in the graph."""
        chosen = [step for step in self.random.sample(own, len(own)) if step not in barred]
        if chosen and self.random.random() < TURNED:
            chosen.insert(1, inverse(chosen[0]))
        chosen += [self.any_step() for _ in range(10 * size) if len(chosen) < 10 * size]
        return [step for step in dict.fromkeys(chosen) if step not in barred][:size]

    def offer(self, options: int) -> tuple[tuple[str, ...], str] | None:
        """Slots to choose from, each of which differs from another in one step, and one that no other is just like."""
        order = self.random.sample(list(self.slots), len(self.slots))
        left = list({self.slots[slot]: slot for slot in order}.values())
        left += [slot for slot in order if slot not in left]
        offered: list[str] = []
        while left and len(offered) < options:
            near = (slot for slot in left if any(self._differ(slot, other) == 1 for other in offered))
            offered.append(next(near, left[0]))
            left.remove(offered[-1])
        alone = [slot for slot in offered if all(self._differ(slot, other) for other in offered if other != slot)]
        if len(offered) < options or not alone:
            return None
        return tuple(self.random.sample(offered, options)), self.random.choice(alone)

    def _differ(self, slot: str, other: str) -> int:
        return sum(map(ne, self.slots[slot], self.slots[other]))

    def fill(self, limit: int) -> None:
        """Facts beside the question, up to a number drawn for this world; all slots get equally many."""
        limit = self.random.randint(len(self.facts), limit)
        slots = list(self.slots)
        if self.random.random() < RING and len(slots) <= limit - len(self.facts):
            for start in range(0, len(slots), self.family):
                self._tie(slots[start : start + self.family])
        while len(nodes := self.random.choice([slots, self.middles or slots])) <= limit - len(self.facts):
            for node in nodes:
                self.grow(node)

    def _tie(self, family: list[str]) -> None:
        """Tie slots to one another in a ring."""
        self.random.shuffle(family)
        for node, other in zip(family, family[1:] + family[:1] * (len(family) > 2), strict=False):
            self.link(node, self.any_step(), other)


_Drawn = tuple[tuple[Clue, ...], tuple[str, ...], str]


def _draw_tree(world: _World, hops: int, options: int, split: QuizSplit | None) -> _Drawn | None:
    """A tree of steps: under each concept of a level hang the same steps, so that wrong ends differ in any of them."""
    random, graph = world.random, world.graph
    seed, key = world.name(), random.choice(graph.concepts(split))
    level: list[tuple[str, str | None, _Signature]] = [(seed, key, ())]
    barred: set[str] = set()
    for number, width in enumerate(_widths(hops, options, random)):
        own = sorted({step for _, key, _ in level if key for step in graph.steps_at(key)})
        steps = world.alphabet(width, own, barred)
        if number == 0 and steps:  # a step that leads to several concepts
            missing = options - len(steps) if hops == 1 else 0
            steps += random.choices(steps, k=missing + random.choice((0, 0, 1, 2)))
        level = [_below(world, *node, step) for node in level for step in steps]
        barred = {inverse(step) for step in steps} if number else set()
        if number < hops - 1:
            world.middles += [node for node, _, _ in level]
        world.family = len(steps)
    world.slots = {node: signature for node, _, signature in level}
    drawn = world.offer(options)
    return drawn and ((Clue(seed, world.slots[drawn[1]]),), *drawn)


def _widths(hops: int, options: int, random: Random) -> list[int]:
    """Steps below each concept, level by level, so that there are enough ends."""
    if hops == 1:
        return [options]
    widths = [random.choice(WIDTHS[hops]) for _ in range(hops - 1)]
    widths.append(max(2, -(-options // prod(widths))))
    random.shuffle(widths)
    return widths


def _below(
    world: _World, node: str, key: str | None, signature: _Signature, step: str
) -> tuple[str, str | None, _Signature]:
    """A new concept at the end of a step, the concept of the graph whose relations it takes, and the way to it."""
    ends = world.graph.follow(key, step) if key else ()
    model = world.random.choice(list(ends)) if ends else None
    return world.grow(node, step), model, (*signature, step)


def _draw_pair(world: _World, kind: str, options: int, split: QuizSplit | None) -> _Drawn | None:
    """Two concepts to which every slot is tied; wrong ones are tied to one of them, or to both, by other steps."""
    random, graph = world.random, world.graph
    seeds = world.name(), world.name()
    own = [graph.steps_at(key) for key in random.choices(graph.concepts(split), k=2)]
    if random.random() < SHARED:
        own[1] = own[0]
    width = options // 2 + 1 if kind == "not" else random.choice((2, 3))
    ones = world.alphabet(width, own[0])
    others = world.alphabet(max(2, width if kind == "not" else -(-options // width)), own[1])
    grid = list(product(ones, others))
    if kind == "and":
        cells = random.sample(grid, len(grid))
    elif 2 * min(len(ones), len(others)) > options:
        cells = [(ones[(n + 1) // 2], others[n // 2]) for n in range(options)]
    else:
        return None
    cells += random.choices(grid, k=random.randint(0, 2)) if grid else []
    world.family = len(cells)
    for cell in cells:
        slot = world.name()
        world.slots[slot] = cell
        for seed, step in zip(seeds, cell, strict=True):
            world.link(seed, step, slot)
    return _both(world, seeds, options) if kind == "and" else _but(world, seeds, options)


def _both(world: _World, seeds: tuple[str, str], options: int) -> _Drawn | None:
    """Both steps that lead to a slot as clues."""
    drawn = world.offer(options)
    if drawn is None:
        return None
    clues = [Clue(seed, (step,)) for seed, step in zip(seeds, world.slots[drawn[1]], strict=True)]
    return (tuple(world.random.sample(clues, 2)), *drawn)


def _but(world: _World, seeds: tuple[str, str], options: int) -> _Drawn:
    """One step that leads to a slot, without the other step of a slot that shares it.

    The first slots form a path: each shares a step with the one before, with the first concept and with the second in
    turn. So each of them is an answer to some question.
    """
    offered = list(world.slots)[:options]
    number = world.random.randrange(options)
    ruled_out = world.random.choice([n for n in (number - 1, number + 1) if 0 <= n < options])
    answer, shared = offered[number], min(number, ruled_out) % 2
    kept = Clue(seeds[1 - shared], (world.slots[answer][1 - shared],))
    barred = Clue(seeds[shared], (world.slots[offered[ruled_out]][shared],), positive=False)
    return (kept, barred), tuple(world.random.sample(offered, options)), answer
