from __future__ import annotations

import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.tasks.quiz_facts import Edited, Facts, answers_by_facts, as_clue, decisive_edit, inverse, solve, support
from kgreason.tasks.wordings import Clue

names = st.sampled_from("abcdefg")
facts = st.lists(st.tuples(names, st.sampled_from(["IsA", "Synonym", "likes"]), names), max_size=23, unique=True)
steps = st.sampled_from(["IsA", "~IsA", "Synonym", "likes", "~likes"])
chains = st.lists(steps, min_size=1, max_size=3).map(tuple)


def walks(held, clue, seeds):
    """Every walk of a clue, one concept at a time."""
    found = set()
    for walk in itertools.product("abcdefg", repeat=len(clue.steps)):
        nodes = [clue.seed, *walk]
        if not set(walk) & seeds and all(
            step_holds(held, *pair, step) for pair, step in zip(itertools.pairwise(nodes), clue.steps, strict=True)
        ):
            found.add(tuple(nodes))
    return found


def step_holds(held, node, other, step):
    if step.startswith("~"):
        return (other, step[1:], node) in held
    return (node, step, other) in held or (step == "Synonym" and (other, step, node) in held)


@given(facts, chains, chains, st.booleans())
def test_solve_agrees_with_all_walks(held, one, other, positive):
    clues = [Clue("a", one), Clue("b", other, positive)]
    ends = [{walk[-1] for walk in walks(held, clue, {"a", "b"})} for clue in clues]
    expected = ends[0] & ends[1] if positive else ends[0] - ends[1]
    assert solve(Facts(held), clues) == expected == answers_by_facts(held, [clue.to_list() for clue in clues])


@given(facts, chains)
def test_support_is_what_all_walks_use(held, chain):
    clue, world = Clue("a", chain), Facts(held)
    for answer in solve(world, [clue]):
        used = support(world, [clue], answer)
        assert set(used) <= set(held)
        assert answer in solve(Facts(used), [clue])
        for walk in walks(held, clue, {"a"}):
            if walk[-1] == answer:
                pairs = [frozenset(pair) for pair in itertools.pairwise(walk)]
                assert all(any({source, target} == pair for source, _, target in used) for pair in pairs)


@given(facts, facts, facts)
def test_an_edited_world_is_that_of_the_edited_facts(held, remove, add):
    edited = Edited(Facts(held), remove, add)
    # of a symmetric relation a fact goes whichever way round it is written
    gone = {*remove, *(fact[::-1] for fact in remove if fact[1] == "Synonym")}
    plain = Facts([*(fact for fact in held if fact not in gone), *add])
    for node, step in itertools.product("abcdefg", ["IsA", "~IsA", "Synonym", "likes"]):
        assert set(edited.follow(node, step)) == set(plain.follow(node, step))


@given(facts, chains, chains, st.booleans(), st.integers(0, 99))
def test_an_edit_makes_another_concept_right(held, one, other, positive, seed):
    clues, world = [Clue("a", one), Clue("b", other, positive)], Facts(held)
    for answer in solve(world, clues):
        turned = decisive_edit(world, clues, answer, "abcdefg", ["c", "d", answer], Random(seed))
        if turned:
            new, (remove, add) = turned
            assert set(remove) <= set(held)
            right = answers_by_facts(
                [*(fact for fact in held if fact not in remove), *add], [c.to_list() for c in clues]
            )
            assert new in right
            assert answer not in right
            assert len(right & {"c", "d", answer}) <= 1


def test_an_edit_takes_the_fewest_facts():
    world = Facts([("s", "IsA", "x"), ("t", "HasA", "x"), ("s", "IsA", "y"), ("z", "IsA", "s")])
    clues = [Clue("s", ("IsA",)), Clue("t", ("HasA",))]
    assert decisive_edit(world, clues, "x", ["y", "z"], ["x", "y", "z"], Random(0)) == (
        "y",
        ([("t", "HasA", "x")], [("t", "HasA", "y")]),
    )
    barred = [Clue("s", ("IsA",)), Clue("t", ("HasA",), positive=False)]
    assert decisive_edit(world, barred, "y", ["x"], ["x", "y"], Random(0)) == (
        "x",
        ([("t", "HasA", "x")], [("t", "HasA", "y")]),
    )


def test_no_edit_where_there_is_nothing_to_turn():
    world = Facts([("s", "IsA", "x")])
    assert decisive_edit(world, [Clue("s", ("IsA",))], "x", [], [], Random(0)) is None
    # the only place to step from is the concept itself
    chain = Facts([("s", "IsA", "y"), ("y", "HasA", "x")])
    assert decisive_edit(chain, [Clue("s", ("IsA", "HasA"))], "x", ["y"], [], Random(0)) is None


@pytest.mark.parametrize(("step", "back"), [("IsA", "~IsA"), ("~IsA", "IsA"), ("Synonym", "Synonym"), ("x y", "~x y")])
def test_inverse(step, back):
    assert inverse(step) == back


def test_clues_go_through_json():
    clue = Clue("zog", ("IsA", "~HasA"), positive=False)
    assert as_clue(clue.to_list()) == clue


def test_a_symmetric_fact_is_found_either_way_round():
    world = Facts([("b", "Synonym", "a")])
    assert world.fact("a", "Synonym", "b") == ("b", "Synonym", "a")
    assert world.fact("c", "Synonym", "b") == ("c", "Synonym", "b")


def test_a_fact_of_another_relation_has_its_direction():
    world = Facts([("b", "IsA", "a")])
    assert world.fact("a", "~IsA", "b") == ("b", "IsA", "a")
    assert world.fact("a", "IsA", "b") == ("a", "IsA", "b")
