from __future__ import annotations

import math

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.graph.walk import path_between
from tests.graph.strategies import NAMES, triples


def undirected(graph, negated):
    """The walkable edges as networkx sees them."""
    plain = nx.Graph()
    plain.add_nodes_from(range(graph.num_nodes))
    for node in range(graph.num_nodes):
        for entry in range(graph.ptr[node], graph.ptr[node + 1]):
            if negated or not graph.is_negated[graph.rel[entry] % len(graph.relations)]:
                weight = max(float(graph.weight[entry]), plain.get_edge_data(node, graph.idx[entry], {"w": 0.0})["w"])
                plain.add_edge(node, int(graph.idx[entry]), w=weight)
    return plain


def nodes_of(graph, path, start):
    nodes = [start]
    for edge in path.edges:
        ends = [graph.find(edge.source), graph.find(edge.target)]
        assert nodes[-1] in ends
        nodes.append(ends[1 - ends.index(nodes[-1])])
    return nodes


@given(triples, st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(1, 4), st.booleans())
def test_paths_are_those_of_networkx(rows, first, last, max_hops, negated):
    graph = KnowledgeGraph.from_triples(rows, labels=dict.fromkeys(NAMES, ""))
    start, end = graph.resolve(first), graph.resolve(last)
    plain = undirected(graph, negated)
    found = path_between(graph, start, end, max_hops=max_hops, limit=1000, negated=negated)
    expected = (
        [] if start == end or not nx.has_path(plain, start, end) else list(nx.all_shortest_paths(plain, start, end))
    )
    expected = [path for path in expected if len(path) - 1 <= max_hops]
    assert sorted(nodes_of(graph, path, start) for path in found) == sorted(expected)
    for path in found:
        nodes = nodes_of(graph, path, start)
        value = math.prod(plain.edges[pair]["w"] for pair in nx.utils.pairwise(nodes))
        value /= math.sqrt(math.prod(graph.degree(node) for node in nodes[1:-1]))
        assert path.contribution == pytest.approx(value)
    assert [path.contribution for path in found] == sorted((path.contribution for path in found), reverse=True)
    assert path_between(graph, start, end, max_hops=max_hops, limit=2, negated=negated) == found[:2]


def test_a_node_outside_the_graph(tiny_graph):
    with pytest.raises(InputError, match="no node 23"):
        path_between(tiny_graph, 0, tiny_graph.num_nodes)


def test_paths_read_as_sentences(tiny_graph):
    ends = tiny_graph.resolve("oven"), tiny_graph.resolve("cold")
    assert str(path_between(tiny_graph, *ends)[0]) == "oven is hot; cold is the opposite of hot"
