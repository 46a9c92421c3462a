"""A graph as a quiz reads it: steps by name, concepts of moderate degree, splits; and questions over it as it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from random import Random
from typing import Literal

import numpy as np

from kgreason.graph import KnowledgeGraph
from kgreason.records import Triple
from kgreason.storage import digest_bytes
from kgreason.tasks.quiz_facts import Draft, inverse, layers, solve, triple
from kgreason.tasks.wordings import Clue

__all__ = ["HOPS", "QuizGraph", "QuizSplit", "draw_from_graph"]

QuizSplit = Literal["train", "dev", "test", "wordings"]

#: Kinds of questions that are a chain of steps.
HOPS: Mapping[str, int] = {"1": 1, "2": 2, "3": 3}
#: Concepts with fewer edges say too little, those with more have too many answers.
DEGREES = (3, 60)
#: Answers beyond which a question is no question, and concepts beyond which a chain is not followed.
MOST_ANSWERS, MOST_REACHED = 40, 400
#: Shares of the concepts; the split of held-out wordings shares those of test.
SHARES: Mapping[QuizSplit, tuple[float, float]] = {
    "train": (0.0, 0.8),
    "dev": (0.8, 0.9),
    "test": (0.9, 1.0),
    "wordings": (0.9, 1.0),
}


class QuizGraph:
    """A graph as a world, without its negated relations. Concepts are named by their keys.

    Args:
        graph: any graph.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.graph = graph
        forward = len(graph.relations)
        usable = ~graph.is_negated
        self._codes = {name: code for code, name in enumerate(graph.relations) if usable[code]}
        self._codes |= {
            f"~{name}": code + forward for name, code in list(self._codes.items()) if not graph.symmetric[code]
        }
        self._names = {code: step for step, code in self._codes.items()}
        self._ids: dict[str, int | None] = {}
        self._keys: dict[int, str] = {}
        self._followed: dict[tuple[str, str], tuple[str, ...]] = {}
        self._ends: dict[tuple[str, QuizSplit | None], list[str]] = {}
        self._concepts: dict[QuizSplit | None, list[str]] = {}
        self._members: dict[QuizSplit | None, frozenset[str]] = {}

    @cached_property
    def steps(self) -> tuple[Sequence[str], Sequence[float]]:
        """All steps, and cumulated weights by which to draw them: rare ones oftener than they occur."""
        counts = np.bincount(self.graph.rel, minlength=2 * len(self.graph.relations))
        steps = [step for step, code in self._codes.items() if counts[code]]
        return steps, list(accumulate(float(counts[self._codes[step]]) ** 0.5 for step in steps))

    def follow(self, node: str, step: str) -> Collection[str]:
        """Keys of the concepts that one step leads to."""
        held = self._followed.get((node, step))
        if held is None:
            row, code = self._row(node), self._codes.get(step)
            entries = self.graph.idx[row][self.graph.rel[row] == code].tolist() if row and code is not None else []
            held = self._followed[node, step] = tuple(map(self._key, entries))
        return held

    def fact(self, node: str, step: str, other: str) -> Triple:
        """The fact behind a step; of a symmetric relation the graph stores the smaller key first."""
        source, relation, target = triple(node, step, other)
        turned = inverse(relation) == relation and source.encode() > target.encode()
        return (target, relation, source) if turned else (source, relation, target)

    def steps_at(self, node: str) -> list[str]:
        """The different steps that leave a concept."""
        row = self._row(node)
        codes = np.unique(self.graph.rel[row]).tolist() if row else []
        return [self._names[code] for code in codes if code in self._names]

    def label(self, node: str) -> str:
        """Label of a concept."""
        self._row(node)
        number = self._ids[node]
        return node if number is None else self.graph.label(number)

    def concepts(self, split: QuizSplit | None = None) -> list[str]:
        """Concepts of moderate degree; a split holds the same ones for every quiz of the graph."""
        if split not in self._concepts:
            first, last = SHARES[split] if split else (0.0, 1.0)
            number = len(self._shuffled)
            self._concepts[split] = self._shuffled[round(first * number) : round(last * number)]
        return self._concepts[split]

    @cached_property
    def _shuffled(self) -> list[str]:
        """Concepts of moderate degree in the order of their keys' digests."""
        degrees = np.diff(self.graph.ptr)
        ids = np.flatnonzero((degrees >= DEGREES[0]) & (degrees <= DEGREES[1])).tolist()
        return sorted(map(self._key, ids), key=lambda key: digest_bytes(key.encode()))

    def members(self, split: QuizSplit | None = None) -> frozenset[str]:
        """The same concepts, to ask whether one is among them."""
        if split not in self._members:
            self._members[split] = frozenset(self.concepts(split))
        return self._members[split]

    def ends(self, step: str, split: QuizSplit | None) -> list[str]:
        """Concepts of a split that a step leads to from somewhere."""
        if (step, split) not in self._ends:
            nodes = np.repeat(np.arange(self.graph.num_nodes), np.diff(self.graph.ptr))
            led = set(np.unique(nodes[self.graph.rel == self._codes[inverse(step)]]).tolist())
            self._ends[step, split] = [key for key in self.concepts(split) if self._ids[key] in led]
        return self._ends[step, split]

    def _row(self, node: str) -> slice:
        if node not in self._ids:
            self._ids[node] = self.graph.find(node)
        number = self._ids[node]
        return slice(0) if number is None else slice(int(self.graph.ptr[number]), int(self.graph.ptr[number + 1]))

    def _key(self, number: int) -> str:
        if number not in self._keys:
            self._keys[number] = self.graph.key(number)
            self._ids[self._keys[number]] = number
        return self._keys[number]


