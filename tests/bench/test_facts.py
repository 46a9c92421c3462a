from __future__ import annotations

from kgreason.bench.facts import FACTS, with_facts
from kgreason.graph import KnowledgeGraph
from kgreason.records import Question


def test_facts_stand_behind_the_question_and_are_kept(tiny_graph, home, monkeypatch):
    questions = [Question("Where is a penguin?", ("zoo", "oven"), answer=0, id="a"), Question("?", ("x", "y"))]
    found = with_facts(questions, tiny_graph)
    assert found[0].text.startswith("Where is a penguin? penguin is found at zoo.")
    assert (found[0].options, found[0].answer, found[0].id) == (("zoo", "oven"), 0, "a")
    assert found[1].text == "?"
    monkeypatch.setattr("kgreason.bench.facts._all_facts", None)
    assert with_facts(questions, tiny_graph) == found


def test_facts_are_few_and_each_once(home):
    graph = KnowledgeGraph.from_triples(
        [("penguin", "IsA", f"bird {i}") for i in range(7)]
        + [(f"bird {i}", "AtLocation", f"zoo {i}") for i in range(7)]
    )
    question = Question("Where is a penguin?", tuple(f"zoo {i}" for i in range(7)))
    told = with_facts([question], graph)[0].text.removeprefix(question.text).strip(" .").split(". ")
    assert len(told) == len(set(told)) == FACTS
