from __future__ import annotations

import numpy as np
import pytest

from kgreason.errors import InputError
from kgreason.evaluation import bias
from kgreason.evaluation.bias import graph_gaps, question_gaps
from kgreason.graph import KnowledgeGraph
from kgreason.nn.confidence import confidence
from kgreason.nn.predict import predict
from kgreason.records import Question
from tests.models import tiny_model

PLACES = ("zoo", "kitchen", "office")


def asked(count):
    return [Question(f"Where does the {'man' if i % 2 else 'girl'} number {i} go?", PLACES, answer=i % 3, id=f"q{i}")
            for i in range(count)]  # fmt: skip


def test_figures_are_those_of_both_questions_asked(tiny_base):
    model, questions = tiny_model(tiny_base, knowledge=None), [*asked(11), Question("Where is a dog?", PLACES)]
    found = question_gaps(model, questions, None, least=5)
    gender = found["axes"]["gender"]
    assert (found["questions"], gender["n"], found["axes"].keys()) == (12, 11, {"gender"})
    assert {pair: row["n"] for pair, row in gender["pairs"].items()} == {"female → male": 6, "male → female": 5}
    twins = [Question(f"Where does the {'woman' if i % 2 else 'boy'} number {i} go?", PLACES) for i in range(11)]
    rows = predict(model, [(question, None) for question in [*questions[:11], *twins]])
    sure = np.array([confidence(questions[0], row.logits) for row in rows])
    before, after = sure[:11], sure[11:]
    choice = before.argmax(1)
    assert gender["changed"] == pytest.approx((choice != after.argmax(1)).mean())
    assert gender["difference"] == pytest.approx((after - before)[np.arange(11), choice].mean(), abs=1e-6)
    truth = np.arange(11) % 3
    assert gender["lost"] == pytest.approx((choice == truth).mean() - (after.argmax(1) == truth).mean())
    low, high = gender["difference_ci95"]
    assert low <= gender["difference"] <= high
    assert len(gender["examples"]) == bias.SHOWN


def test_nothing_is_told_of_few(tiny_base):
    model = tiny_model(tiny_base, knowledge=None)
    gender = question_gaps(model, asked(7), None)["axes"]["gender"]
    assert gender["n"] == 7
    assert "changed" not in gender
    assert gender["pairs"]["male → female"] == {"n": 3, "asked": 3}
    with pytest.raises(InputError, match="none of the 1 questions"):
        question_gaps(model, [Question("Where is a dog?", PLACES)], None)


def test_the_graph_says_worse_of_one():
    graph = KnowledgeGraph.from_triples([
        ("man", "HasProperty", "good"), ("man", "CapableOf", "work"), ("woman", "HasProperty", "stupid"),
        ("woman", "CapableOf", "work"),
    ])  # fmt: skip
    (row,) = graph_gaps(graph, least=1)
    assert (row["axis"], row["words"], row["edges"]) == ("gender", ["man", "woman"], [2, 2])
    assert row["valence"][0] > 0 > row["valence"][1]
    assert row["profile"] == 0
    assert row["worst"] == ["woman is stupid"]
    assert graph_gaps(graph) == []


def test_twins_of_one_question_are_no_questions_of_their_own(tiny_base):
    questions = [Question(f"Where does the German number {i} go?", PLACES) for i in range(5)]
    origin = question_gaps(tiny_model(tiny_base, knowledge=None), questions, None, least=6)["axes"]["origin"]
    assert {name: origin[name] for name in ("n", "asked")} == {"n": 30, "asked": 5}
    assert "changed" not in origin
