from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.config import LIMITS
from kgreason.errors import FormatError
from kgreason.graph import KnowledgeGraph, readers
from kgreason.graph.build import build
from tests.graph.readers.cases import ReaderCase, rows

HEAD = """<?xml version="1.0"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="k0" for="edge" attr.name="relation"><default>IsA</default></key><key id="k1" for="edge" attr.name="weight"/>
<key id="k2" for="node" attr.name="label"/><key id="k3" for="edge" attr.name="kind"/>
<graph edgedefault="directed">
"""
TAIL = "</graph></graphml>\n"
NODES = '<node id="a"><data key="k2">An &lt;A&gt;</data></node><node id="b"/>\n'
EDGES = """<edge source="a" target="b"><data key="k1">2.5</data></edge>
<edge id="e1" source="b" target="a"><data key="k0">AtLocation</data><data key="k3">near</data></edge>
"""


class TestGraphMl(ReaderCase):
    reader = "graphml"
    good = HEAD + NODES + EDGES + TAIL
    expected = (("a", "IsA", "b", 2500), ("b", "AtLocation", "a", 1000))
    bad = (
        ('<!DOCTYPE g [<!ENTITY x "y">]>' + HEAD.partition("?>")[2] + EDGES + TAIL, "document type"),
        (HEAD + NODES + TAIL, "no assertion"),
        (HEAD + EDGES, "no XML"),
        (HEAD + "<edge source='a'/>" + TAIL, "edge from 'a' to None: its target is empty"),
        (HEAD + EDGES.replace("2.5", "heavy") + TAIL, "edge from 'a' to 'b': could not convert"),
        (HEAD + "<hyperedge/>" + TAIL, "it holds a hyperedge"),
        ("<html><graphml/></html>", "its root is html, not graphml"),
        (HEAD + "<graph><node id='x'>" * LIMITS.nesting + "</node></graph>" * LIMITS.nesting + TAIL, "nested deeper"),
    )


def test_labels_come_from_the_nodes(tmp_path):
    path = tmp_path / "a.graphml"
    path.write_text(HEAD + NODES + EDGES + TAIL)
    labels = readers.read(path).labels
    assert labels is not None
    assert labels.rows() == [("a", "An <A>"), ("b", "")]


def test_edge_data_can_be_mapped(tmp_path):
    path = tmp_path / "a.graphml"
    path.write_text(HEAD + EDGES.replace("</edge>", '<data key="k3">far</data></edge>', 1) + TAIL)
    assert [row[1] for row in rows(path, columns={"relation": "kind"})] == ["far", "near"]
    with pytest.raises(FormatError, match="an edge has no data 'colour', only"):
        rows(path, columns={"relation": "colour"})


names = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1, max_size=5
)
named = names.filter(str.strip)


@given(st.lists(st.tuples(named, named, named, st.floats(-9, 9)), min_size=1, max_size=6), st.booleans())
def test_what_networkx_writes_comes_back(tmp_path_factory, edges, directed):
    graph = nx.MultiDiGraph() if directed else nx.MultiGraph()
    for source, relation, target, weight in edges:
        graph.add_edge(source, target, relation=relation, weight=weight)
        graph.nodes[source]["label"] = target
    folder = tmp_path_factory.mktemp("g")
    nx.write_graphml(graph, folder / "a.graphml")
    source = readers.read(folder / "a.graphml")
    made = KnowledgeGraph.open(build(source, folder / "g", labels=source.labels))
    expected = KnowledgeGraph.from_networkx(graph)
    assert {k: v.tobytes() for k, v in made.arrays.to_files().items()} == {
        k: v.tobytes() for k, v in expected.arrays.to_files().items()
    }
