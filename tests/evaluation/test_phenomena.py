from __future__ import annotations

import pytest

from kgreason.evaluation.phenomena import LONG, phenomena
from kgreason.records import Question

LABELS = ("entailment", "neutral", "contradiction")


def pair(premise, hypothesis, **more):
    return Question(premise, LABELS, "entailment", hypothesis, **more)


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        (Question("Where is the zoo?"), set()),
        (Question("Which of all animals cannot fly?"), {"negation", "quantifiers"}),
        (Question("Why 3 cups and plates?"), {"causal", "numbers", "conjunction"}),
        (Question("A fine day, but cold. I froze.", task="emotion"), {"contrast", "emotion shift"}),
        (Question("A fine day. I froze."), set()),
        (Question("Who?", context="No, all and 3."), set()),
        (Question("Who?", context="word " * LONG), {"long range"}),
        (Question("word " * LONG), {"long range"}),
        (Question("word " * (LONG - 1)), set()),
        (Question("这家店不好，但是便宜。", task="emotion", language="zh"), {"negation", "contrast"}),
        (Question("Ein Tag ohne Ende?", language="de"), set()),
    ],
)
def test_words_and_form(question, shown):
    assert phenomena(question) == shown


@pytest.mark.parametrize(
    ("premise", "hypothesis", "downward"),
    [
        ("No dog barks.", "No small dog barks.", True),
        ("Some dog barks.", "No dog barks.", False),  # they differ in the operator itself
        ("A small dog barks at no one.", "A dog barks at no one.", False),  # before the operator
        ("No dog barks.", "No dog barks.", True),
        ("Every dog barks.", "Every small dog barks.", True),
    ],
)
def test_monotonicity_is_a_change_behind_a_downward_operator(premise, hypothesis, downward):
    assert ("monotonicity" in phenomena(pair(premise, hypothesis))) == downward


def test_a_chinese_change_behind_a_downward_operator():
    assert "monotonicity" in phenomena(pair("没有狗在叫", "没有小狗在叫", language="zh"))
    assert "monotonicity" not in phenomena(pair("狗在叫", "小狗在叫", language="zh"))


def test_what_a_sample_says_itself():
    tags = {"hops": 2, "kind": "chain", "phenomenon": ["irony", "irony", 7], "other": "x"}
    assert phenomena(Question("Where?", extra=tags)) == {"hops 2", "kind chain", "phenomenon irony", "phenomenon 7"}
    assert phenomena(Question("Where?", extra={"kind": {"a": 1}, "hops": None, "phenomenon": ""})) == set()
