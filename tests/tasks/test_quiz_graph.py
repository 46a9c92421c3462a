from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.graph import KnowledgeGraph
from kgreason.tasks.quiz_facts import inverse, solve
from kgreason.tasks.quiz_graph import HOPS, QuizGraph, draw_from_graph


@pytest.fixture(scope="module")
def tiny(tiny_graph):
    return QuizGraph(tiny_graph)


def test_steps_are_those_of_the_facts(tiny, facts):
    held = {(source, relation, target) for source, relation, target, _ in facts if not relation.startswith("Not")}
    for source, relation, target in held:
        assert target in tiny.follow(source, relation)
        assert source in tiny.follow(target, inverse(relation))
        assert relation in tiny.steps_at(source)
        assert tiny.fact(source, relation, target) in held | {(target, relation, source)}
    nodes = {node for fact in held for node in (fact[0], fact[2])}
    assert sum(len(tiny.follow(node, step)) for node in nodes for step in tiny.steps_at(node)) == 2 * len(held)


def test_negated_relations_are_left_out(tiny):
    assert not any("Not" in step for step in tiny.steps[0])
    assert not tiny.follow("penguin", "NotCapableOf")
    assert "NotCapableOf" not in tiny.steps_at("penguin")


def test_a_symmetric_fact_has_its_smaller_key_first(tiny):
    assert tiny.fact("hot", "Antonym", "cold") == ("cold", "Antonym", "hot") == tiny.fact("cold", "Antonym", "hot")
    assert tiny.steps_at("hot").count("Antonym") == 1


def test_concepts_have_a_moderate_degree_and_one_split(tiny, tiny_graph):
    every = tiny.concepts()
    degrees = np.diff(tiny_graph.ptr)
    assert sorted(every) == sorted(tiny_graph.key(node) for node in np.flatnonzero(degrees >= 3).tolist())
    train, dev, test = (tiny.concepts(split) for split in ("train", "dev", "test"))
    assert sorted([*train, *dev, *test]) == sorted(every)
    assert tiny.concepts("wordings") == test
    assert QuizGraph(tiny_graph).concepts("train") == train


def test_ends(tiny):
    assert set(tiny.ends("AtLocation", None)) == {"zoo", "kitchen"} & set(tiny.concepts()) | (
        {"nest", "city", "africa", "antarctica", "house"} & set(tiny.concepts())
    )
    assert tiny.label("zoo") == "zoo"
    assert tiny.follow("nowhere", "IsA") == ()


@st.composite
def graphs(draw):
    nodes = [f"n{number}" for number in range(23)]
    node, relation = st.sampled_from(nodes), st.sampled_from(["IsA", "HasA", "Synonym", "likes", "NotIsA"])
    facts = draw(st.lists(st.tuples(node, relation, node), min_size=59, max_size=97, unique=True))
    return KnowledgeGraph.from_triples([fact for fact in facts if fact[0] != fact[2]])


@given(graphs(), st.sampled_from(["1", "2", "3", "and", "not"]), st.integers(0, 99))
def test_drawn_questions_are_sound(graph, kind, seed):
    world, random = QuizGraph(graph), Random(seed)
    for _ in range(20):
        if draft := draw_from_graph(world, kind, 5, None, random):
            right = solve(world, draft.clues)
            assert right & set(draft.options) == {draft.answer}
            assert len(set(draft.options)) == 5
            assert not set(draft.options) & {clue.seed for clue in draft.clues}
            assert [len(clue.steps) for clue in draft.clues] == ([HOPS[kind]] if kind in HOPS else [1, 1])
            assert [clue.positive for clue in draft.clues] == [True, kind != "not"][: len(draft.clues)]
            assert set(draft.options) <= set(world.concepts())
            # other answers exist, but are not offered
            assert all(node in world.concepts() for node in draft.others)
