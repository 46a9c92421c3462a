from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.tasks import read_samples, validate
from kgreason.tasks.quiz import KINDS, QuizConfig, make_quiz, write_quiz
from kgreason.tasks.quiz_facts import answers_by_facts
from kgreason.tasks.quiz_graph import QuizGraph, QuizSplit
from kgreason.tasks.quiz_names import regular_verbs
from kgreason.tasks.wordings import Wordings

RELATIONS = ("AtLocation", "HasA", "IsA", "Synonym", "UsedFor", "birthPlace", "NotIsA")
SIZES: dict[QuizSplit, int] = {"train": 11, "dev": 5, "test": 5, "wordings": 5}


@st.composite
def graphs(draw):
    node, relation = st.integers(0, 28), st.sampled_from(RELATIONS)
    facts = draw(st.lists(st.tuples(node, relation, node), min_size=97, max_size=131, unique=True))
    return KnowledgeGraph.from_triples([(f"node {a:02}", r, f"node {b:02}") for a, r, b in facts if a != b])


def clues_of(question) -> Any:
    return question.extra["clues"]


def steps_of(question) -> Any:
    return question.extra["relations"]


def edited(facts, edit):
    return [*(fact for fact in facts if list(fact) not in edit["remove"]), *edit["add"]]


def check(question, facts, names):
    """A sample does what it says.

    Args:
        question: the sample.
        facts: where it is to be answered.
        names: key of a concept to its label.
    """
    extra = question.extra
    right = answers_by_facts(facts, extra["clues"])
    after = answers_by_facts(edited(facts, extra["edit"]), extra["clues"])
    assert {tuple(fact) for fact in extra["support"]} <= set(facts)
    assert {tuple(fact) for fact in extra["edit"]["remove"]} <= set(facts)
    assert extra["relations"] == [step for _, steps, _ in extra["clues"] for step in steps]
    assert all(question.text.count(names(seed)) == 1 for seed, _, _ in extra["clues"])
    if question.task == "open":
        assert set(question.gold) == right
        assert set(extra["edit"]["answers"]) == after != right
        return
    assert len(set(question.options)) == len(question.options)
    assert {names(node) for node in right} & set(question.options) == {question.options[question.answer]}
    assert {names(node) for node in after} & set(question.options) == {question.options[extra["edit"]["answer"]]}
    assert extra["edit"]["answer"] != question.answer


@given(graphs(), st.sampled_from(["choice", "open"]), st.integers(0, 99))
@settings(max_examples=10)
def test_samples_with_pseudonyms(graph, form, seed):
    questions = make_quiz(graph, 10, QuizConfig(pseudonyms=True, form=form, renamed=0.5), seed=seed)
    labels = {graph.label(node) for node in range(graph.num_nodes)}
    for question in questions:
        check(validate(question), question.facts, str)
        shown = json.dumps([question.text, question.options, question.gold, question.facts, dict(question.extra)])
        assert not any(label in shown for label in labels)
        assert len(question.facts) <= 60
        assert not any(relation.startswith("Not") for _, relation, _ in question.facts)
    assert Counter(question.extra["kind"] for question in questions) == dict.fromkeys(KINDS, 2)


@given(graphs(), st.sampled_from(["choice", "open"]), st.integers(0, 99))
@settings(max_examples=10)
def test_samples_over_the_graph(graph, form, seed):
    facts = [
        (edge.source, edge.relation, edge.target)
        for node in range(graph.num_nodes)
        for edge in graph.neighbors(node)
        if not edge.relation.startswith("Not")
    ]
    try:
        questions = make_quiz(graph, 5, QuizConfig(form=form), seed=seed)
    except InputError:  # where every concept is an answer, nothing is left to choose from
        return
    for question in questions:
        check(validate(question), tuple(dict.fromkeys(facts)), lambda key: key)
        assert not question.facts


@given(st.integers(0, 99), st.booleans())
@settings(max_examples=5)
def test_a_seed_makes_the_same_questions(tiny_graph, seed, pseudonyms):
    config = QuizConfig(kinds=("1", "2"), options=3, pseudonyms=pseudonyms)
    first, again, other = (make_quiz(tiny_graph, 7, config, seed=number) for number in (seed, seed, seed + 1))
    assert first == again
    assert [question.extra for question in first] == [question.extra for question in again]
    assert [question.text for question in first] != [question.text for question in other]


@pytest.fixture(scope="module")
def world(default_graph):
    return QuizGraph(default_graph)


def test_splits_share_no_concept(world):
    splits = {split: make_quiz(world, 11, split=split, seed=3) for split in SIZES}
    keys = {split: {seed for q in questions for seed, _, _ in clues_of(q)} for split, questions in splits.items()}
    options = {split: {option for q in questions for option in q.options} for split, questions in splits.items()}
    for split in ("dev", "test", "wordings"):
        assert not keys["train"] & keys[split]
    members = {split: world.members(split) for split in splits}
    assert all(keys[split] <= members[split] for split in splits)
    labels = {split: set(map(world.label, members[split])) for split in ("train", "test")}
    assert options["train"] <= labels["train"]
    assert options["wordings"] <= labels["test"]


