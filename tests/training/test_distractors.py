from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.retrieval import Pairs
from kgreason.training.distractors import with_distractors
from tests.models import places


@pytest.fixture(scope="module")
def subgraph(tiny_graph):
    _, found = Pairs(places(1), tiny_graph, stored=False)[0]
    assert found is not None
    return found


def rows(subgraph):
    """Every edge: source, target, relation, weight, origin."""
    columns = (*subgraph.edge_index, subgraph.edge_relation, subgraph.edge_weight, subgraph.edge_origin)
    return [tuple(row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def mirrored(rows, subgraph):
    """Edges walked backward; a relation's code is that of the edge's mate."""
    half = len(rows) // 2
    mates = [(target, source, *rest) for source, target, *rest in rows]
    turned = dict(zip(subgraph.edge_relation[:half].tolist(), subgraph.edge_relation[half:].tolist(), strict=True))
    return [(s, t, turned[r], w, o) for s, t, r, w, o in mates[:half]]


@given(share=st.floats(0, 3), seed=st.integers(0, 99))
def test_distractors_are_edges_like_the_others_between_random_nodes(subgraph, share, seed):
    before = rows(subgraph)
    half = len(before) // 2
    found = with_distractors(subgraph, share, np.random.default_rng(seed))
    after = rows(found)
    size = len(after) // 2
    assert after[:half] == before[:half]
    assert after[size : size + half] == before[half:]
    more = after[half:size]
    assert len(more) <= round(share * half)
    assert {row[2:] for row in more} <= {row[2:] for row in before[:half]}
    assert all(0 <= row[0] < len(subgraph) and 0 <= row[1] < len(subgraph) and row[0] != row[1] for row in more)
    assert after[size:] == mirrored(after, found)
    assert len({row[:3] for row in (*more, *after[size + half :])}) == 2 * len(more)
    assert not {row[:3] for row in (*more, *after[size + half :])} & {row[:3] for row in before}
    for name in ("edge_index", "edge_relation", "edge_weight", "edge_origin"):
        assert getattr(found, name).dtype == getattr(subgraph, name).dtype
    assert found.path_value is subgraph.path_value


def test_most_of_what_is_drawn_is_laid(subgraph):
    half = subgraph.edge_index.shape[1] // 2
    found = with_distractors(subgraph, 1.0, np.random.default_rng(0))
    assert found.edge_index.shape[1] // 2 > 1.5 * half


def test_a_graph_without_edges_gets_none(subgraph):
    from dataclasses import replace

    names = ("edge_relation", "edge_weight", "edge_origin")
    bare = replace(subgraph, edge_index=subgraph.edge_index[:, :0], **{n: getattr(subgraph, n)[:0] for n in names})
    assert with_distractors(bare, 1.0, np.random.default_rng(0)).edge_index.shape == (2, 0)
