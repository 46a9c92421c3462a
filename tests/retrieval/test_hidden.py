from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.config import RetrievalConfig
from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.records import Question
from kgreason.retrieval import Retriever
from kgreason.retrieval.hidden import Hidden
from tests.conftest import FACTS

QUESTION = Question("Where would a penguin swim?", ("zoo", "oven", "water"))
TRIPLES = [fact[:3] for fact in FACTS]


@pytest.mark.parametrize("wide", [False, True])
@given(hidden=st.lists(st.sampled_from(TRIPLES), unique=True, max_size=7))
def test_hiding_is_the_same_as_removing_where_it_matters(tiny_graph, wide, hidden):
    config = RetrievalConfig(wide=wide)
    grounding = Grounder(tiny_graph).ground(QUESTION)
    retriever = Retriever(tiny_graph, config, hidden=hidden)
    found = retriever.retrieve(grounding)
    expected = Retriever(tiny_graph, config).retrieve(grounding, remove=hidden)
    assert list(found.keys)[:3] == list(expected.keys)[:3]
    assert set(found.keys) == set(expected.keys)
    assert facts(found) == facts(expected)
    assert not facts(found) & set(hidden)
    np.testing.assert_array_equal(found.path_type, expected.path_type)
    for option in range(3):
        told = retriever.paths(found, option, limit=99)  # their values differ: degrees count what is not read, too
        removed = Retriever(tiny_graph, config).paths(expected, option, limit=99, remove=hidden)
        assert {str(path) for path in told} == {str(path) for path in removed}


def facts(subgraph):
    size = subgraph.edge_index.shape[1] // 2
    source, target = subgraph.edge_index[:, :size].tolist()
    codes = subgraph.edge_relation[:size].tolist()
    return {
        (subgraph.keys[s], subgraph.relations[c], subgraph.keys[t])
        for s, c, t in zip(source, codes, target, strict=True)
    }


def test_edges_that_matter(tiny_graph):
    far, near = ("desert", "AtLocation", "africa"), ("bird", "AtLocation", "zoo")
    hidden = Hidden(tiny_graph, [far, near])
    grounding = Grounder(tiny_graph).ground(QUESTION)
    assert hidden.at(grounding) == (near,)
    nodes = np.array([tiny_graph.resolve(name) for name in ("desert", "africa", "zoo")])
    assert hidden.within(nodes, grounding) == (far,)
    told = Grounder(tiny_graph).ground(Question(QUESTION.text, QUESTION.options, facts=(near,)))
    assert hidden.at(told) == ()


def test_what_is_not_there_is_named():
    with pytest.raises(InputError, match="no concept 'ghost'"):
        Retriever(KnowledgeGraph.from_triples(TRIPLES), hidden=[("ghost", "IsA", "bird")])


def test_what_a_question_states_in_other_letters_is_kept_and_what_the_graph_lacks_is_passed_over():
    graph = KnowledgeGraph.from_triples(
        [("mexican", "IsA", "bad person"), ("mexican", "IsA", "person"), ("zoo", "IsA", "park")]
    )
    retriever = Retriever(
        graph, hidden=[("mexican", "IsA", "bad person"), ("mexican", "IsA", "zoo"), ("zoo", "PartOf", "park")]
    )
    for source, target, kept in (("Mexican", "Bad Person", True), ("mexican", "person", False)):
        question = Question("What is a mexican?", ("bad person", "person"), facts=((source, "IsA", target),))
        found = facts(retriever.retrieve(Grounder(graph).ground(question)))
        assert (("mexican", "IsA", "bad person") in found) == kept
