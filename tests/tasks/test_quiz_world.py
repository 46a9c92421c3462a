from __future__ import annotations

import itertools
from collections import Counter
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.tasks.quiz_facts import Facts, inverse, solve
from kgreason.tasks.quiz_graph import HOPS, QuizGraph
from kgreason.tasks.quiz_world import draw_world

KINDS = ("1", "2", "3", "and", "not")
kinds = st.sampled_from(KINDS)


@pytest.fixture(scope="module")
def tiny(tiny_graph):
    return QuizGraph(tiny_graph)


def draw(graph, kind, seed, options=5, limit=60, directed=False):
    random, numbers = Random(seed), itertools.count()
    while True:
        drawn = draw_world(
            graph, kind, options, None, random,
            name=lambda: f"n{next(numbers)}", facts_limit=limit, directed=directed,
        )  # fmt: skip
        if drawn is not None:
            return drawn


def signature(facts, seeds, option):
    """How an option is tied to the concepts of a question, relations aside."""
    names = sorted({name for fact in facts for name in (fact[0], fact[2])})
    index = {name: number for number, name in enumerate(names)}
    ties = np.zeros((len(names), len(names)), np.int64)
    for source, _, target in facts:
        ties[index[source], index[target]] += 1
        ties[index[target], index[source]] += 1
    powers = [np.linalg.matrix_power(ties, power) for power in range(6)]
    here = index[option]
    return [power[index[seed], here] for power in powers for seed in seeds], [power[here, here] for power in powers]


@given(kinds, st.integers(0, 10**6), st.integers(2, 7))
def test_a_world_is_sound(tiny, kind, seed, options):
    draft = draw(tiny, kind, seed, options)
    assert isinstance(draft.world, Facts)
    facts = draft.world.facts
    seeds = [clue.seed for clue in draft.clues]
    assert len(facts) <= 60
    assert len({frozenset((source, target)) for source, _, target in facts}) == len(facts)
    assert len(set(draft.options)) == options
    assert solve(draft.world, draft.clues) & set(draft.options) == {draft.answer}
    assert set(draft.options) <= set(draft.others)
    assert [len(clue.steps) for clue in draft.clues] == ([HOPS[kind]] if kind in HOPS else [1, 1])
    assert [clue.positive for clue in draft.clues] == [True, kind != "not"][: len(draft.clues)]
    assert not set(seeds) & set(draft.options)


@given(kinds, st.integers(0, 10**6))
def test_all_options_are_tied_to_the_question_in_the_same_way(tiny, kind, seed):
    draft = draw(tiny, kind, seed)
    assert isinstance(draft.world, Facts)
    seeds = [clue.seed for clue in draft.clues]
    first, *rest = (signature(draft.world.facts, seeds, option) for option in draft.options)
    assert all(one == first for one in rest)


@given(st.sampled_from(["2", "3", "and", "not"]), st.integers(0, 10**6))
def test_wrong_options_fulfil_part_of_the_clues(tiny, kind, seed):
    """One step of a chain away from the answer, or one clue short."""
    draft = draw(tiny, kind, seed)
    near = set()
    for clue in draft.clues:
        for number in range(len(clue.steps)):
            for step in tiny.steps[0]:
                steps = (*clue.steps[:number], step, *clue.steps[number + 1 :])
                others = [replaced if replaced.seed != clue.seed else None for replaced in draft.clues]
                changed = type(clue)(clue.seed, steps, clue.positive)
                near |= solve(draft.world, [other or changed for other in others])
    assert near & (set(draft.options) - {draft.answer})


def test_the_question_is_drawn_among_the_options(tiny):
    """Each option answers about a fifth of the questions that its kind of place in the world allows."""
    places = Counter(draft.options.index(draft.answer) for draft in (draw(tiny, "not", seed) for seed in range(311)))
    assert set(places) == set(range(5))
    assert max(places.values()) < 100


@given(kinds, st.integers(0, 10**6))
def test_a_directed_world_is_followed_from_source_to_target(tiny, kind, seed):
    draft = draw(tiny, kind, seed, directed=True)
    assert isinstance(draft.world, Facts)
    name = {relation: f"called {relation}" for _, relation, _ in draft.world.facts}
    renamed = Facts([(source, name[relation], target) for source, relation, target in draft.world.facts])
    clues = [
        type(clue)(
            clue.seed,
            tuple(f"~{name[step[1:]]}" if step.startswith("~") else name[step] for step in clue.steps),
            clue.positive,
        )
        for clue in draft.clues
    ]
    assert inverse("called Antonym") == "~called Antonym"
    assert solve(renamed, clues) & set(draft.options) == {draft.answer}


def test_a_ring_and_leaves_are_among_the_facts_of_large_worlds_only(tiny):
    sizes = [len(draw(tiny, "1", seed, limit=60).world.facts) for seed in range(53)]
    assert min(sizes) < 20
    assert max(sizes) > 40
