from __future__ import annotations

from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.records import Question
from tools.measure_chinese import LINKS, MEASURES, balanced, linked


def test_balanced_counts_each_class_the_same():
    assert balanced([0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 0]) == 62.5
    assert balanced([1, 1], [1, 1]) == 100.0


def test_options_without_a_concept_do_not_link():
    grounder = Grounder(KnowledgeGraph.open("default"))
    questions = [Question("哪里有企鹅?", ("动物园", "鿕"), language="zh")]
    assert linked(grounder, questions) == (50.0, {"n": 2})


def test_every_set_has_a_row():
    assert LINKS in MEASURES
    assert len(MEASURES) == 5
