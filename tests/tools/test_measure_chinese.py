from __future__ import annotations

from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.records import Question
from tools.measure_chinese import linked


def test_options_without_a_concept_do_not_link():
    grounder = Grounder(KnowledgeGraph.open("default"))
    questions = [Question("哪里有企鹅?", ("动物园", "鿕"), language="zh")]
    assert linked(grounder, questions) == (50.0, {"n": 2})
