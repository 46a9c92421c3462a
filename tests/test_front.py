from __future__ import annotations

import pytest

from kgreason.errors import InputError
from kgreason.front import Front
from kgreason.records import Question
from kgreason.tasks.entailment import THREE_WAY

ASKED = Question("Where would you keep a penguin?", ("oven", "zoo"))
STORY = Question(
    "Anna is the mother of Ben. Ben is the father of Carl. How is Anna related to Carl?", ("aunt", "grandmother")
)


def edges(evidence):
    return {edge.triple for path in evidence.paths for edge in path.edges}


def test_without_a_graph_what_a_question_brings_is_the_graph():
    alone = Front(None)
    assert alone.read(ASKED).subgraph is None
    with pytest.raises(InputError, match="no graph"):
        alone.read(ASKED, (("penguin", "AtLocation", "oven"),))
    brought = Question(ASKED.text, ASKED.options, facts=(("penguin", "AtLocation", "oven"),))
    read = alone.read(brought)
    assert read.subgraph is not None
    assert len(read.subgraph) == 2


def test_connections_follow_edits_and_add_nothing(tiny_graph):
    front = Front(tiny_graph)
    oven, zoo = front.connections(front.read(ASKED), (0, 1))
    assert ("penguin", "AtLocation", "zoo") in edges(zoo)
    edit = ((("penguin", "AtLocation", "oven"),), (("penguin", "AtLocation", "zoo"),))
    read = front.read(ASKED, *edit)
    baked, gone = front.connections(read, (0, 1))
    assert edit[0][0] in edges(baked) - edges(oven)
    assert edit[1][0] not in edges(gone)
    assert {path.contribution for each in (oven, zoo, baked, gone) for path in each.paths} == {0.0}
    assert read.trace["evidence_ms"] > 0


def test_labels_of_an_entailment_share_what_leads_to_the_hypothesis(tiny_graph):
    front = Front(tiny_graph)
    pair = Question("Birds fly.", THREE_WAY, "entailment", "A bird has a wing.")
    first, *others = front.connections(front.read(pair), range(3))
    assert first.paths
    assert others == [first, first]


def test_what_proves_an_option_comes_first_and_adds_what_it_adds():
    front = Front(None)
    aunt, grandmother = front.connections(front.read(front.with_stated(STORY, (), ())), (0, 1))
    assert str(grandmother.paths[0].edges[-1]) == "Anna is the grandmother of Carl"
    assert grandmother.paths[0].contribution > 0
    assert not any(path.contribution for path in aunt.paths)
    silent = Front(None, stated=False)
    assert silent.with_stated(STORY, (), ()) is STORY
