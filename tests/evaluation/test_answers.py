from __future__ import annotations

import json
from dataclasses import replace

import pytest

from kgreason.evaluation import answers
from kgreason.nn.predict import predict
from kgreason.records import Question
from tests.checkpoints import tiny_model

QUESTIONS = (
    Question("Where?", ("zoo", "zoo", "oven"), id="choice"),
    Question("A man sleeps.", ("entailment", "neutral", "contradiction"), "entailment", "He rests.", id="pair"),
    Question("What a day!", ("joy", "fear"), "emotion", multi_label=True, id="several"),
    Question("What a day!", task="emotion", id="affect"),
)


@pytest.fixture(scope="module")
def rows(tiny_base):
    model = tiny_model(tiny_base)
    model.settings = replace(model.settings, threshold={"joy|fear": 0.0})
    return list(answers(model, QUESTIONS, predict(model, [(question, None) for question in QUESTIONS])))


def test_a_row_a_question_as_json(rows):
    assert [row["id"] for row in rows] == [question.id for question in QUESTIONS]
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows


def test_probabilities_stand_in_the_order_of_the_options(rows):
    for row, question in zip(rows[:3], QUESTIONS, strict=False):
        assert tuple(row["options"]) == question.options
        assert row["index"] == max(range(len(question.options)), key=row["probabilities"].__getitem__)
        assert row["choice"] == question.options[row["index"]]
    assert sum(rows[0]["probabilities"]) == pytest.approx(1)


def test_labels_are_those_above_their_threshold(rows):
    assert rows[2]["labels"] == ["joy", "fear"]
    assert "labels" not in rows[1]


def test_affect_is_told_of_emotions_alone(rows):
    assert ["vad" in row for row in rows] == [False, False, True, True]
    assert len(rows[3]["vad"]) == 3
    assert "choice" not in rows[3]
