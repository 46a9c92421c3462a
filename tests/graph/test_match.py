from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.graph.match import named_nodes
from tests.graph.strategies import NAMES, RELATIONS, triples

GRAPH = KnowledgeGraph.from_triples(
    [
        ("/c/en/dog", "IsA", "/c/en/animal", 3),
        ("/c/en/dog/n/wn/animal", "IsA", "/c/en/canine"),
        ("/c/en/dogma", "IsA", "/c/en/belief"),
        ("/c/en/cat", "Antonym", "/c/en/dog", 2),
        ("dog", "AtLocation", "kennel"),
        ("M*", "RelatedTo", "kennel"),
    ]
)
patterns = st.sampled_from([None, *NAMES, "z*", "/c/en/*", "*", "a*"])


def fits(graph, key, pattern):
    if pattern is None or pattern.endswith("*"):
        return key.startswith((pattern or "*")[:-1])
    below = pattern.startswith("/c/") and key.startswith(f"{pattern}/")
    exact = key == pattern or below
    return exact if graph.find(pattern) is not None else key == graph.key(graph.resolve(pattern))


@given(triples, st.lists(patterns, min_size=4, max_size=4), st.sampled_from([None, *RELATIONS]), st.integers(0, 3))
def test_what_fits_is_what_a_walk_over_all_edges_finds(rows, ends, relation, cut):
    graph = KnowledgeGraph.from_triples(rows)
    try:
        for end in ends:
            named_nodes(graph, end or "*")
    except InputError:
        return
    if relation is not None and relation not in graph.relations:
        return
    edges = {edge for node in range(graph.num_nodes) for edge in graph.neighbors(node, relation)}
    source, target, node, other = ends

    def wanted(edge):
        both = graph.symmetric[graph.relations.index(edge.relation)]
        pairs = [(edge.source, edge.target), (edge.target, edge.source)]
        along = any(fits(graph, a, source) and fits(graph, b, target) for a, b in pairs[: 2 if both else 1])
        return along and any(fits(graph, a, node) and fits(graph, b, other) for a, b in pairs)

    found = graph.match(source, relation, target, node=node, other=other)
    assert set(found) == {edge for edge in edges if wanted(edge)}
    assert len(set(found)) == len(found)
    assert [edge.weight for edge in found] == sorted((edge.weight for edge in found), reverse=True)
    assert graph.match(source, relation, target, node=node, other=other, offset=cut, limit=2) == found[cut : cut + 2]


@pytest.mark.parametrize(
    ("pattern", "keys"),
    [
        ("/c/en/dog", {"/c/en/dog", "/c/en/dog/n/wn/animal"}),
        ("/c/en/dog*", {"/c/en/dog", "/c/en/dog/n/wn/animal", "/c/en/dogma"}),
        ("/c/en/dog/n", {"/c/en/dog/n/wn/animal"}),
        ("/c/en/cat/n/wn/animal", {"/c/en/cat"}),
        ("/c/de/kennel/n", {"kennel"}),
        ("M*", {"M*"}),
        ("Kennel", {"kennel"}),
        ("nothing*", set()),
    ],
)
def test_what_a_pattern_names(pattern, keys):
    assert {GRAPH.key(node) for node in named_nodes(GRAPH, pattern)} == keys


def test_senses_fold_into_their_term():
    plain = KnowledgeGraph.from_triples([("dog", "IsA", "pet"), ("/c/fr/chat", "IsA", "pet")])
    assert plain.key(plain.resolve("/c/en/dog/n/wn/animal")) == "dog"
    for unknown in ("/c/en/chat/n", "/c/", "/c/en/", "/c/en/bird/n/wn/animal"):
        with pytest.raises(InputError, match="no concept"):
            plain.resolve(unknown)


def test_conceptnets_look_ups():
    assert [edge.target for edge in GRAPH.match("/c/en/dog", "/r/IsA")] == ["/c/en/animal", "/c/en/canine"]
    around = GRAPH.match(node="/c/en/dog")
    assert [edge.weight for edge in around] == [3, 2, 1]
    assert GRAPH.match(node="/c/en/dog", other="/c/en/cat") == (around[1],) == GRAPH.match("/c/en/dog", "Antonym")
    assert GRAPH.match(node="/c/en/dog", offset=1, limit=1) == around[1:2]
    assert GRAPH.match(limit=0) == GRAPH.match("/c/en/dog", target="kennel") == ()
    assert len(GRAPH.match()) == 6


def test_what_cannot_be_matched():
    for wrong in ({"source": "unicorn"}, {"relation": "isa"}, {"limit": -1}, {"offset": -1}):
        with pytest.raises(InputError):
            GRAPH.match(**wrong)
    empty = KnowledgeGraph.from_triples([])
    assert empty.match() == empty.match("a*") == ()
