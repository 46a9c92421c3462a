from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given

from kgreason.errors import FormatError, InputError
from kgreason.graph import KnowledgeGraph
from kgreason.interop.files import read
from kgreason.interop.multigraph import to_networkx, write_graphml
from tests.interop.strategies import edges, labelled


@given(edges)
def test_networkx_graphs_come_back(rows):
    graph = labelled(rows)
    made = to_networkx(graph)
    assert (made.number_of_nodes(), made.number_of_edges()) == (graph.num_nodes, graph.num_edges // 2)
    assert KnowledgeGraph.from_networkx(made).digest == graph.digest


@given(edges)
def test_graphml_comes_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("a") / "a.graphml"
    graph = labelled(rows)
    write_graphml(graph, path)
    assert read(path).digest == graph.digest
    ids = [key for _, _, key in nx.read_graphml(path, force_multigraph=True).edges(keys=True)]
    assert len(set(ids)) == len(ids)


def test_a_name_that_xml_cannot_hold_is_named(tmp_path):
    for name in ("a\x01", "a\r", "￿"):
        with pytest.raises(InputError, match="GraphML cannot hold the name"):
            write_graphml(KnowledgeGraph.from_triples([(name, "IsA", "b")]), tmp_path / "a.graphml")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b'<!DOCTYPE g [<!ENTITY a "aaaa">]><graphml>&a;</graphml>', "document type"),
        (b"<graphml>", "no XML"),
        (b"<graphml></graphml>", "no GraphML"),
        (b"", "no XML"),
        ('<?xml version="1.0" encoding="utf-16"?><!DOCTYPE g><g/>'.encode("utf-16"), "not UTF-8"),
    ],
)
def test_what_is_no_graphml(tmp_path, text, says):
    path = tmp_path / "a.graphml"
    path.write_bytes(text)
    with pytest.raises(FormatError, match=says):
        read(path)
