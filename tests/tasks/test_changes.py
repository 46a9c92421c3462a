from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.language.rewordings import asides
from kgreason.records import Question
from kgreason.tasks.changes import CHANGES, changes, reordered, swapped, with_aside, with_typos

QUESTION = Question("Where would somebody keep a penguin in winter?", ("zoo", "oven", "zoo"), answer=1)
seeds = st.integers(0, 2**31).map(Random)


@pytest.fixture(scope="module")
def synonyms():
    facts = [("penguin", "AtLocation", "zoo"), ("sofa", "Synonym", "couch"), ("couch", "AtLocation", "house")]
    return KnowledgeGraph.from_triples(facts)


@given(seeds, st.lists(st.text("abcdeé'", min_size=1, max_size=9), min_size=1, max_size=40))
def test_typos_change_letters_within_words_alone(random, words):
    text = " ".join(words)
    found = with_typos(Question(text), random).text
    after = found.split(" ")
    assert len(after) == len(words)
    changed = [(one, two) for one, two in zip(words, after, strict=True) if one != two]
    for one, two in changed:
        assert abs(len(one) - len(two)) <= 1
        assert one[0] == two[0]
        assert one[-1] == two[-1]
    if all(word.isascii() and word.isalpha() and len(word) > 3 for word in words):
        assert len(changed) == 1 + len(words) // 8


@given(seeds, st.integers(2, 7))
def test_another_order_moves_every_option_and_keeps_the_right_one(random, count):
    question = Question("Which?", tuple("abcdefg"[:count]), answer=count - 1)
    found = reordered(question, random)
    assert sorted(found.options) == list(question.options)
    assert not any(one == two for one, two in zip(found.options, question.options, strict=True))
    assert found.options[found.answer or 0] == question.options[count - 1]


def test_what_does_not_apply_is_left_as_it_is():
    random = Random(0)
    labels = Question("Good.", ("no", "yes"), "emotion", answer=1)
    assert reordered(labels, random) is labels
    for change in (with_typos, with_aside):
        foreign = replace(QUESTION, language="de")
        assert change(foreign, random) is foreign
    chinese = replace(QUESTION, text="企鹅在哪里", language="zh")
    assert with_typos(chinese, random) is chinese
    assert with_aside(chinese, random).text.removesuffix(chinese.text) in asides("zh")


def test_only_texts_and_order_change(synonyms):
    for name, change in changes(synonyms).items():
        found = change(QUESTION, Random(3))
        assert replace(found, text="", options=(), answer=None) == replace(QUESTION, text="", options=(), answer=None)
        assert change(QUESTION, Random(3)) == found, name
        assert (found != QUESTION) == (name != "concept swap")  # penguin has no other name here
    assert tuple(changes(synonyms)) == CHANGES
    assert tuple(changes(None)) == CHANGES[:-1]


def test_a_concept_is_swapped_for_one_of_the_same_meaning(synonyms):
    grounder = Grounder(synonyms)
    found = swapped(Question("A sofa and a penguin?"), Random(0), grounder)
    assert found.text == "A couch and a penguin?"
    for inflected in ("Two sofas?", "Sofa?"):
        question = Question(inflected)
        assert swapped(question, Random(0), grounder) == question
