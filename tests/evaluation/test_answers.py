from __future__ import annotations

from dataclasses import replace

import pytest

from kgreason.evaluation import answers
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
