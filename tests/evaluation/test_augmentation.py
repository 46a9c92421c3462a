from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from kgreason.evaluation.augmentation import form, make
from kgreason.evaluation.phenomena import phenomena
from kgreason.graph import KnowledgeGraph
from kgreason.language.negation import negated
from kgreason.records import Question
from kgreason.tasks.entailment import THREE_WAY
from kgreason.tasks.stories import stories
from tests.models import moods, places


def pairs(count: int, answers: int = 3) -> list[Question]:
    return [
        Question(f"A man number {i} sings.", THREE_WAY, "entailment", f"The man {i} is loud.", answer=i % answers)
        for i in range(count)
    ]


def test_a_denied_hypothesis_turns_its_label_round():
    pool = pairs(61)
    found, how = make("negation", pool, pool, 17)
    assert how == "hypotheses denied"
    assert Counter(each.options[each.answer or 0] for each in found) == dict.fromkeys(THREE_WAY, 5)
    of = {negated(each.hypothesis or ""): each for each in pool}
    for each in found:
        before = of[each.hypothesis or ""]
        assert (before.text, before.options) == (each.text, each.options)
        assert each.answer == 2 - (before.answer or 0)
        assert "negation" in phenomena(each)
    assert make("negation", pool, pool, 17)[0] == found
    assert make("negation", pool, pool, 17, seed=1)[0] != found
    assert make("negation", pool, [], 17)[0] == []
    decided = pool[:2]  # entailment and neutral, each as often
    assert Counter(each.answer for each in make("negation", decided, pool, 17)[0]) == {0: 8, 1: 8}


def test_what_is_denied_already_is_left_alone():
    pool = [replace(each, hypothesis="He is not loud.") for each in pairs(23)]
    assert make("negation", pool, pool, 17)[0] == []


@pytest.mark.parametrize(("phenomenon", "tag"), [("hops 2", "hops"), ("kind and", "kind")])
def test_questions_of_a_quiz(phenomenon, tag, default_graph):
    example = replace(places(1)[0], facts=(("a", "IsA", "b"),))
    found, how = make(phenomenon, [example], [], 3, graph=default_graph)
    assert how == "questions of a quiz"
    assert len(found) == 3
    assert all(form(each) == form(example) and len(each.options) == 2 for each in found)
    assert all(each.extra["kind"] == phenomenon.split()[1] for each in found)
    assert all(phenomenon in phenomena(each) for each in found)
    opened = Question("Where?", task="open", gold=("zoo",), facts=(("a", "IsA", "b"),))
    assert all(each.task == "open" for each in make(phenomenon, [opened], [], 2, graph=default_graph)[0])


def test_stories_and_needles():
    story = next(stories("order", 1))
    found, how = make("kind order", [story], [], 5)
    assert (how, len(found)) == ("stories", 5)
    assert all("kind order" in phenomena(each) for each in found)
    long, how = make("long range", [story], places(3), 5)
    assert (how, len(long)) == ("needles in long texts", 5)
    assert all("long range" in phenomena(each) and each.context for each in long)


@pytest.mark.parametrize(
    ("phenomenon", "example", "why"),
    [
        ("negation", moods(1)[0], "no way to make such samples"),
        ("negation", replace(pairs(1)[0], language="zh"), "English alone"),
        ("hops 2", replace(places(1)[0], facts=(("a", "IsA", "b"),)), "a quiz needs a graph"),
        ("hops 2", places(1)[0], "no way"),
        ("kind order", places(1)[0], "no way"),
        ("long range", replace(places(1)[0], context="Long."), "there are no sentences"),
        ("numbers", pairs(1)[0], "no way"),
    ],
)
def test_what_is_not_made_is_said(phenomenon, example, why):
    found, how = make(phenomenon, [example], [], 5)
    assert found == []
    assert how.startswith(f"nothing is made for {phenomenon}: ")
    assert why in how


def test_a_graph_too_small_for_a_quiz_is_said():
    example = replace(places(1)[0], facts=(("a", "IsA", "b"),))
    found, how = make("kind 3", [example], [], 3, graph=KnowledgeGraph.from_triples([("a", "IsA", "b")]))
    assert (found, how[:28]) == ([], "nothing is made for kind 3: ")
