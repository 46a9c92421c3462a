from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kgreason.graph import KnowledgeGraph
from kgreason.graph.build import build
from kgreason.graph.vectors import StaticVectors
from kgreason.retrieval.kernels import cosines
from kgreason.retrieval.relevance import Relevance

NONE = np.empty((0, 128), np.int8)

int8 = hnp.arrays(np.int8, (7, 128))


@given(int8, hnp.arrays(np.int8, 128), st.integers(0, 7))
def test_the_cosine_is_exact(vectors, text, known):
    exact = (vectors.astype(np.int64) @ text.astype(np.int64)).astype(np.float32) / np.float32(127 * 127)
    nodes = np.array([6, 0, 3, 3, 5, 1], np.int32)
    found = cosines(vectors[:known], vectors[known:], nodes, text, np.float32(127 * 127))
    assert np.array_equal(found, exact[nodes])


def test_a_bird_is_nearer_to_a_penguin_than_a_tax_is(tiny_graph):
    relevance = Relevance(tiny_graph)
    nodes = np.array([tiny_graph.find(key) for key in ("bird", "kitchen")])
    bird, kitchen = relevance.cosine(nodes, NONE, relevance.of_text("a penguin at the south pole"))
    assert bird > kitchen


def test_column_and_computation_agree(tmp_path):
    import polars as pl

    facts = pl.DataFrame({"source": ["penguin", "zoo"], "relation": ["AtLocation", "IsA"], "target": ["zoo", "park"]})
    encode = StaticVectors.load().encode
    with_column = KnowledgeGraph.open(build(facts, tmp_path, columns={"text": encode}))
    without = KnowledgeGraph.from_triples(facts.rows())
    nodes, names = np.array([2, 0, 4, 1, 3, 2]), ("ice_cream", "Zorblax")
    own = Relevance(with_column).of_names(names)
    vectors = Relevance(with_column).of_nodes(nodes, own)
    assert np.array_equal(vectors, Relevance(without).of_nodes(nodes, own))
    assert np.array_equal(vectors[[2, 4]], encode(["Zorblax", "ice cream"]))


def test_no_nodes(tiny_graph):
    assert Relevance(tiny_graph).of_nodes(np.empty(0, np.int64), NONE).shape == (0, 128)
