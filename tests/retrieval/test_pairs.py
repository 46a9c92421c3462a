from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from kgreason.config import RetrievalConfig
from kgreason.grounding import Grounder
from kgreason.records import Question
from kgreason.retrieval import Pairs, Retriever, SubgraphFile, facts_graph
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


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("task", ["choice", "open"])
def test_without_a_graph_facts_are_the_graph(home, stored, task):
    own = Question("Who owns a quix?", ("plam", "zorb"), facts=(("zorb", "owns", "quix"),))
    own = own if task == "choice" else dataclasses.replace(own, task="open", options=(), gold=("zorb",))
    pairs = Pairs([Question("Why?"), own, Question("Who?"), own], stored=stored)
    assert [subgraph is None for _, subgraph in pairs] == [True, False, True, False]
    for _, subgraph in (pairs[1], pairs[-1]):
        assert subgraph is not None
        assert set(subgraph.keys) == {"quix", "zorb"}
        assert subgraph.edge_index.shape == (2, 2)
        assert [subgraph.keys[node] for node in subgraph.gold] == list(own.gold)
    assert home.exists() is stored
    assert facts_graph() is facts_graph()


def test_wide_subgraphs_of_a_graph_are_made_when_they_are_read(tiny_graph, home):
    asked = [Question("penguin?", task="open"), *places(3)]
    pairs = Pairs(asked, tiny_graph)
    file = SubgraphFile(tiny_graph, asked[1:])
    assert [path.name for path in (home / "subgraphs").iterdir() if path.is_dir()] == [file.path.name]
    for i, question in enumerate(asked):
        expected = Retriever(tiny_graph).retrieve(Grounder(tiny_graph).ground(question))
        subgraph = pairs[i][1]
        assert subgraph is not None
        assert subgraph.keys == expected.keys
        assert np.array_equal(subgraph.edge_index, expected.edge_index)
    Pairs(asked, tiny_graph, RetrievalConfig(wide=True))
    assert len([path for path in (home / "subgraphs").iterdir() if path.is_dir()]) == 1
