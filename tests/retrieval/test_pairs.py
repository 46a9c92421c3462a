from __future__ import annotations

import numpy as np
import pytest

from kgreason.grounding import Grounder
from kgreason.retrieval import Pairs, Retriever
from tests.models import places


def test_without_a_graph_there_is_no_subgraph():
    questions = places(5)
    assert list(Pairs(questions)) == [(question, None) for question in questions]
    assert Pairs(questions, stored=False)[-1] == (questions[-1], None)
    assert len(Pairs([])) == 0


@pytest.mark.parametrize("stored", [True, False])
def test_each_question_comes_with_its_own_subgraph(tiny_graph, home, stored):
    questions, told = places(7), []
    pairs = Pairs(questions, tiny_graph, progress=lambda *step: told.append(step), stored=stored)
    assert len(pairs) == 7
    for question, (found, subgraph) in zip(questions, pairs, strict=True):
        expected = Retriever(tiny_graph).retrieve(Grounder(tiny_graph).ground(question))
        assert found is question
        assert subgraph is not None
        assert subgraph.keys == expected.keys
        assert np.array_equal(subgraph.edge_index, expected.edge_index)
        assert np.array_equal(subgraph.path_value, expected.path_value)
    assert bool(told) is stored
    assert home.exists() is stored


def test_slices_and_indices(tiny_graph, home):
    questions = places(7)
    pairs = Pairs(questions, tiny_graph)
    assert [question for question, _ in pairs[1:-1:2]] == questions[1:-1:2]
    assert pairs[-1][0] is questions[-1]
    assert pairs[5:3] == []
    with pytest.raises(IndexError):
        pairs[7]
