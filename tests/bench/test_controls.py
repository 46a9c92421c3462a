from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.bench.controls import CONTROLS, Permuted, View, control, rewire
from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.retrieval import Pairs
from tests.formula import CHOICES

RELATIONS = ("AtLocation", "IsA", "Antonym", "RelatedTo", "NotIsA")
TRIPLES = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(RELATIONS), st.integers(0, 12)).filter(lambda t: t[0] != t[2]),
    min_size=1,
    max_size=60,
)


def edges(graph: KnowledgeGraph) -> Counter[tuple[str, str, str]]:
    found = (edge for node in range(graph.num_nodes) for edge in graph.neighbors(node))
    return Counter((edge.source, edge.relation, edge.target) for edge in found)


def degrees(graph: KnowledgeGraph) -> Counter[tuple[int, int]]:
    row = np.repeat(np.arange(graph.num_nodes), np.diff(graph.ptr))
    return Counter(zip(row.tolist(), graph.rel.tolist(), strict=True))


@given(TRIPLES, st.integers(0, 3))
def test_rewiring_keeps_degrees_names_and_weights(triples, seed):
    graph = KnowledgeGraph.from_triples([(f"n{s}", r, f"n{t}", 1 + s) for s, r, t in triples])
    found = rewire(graph, seed)
    assert degrees(found) == degrees(graph)
    assert [found.key(i) for i in range(found.num_nodes)] == [graph.key(i) for i in range(graph.num_nodes)]
    assert sorted(found.weight.tolist()) == sorted(graph.weight.tolist())
    assert set(edges(found).values()) <= {2}  # once from each end: no loop, no edge twice
    # It is what a build from its own edges gives, so that all that reads graphs may read it.
    again = KnowledgeGraph.from_triples(
        [(*edge, 1.0) for edge in edges(found)], labels={graph.key(i): "" for i in range(graph.num_nodes)}
    )
    assert again.ptr.tolist() == found.ptr.tolist()
    assert again.idx.tolist() == found.idx.tolist()
    assert again.rel.tolist() == found.rel.tolist()


def test_rewiring_is_thorough_and_the_same_each_time():
    random = np.random.default_rng(5)
    triples = {(f"n{a}", f"r{r}", f"n{b}") for a, b, r in random.integers(0, (97, 97, 3), (701, 3)) if a != b}
    graph = KnowledgeGraph.from_triples(sorted(triples))
    found = rewire(graph, 1)
    assert len(edges(found).keys() & edges(graph).keys()) < 0.1 * len(triples)
    assert found.digest == rewire(graph, 1).digest != rewire(graph, 2).digest


def test_a_graph_that_allows_no_swap_stays():
    star = KnowledgeGraph.from_triples([("hub", "IsA", leaf) for leaf in "abcde"])
    assert edges(rewire(star)) == edges(star)


def test_permuted_relations_bear_one_anothers_names(tiny_graph):
    plain = Pairs(CHOICES, tiny_graph, stored=False)
    found = Permuted(plain, seed=3)
    assert len(found) == len(plain)
    for (question, before), (same, after) in zip(plain, found[:], strict=True):
        assert same is question
        assert before is not None
        assert after is not None
        assert after.edge_index.tolist() == before.edge_index.tolist()
        assert sorted(after.relations) == sorted(before.relations)
        count = len(before.relations)
        occurring = set((before.edge_relation % count).tolist())
        assert all(after.relations[code] != before.relations[code] for code in occurring)
    once, again = found[0][1], Permuted(plain, seed=3)[0][1]
    assert once is not None
    assert again is not None
    assert once.relations == again.relations


def test_without_a_graph_there_is_nothing_to_permute():
    assert Permuted(Pairs(CHOICES))[0][1] is None


def test_controls_say_whether_they_need_a_run_of_their_own():
    assert not CONTROLS["rewired@test"].own_run
    assert CONTROLS["rewired@test"].test == CONTROLS["rewired"].train == View("rewired")
    assert CONTROLS["no-direct"].own_run
    with pytest.raises(InputError, match="there is no control 'reversed'"):
        control("reversed")