def test_held_out_wordings_are_asked_only_in_their_split(world):
    config = QuizConfig(kinds=("1",), pseudonyms=True, renamed=0, labelled=0)
    splits: tuple[QuizSplit, ...] = ("train", "wordings")
    for split in splits:
        for question in make_quiz(world, 53, config, split=split):
            [[seed, [step], _]] = clues_of(question)
            own = partial(Wordings.load().templates, step, held_out=split == "wordings")
            templates = own() + [f"{noun}?" for noun in own(noun=True)]
            assert question.text in {template.replace("{x}", seed) for template in templates}
            assert question.extra["style"] == "wording"


def test_relations_are_asked_for_by_a_synonym_or_by_forms_of_a_verb():
    words = [(f"thing {number}", "Synonym", f"item {number}") for number in range(31)]
    ring = [(f"thing {n}", f"rel{step}", f"item {(n + step) % 31}") for n in range(31) for step in range(1, 4)]
    graph = KnowledgeGraph.from_triples([*words, *ring])
    config = QuizConfig(kinds=("1", "2"), pseudonyms=True, renamed=1, synonyms=1)
    verbs = {name for verb in (*Wordings.load().verbs, *regular_verbs()) for passive in (False, True)
             for name in replace(verb, passive=passive).names}  # fmt: skip
    kinds: Counter[tuple[bool, bool]] = Counter()
    for question in make_quiz(graph, 101, config):
        names = {step.removeprefix("~") for _, steps, _ in clues_of(question) for step in steps}
        assert question.extra["style"] == "label"
        assert names <= {relation for _, relation, _ in question.facts}
        for name in names:
            assert name in verbs or name.removeprefix("has ").startswith(("thing ", "item "))
            kinds[name in verbs, name in question.text] += 1
    assert len(kinds) == 4
    assert min(kinds.values()) > 5


def test_relations_are_renamed_in_facts_and_clues(world):
    config = QuizConfig(kinds=("1",), pseudonyms=True, renamed=1)
    for question in make_quiz(world, 31, config, split="train"):
        relations = {relation for _, relation, _ in question.facts}
        assert question.extra["renamed"]
        assert not relations & set(world.graph.relations)
        assert {step.removeprefix("~") for step in steps_of(question)} <= relations


def test_relations_of_no_wordings_are_asked_by_their_names():
    graph = KnowledgeGraph.from_triples(
        [(f"n{i}", f"rel{j}", f"n{(i + j) % 7}") for i in range(7) for j in range(1, 5)]
    )
    for question in make_quiz(graph, 11, QuizConfig(pseudonyms=True, renamed=0, kinds=("2", "and"))):
        assert question.extra["style"] == "label"
        assert all(f"rel {step[-1]}" in question.text for step in steps_of(question))


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"kinds": ("4",)}, "kinds is"),
        ({"kinds": ()}, "kinds is"),
        ({"options": 1}, "options is 1"),
        ({"form": "essay"}, "form is 'essay'"),
        ({"renamed": 1.5}, "renamed is 1.5"),
        ({"borrowed": 0.5}, "without pseudonyms"),
        ({"facts_limit": 7}, "facts_limit is 7"),
    ],
)
def test_a_config_that_may_not_be(changed, fault):
    with pytest.raises(InputError, match=fault):
        replace(QuizConfig(), **changed)


def test_graphs_that_are_too_small():
    with pytest.raises(InputError, match="no concept with 3 to 60 edges for split dev"):
        make_quiz(KnowledgeGraph.from_triples([("a", "IsA", "b")]), 1, split="dev")
    star = KnowledgeGraph.from_triples([("a", "Synonym", name) for name in "bcde"])
    with pytest.raises(InputError, match="no question of kind '1' could be made"):
        make_quiz(star, 1, QuizConfig(kinds=("1",), pseudonyms=True))


def test_write_quiz(tiny_graph, tmp_path):
    calls = []
    config = QuizConfig(pseudonyms=True)
    splits = write_quiz(tiny_graph, tmp_path / "quiz", SIZES, config, progress=lambda *call: calls.append(call))
    for split, questions in splits.items():
        assert read_samples(tmp_path / "quiz" / f"{split}.jsonl") == questions
    about = json.loads((tmp_path / "quiz" / "quiz.json").read_text())
    assert about["graph"] == tiny_graph.digest
    assert {split: sum(counts.values()) for split, counts in about["counts"].items()} == SIZES
    with pytest.raises(InputError, match="quiz exists"):
        write_quiz(tiny_graph, tmp_path / "quiz", SIZES, config)


def test_progress_is_told(tiny_graph):
    calls = []
    config = QuizConfig(kinds=("1",), pseudonyms=True)
    make_quiz(tiny_graph, 200, config, progress=lambda *call: calls.append(call))
    assert calls == [("questions", 100, 200), ("questions", 200, 200)]