def draw_from_graph(graph: QuizGraph, kind: str, options: int, split: QuizSplit | None, random: Random) -> Draft | None:
    """A question over the graph as it is.

    Args:
        graph: where it is asked.
        kind: "1", "2", "3", "and" or "not".
        options: how many to choose from.
        split: whose concepts may be asked about and offered.
        random: makes every choice.

    Returns:
        The question; None if this attempt led nowhere.
    """
    members = graph.members(split)
    start = random.choice(graph.concepts(split))
    if kind in HOPS:
        drawn = _draw_chain(graph, HOPS[kind], start, random)
    else:
        drawn = _draw_pair(graph, members, start, random, positive=kind == "and")
    if drawn is None:
        return None
    clues, near = drawn
    answers = solve(graph, clues)
    seeds = {clue.seed for clue in clues}
    right = sorted(answers & members)
    if not right or len(answers) > MOST_ANSWERS:
        return None
    wrong = [key for key in dict.fromkeys(near) if key in members and key not in answers | seeds]
    if len(wrong) < options - 1:  # the rest is of the same type: led to by the same step
        typed = graph.ends(clues[0].steps[-1], split)
        more = random.sample(typed, min(len(typed), 3 * options))
        wrong += [key for key in more if key not in answers | seeds and key not in wrong]
    if len(wrong) < options - 1:
        return None
    answer = random.choice(right)
    offered = [answer, *wrong[: options - 1]]
    random.shuffle(offered)
    return Draft(graph, clues, tuple(offered), answer, tuple(wrong))


_Drawn = tuple[tuple[Clue, ...], list[str]]


def _draw_chain(graph: QuizGraph, hops: int, seed: str, random: Random) -> _Drawn | None:
    """A walk as a chain of steps, and the ends of walks that differ from it in one step."""
    node, steps = seed, list[str]()
    for _ in range(hops):
        choices = [step for step in graph.steps_at(node) if not steps or step != inverse(steps[-1])]
        if not choices:
            return None
        steps.append(random.choice(choices))
        node = random.choice(list(graph.follow(node, steps[-1])))
    clue = Clue(seed, tuple(steps))
    reached = layers(graph, clue, {seed})
    if not all(reached) or max(map(len, reached)) > MOST_REACHED:
        return None
    near: list[str] = []
    for number, (before, right) in enumerate(zip(reached, steps, strict=False)):
        start = random.choice(sorted(before))
        for step in graph.steps_at(start):
            if step != right:
                ends = set(graph.follow(start, step))
                for later in steps[number + 1 :]:
                    ends = {end for one in sorted(ends)[:MOST_ANSWERS] for end in graph.follow(one, later)}
                near += sorted(ends)[:MOST_ANSWERS]
    random.shuffle(near)
    return (clue,), near


def _draw_pair(
    graph: QuizGraph, members: Collection[str], middle: str, random: Random, *, positive: bool
) -> _Drawn | None:
    """Two clues that one concept fulfils, the second of which may have to fail; what fulfils one, or both, is wrong."""
    ties = [(other, inverse(step)) for step in graph.steps_at(middle) for other in graph.follow(middle, step)]
    ties = [tie for tie in ties if tie[0] in members]
    if len(ties) < 2:
        return None
    (seed, one), (second, other) = random.sample(ties, 2)
    if seed == second:
        return None
    reached, also = set(graph.follow(seed, one)), set(graph.follow(second, other))
    near = sorted(reached ^ also if positive else also - {middle})
    random.shuffle(near)
    return (Clue(seed, (one,)), Clue(second, (other,), positive)), near if positive else [middle, *near]
