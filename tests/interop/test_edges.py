from __future__ import annotations

from hypothesis import given

from kgreason.interop.edges import edges_of, named_edges, names_of
from tests.interop.strategies import edges, labelled


@given(edges)
def test_every_edge_is_there_once(rows):
    graph = labelled(rows)
    keys, labels = names_of(graph)
    assert (keys, labels) == tuple([name(i) for i in range(graph.num_nodes)] for name in (graph.key, graph.label))
    found = {edge[:3]: edge[3] for edge in named_edges(graph, keys)}
    stated = {(e.source, e.relation, e.target): e.weight for n in range(graph.num_nodes) for e in graph.neighbors(n)}
    assert found.keys() == stated.keys()
    assert len(edges_of(graph).source) == len(found) == graph.num_edges // 2
