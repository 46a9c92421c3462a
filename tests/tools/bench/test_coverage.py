from __future__ import annotations

import pytest

from kgreason.records import Question
from tools.bench.coverage import NAMED, OPTIONS, REACHED, RIGHT, measure_choice, measure_open


def test_options_and_paths_of_choice_questions_are_counted(tiny_graph):
    asked = [
        Question("Where would you see a penguin?", ("zoo", "xyzzy"), answer=0, extra={"question_concept": "penguin"}),
        Question("Where would you see a qwert?", ("zoo", "oven"), answer=0, extra={"question_concept": "penguin"}),
    ]
    assert measure_choice(asked, tiny_graph) == {NAMED: 50.0, OPTIONS: 75.0, RIGHT: 50.0}
    unnamed = [Question("Where would you see a penguin?", ("zoo", "oven"), answer=0)]
    assert measure_choice(unnamed, tiny_graph) == {OPTIONS: pytest.approx(100.0), RIGHT: 100.0}


def test_topics_and_answers_of_open_questions_are_counted(tiny_graph):
    asked = [
        Question(f"Where is a {topic}?", task="open", gold=(gold,), extra={"topic": topic})
        for gold, topic in (("zoo", "penguin"), ("nowhere", "penguin"))
    ]
    assert measure_open(asked, tiny_graph) == {NAMED: 100.0, REACHED: 50.0}
