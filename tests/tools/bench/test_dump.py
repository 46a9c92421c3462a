from __future__ import annotations

from kgreason.graph import KnowledgeGraph, readers
from kgreason.graph.build import build
from tools.bench import dump


def test_names_are_distinct_and_the_same_every_time():
    names = dump.labels(2003)
    assert len(set(names)) == 2003
    assert names == dump.labels(2003)
    assert {len(name.split()) for name in names} == {1, 2, 3, 4}
    assert len({dump._word(i) for i in range(20_011)}) == 20_011


def test_it_writes_a_graph_in_the_shape_of_conceptnet(tmp_path):
    path = tmp_path / "dump.tsv"
    dump.write(path, 1009, 401)
    assert readers.sniff(path) == "conceptnet5"
    graph = KnowledgeGraph.open(build(readers.read(path), tmp_path / "graph"))
    assert graph.num_nodes == 401
    assert graph.num_edges == 2 * 1009
    assert {"RelatedTo", "IsA"} <= set(graph.relations)
    degrees = graph.ptr[1:] - graph.ptr[:-1]
    assert degrees.max() > 4 * degrees.mean()
    assert degrees.min() > 0
