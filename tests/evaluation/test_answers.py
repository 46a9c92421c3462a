from __future__ import annotations

import json
from dataclasses import replace

import pytest

from kgreason.evaluation import answers
from kgreason.nn.predict import predict
from kgreason.records import Question
from tests.models import prediction, tiny_model


def test_one_row_a_question(tiny_base):
    model = tiny_model(tiny_base, knowledge=None)
    model.settings = replace(model.settings, temperature={"choice": 2.0}, threshold={"joy|fear": 0.2})
    questions = [
        Question("Where?", ("zoo", "oven"), id="a"),
        Question("Oh!", ("joy", "fear"), "emotion", multi_label=True, id="b"),
        Question("Hm.", task="emotion", id="c"),
    ]
    affect = [0.5, 0.25, 0.75, 0.125]
    found = list(
        answers(
            model, questions, [prediction([0, 0]), prediction([-1, 1], affect=affect), prediction([], affect=affect)]
        )
    )
    assert found[0] == {
        "id": "a", "task": "choice", "choice": "zoo", "index": 0, "options": ["zoo", "oven"],
        "probabilities": [0.5, 0.5],
    }  # fmt: skip
    assert found[1]["labels"] == ["joy", "fear"]
    assert found[1]["probabilities"] == pytest.approx([0.2689, 0.7311], abs=1e-4)
    assert found[2] == {"id": "c", "task": "emotion", "vad": [0.5, 0.25, 0.75], "intensity": 0.125}


def test_probabilities_stand_in_the_order_of_the_options_which_may_repeat(tiny_base):
    model = tiny_model(tiny_base, knowledge=None)
    questions = [
        Question("Where?", ("zoo", "oven", "zoo"), id="choice"),
        Question("He sleeps.", ("entailment", "neutral", "contradiction"), "entailment", "He rests.", id="pair"),
    ]
    rows = list(answers(model, questions, predict(model, [(question, None) for question in questions])))
    for row, question in zip(rows, questions, strict=True):
        assert tuple(row["options"]) == question.options
        assert row["index"] == max(range(3), key=row["probabilities"].__getitem__)
        assert row["choice"] == question.options[row["index"]]
        assert sum(row["probabilities"]) == pytest.approx(1)
        assert {"labels", "vad"}.isdisjoint(row)
    assert rows[0]["probabilities"][0] == rows[0]["probabilities"][2]
    assert json.loads(json.dumps(rows, allow_nan=False)) == rows
