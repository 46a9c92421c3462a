from __future__ import annotations

import numpy as np
import pytest

from kgreason.records import Question
from kgreason.retrieval import Pairs

QUESTIONS = [Question("Where do penguins live?", ("zoo", "oven")), Question("Zxqv?", ("a", "b"))]


def test_without_a_graph_there_is_no_subgraph():
    pairs = Pairs(QUESTIONS)
    assert len(pairs) == 2
    assert list(pairs) == [(question, None) for question in QUESTIONS]
    assert pairs[-1:] == [(QUESTIONS[1], None)]


@pytest.mark.parametrize("stored", [True, False])
def test_subgraphs_are_those_of_their_questions(tiny_graph, home, stored):
    pairs = Pairs(QUESTIONS, tiny_graph, stored=stored)
    assert home.exists() == stored
    (question, subgraph), (_, empty) = pairs[0:2]
    assert question is QUESTIONS[0]
    assert subgraph is not None
    assert subgraph.question == question
    assert {"penguin", "zoo"} <= set(subgraph.keys)
    assert empty is not None
    assert len(empty) == 0


def test_stored_and_fresh_subgraphs_agree(tiny_graph, home):
    stored, fresh = (Pairs(QUESTIONS, tiny_graph, stored=kept)[0][1] for kept in (True, False))
    assert stored is not None
    assert fresh is not None
    assert stored.keys == fresh.keys
    assert np.array_equal(stored.edge_index, fresh.edge_index)
    assert np.array_equal(stored.path_type, fresh.path_type)
