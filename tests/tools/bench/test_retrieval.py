from __future__ import annotations

import numpy as np
import pytest

from kgreason.retrieval import Retriever
from tools.bench import peers, retrieval


def test_made_up_questions_have_well_connected_concepts(tiny_graph):
    for grounding in retrieval.groundings(tiny_graph, 7, 3):
        nodes = [mention.candidates[0].node for mention in grounding.mentions]
        assert len(nodes) == len(set(nodes)) == retrieval.CONCEPTS
        assert [mention.option for mention in grounding.mentions] == [-1] * 5 + [0, 1, 2]


def test_texts_are_at_least_as_long_as_said_and_hold_names(tiny_graph):
    made = retrieval.texts(tiny_graph, 5)
    assert all(len(text.split()) >= retrieval.WORDS for text in made)
    assert made == retrieval.texts(tiny_graph, 5)


def test_rates_are_measured_on_subgraphs_with_paths(tiny_graph):
    found = retrieval.subgraphs_a_second(tiny_graph, 5, 3)
    assert min(found.rate, found.nodes, found.edges, found.paths) > 0
    assert min(retrieval.tokens_a_second(tiny_graph, 5)) > 0
    assert retrieval.extracted_a_second(tiny_graph, 5) > 0


def test_the_naive_peers_find_what_we_find(tiny_graph):
    plain = peers.plain_graph(tiny_graph)
    (grounding,) = retrieval.groundings(tiny_graph, 1, 0)
    subgraph = Retriever(tiny_graph).retrieve(grounding)
    seeds = [mention.candidates[0].node for mention in grounding.mentions]
    pairs = peers.adjacent_pairs(plain, seeds)
    shown = {(subgraph.nodes[a], subgraph.nodes[b]) for a, b in subgraph.edge_index.T.tolist()}
    negated = np.tile(tiny_graph.is_negated, 2)
    hidden = {
        (node, int(tiny_graph.idx[at]))
        for node in range(tiny_graph.num_nodes)
        for at in range(tiny_graph.ptr[node], tiny_graph.ptr[node + 1])
        if negated[tiny_graph.rel[at]]
    }
    assert set(pairs) - hidden <= {(int(a), int(b)) for a, b in shown} | hidden
    assert peers.match_rules([("a", "b"), ("b",)], ["a", "b", "a", "b"]) == [(0, 2), (2, 4), (1, 2), (3, 4)]


@pytest.mark.slow
@pytest.mark.data
def test_a_question_over_the_default_graph_takes_milliseconds(data_dir):
    plain, told = retrieval.question_milliseconds(5)
    assert 0 < plain < told
