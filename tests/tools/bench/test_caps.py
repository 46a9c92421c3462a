from __future__ import annotations

from kgreason.records import Question
from tools.bench.caps import CAPS, kept_of_choice, kept_of_open


def test_everything_is_kept_of_a_graph_smaller_than_the_caps(tiny_graph):
    questions = [Question("Where would you see a penguin?", ("oven", "zoo"), answer=1), Question("?", ("a", "b"))]
    assert kept_of_choice(questions, tiny_graph) == dict.fromkeys(CAPS, (100.0, 100.0))
    opened = [Question("Where is a penguin?", task="open", gold=(name,)) for name in ("zoo", "nowhere")]
    assert kept_of_open(opened, tiny_graph) == dict.fromkeys(CAPS, 50.0)
