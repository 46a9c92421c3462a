from __future__ import annotations

import json
import subprocess
import sys
import time

import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import given

from kgreason.errors import GraphImageError, InputError
from kgreason.graph import KnowledgeGraph
from kgreason.graph.build import build
from kgreason.graph.schema import is_negated, negate
from tests.graph.strategies import triples


@given(triples)
def test_edges_are_those_of_a_multigraph(rows):
    """The graph read edge by edge equals a networkx multigraph filled triple by triple."""
    graph = KnowledgeGraph.from_triples(rows)
    plain = nx.MultiDiGraph()
    for s, r, t, w in rows:
        name = negate(r) if w < 0 else r
        plain.add_nodes_from([s, t])
        if s != t:
            both = graph.symmetric[graph.relations.index(name)]
            s, t = sorted((s, t), key=str.encode) if both else (s, t)
            old = plain.get_edge_data(s, t, name, {"weight": 0.0})["weight"]
            plain.add_edge(s, t, name, weight=old + abs(w))
    assert graph.num_nodes == plain.number_of_nodes()
    assert graph.num_edges == 2 * plain.number_of_edges()
    for node in range(graph.num_nodes):
        found = {(edge.source, edge.target, edge.relation): edge.weight for edge in graph.neighbors(node)}
        key = graph.key(node)
        around = [*plain.in_edges(key, keys=True, data="weight"), *plain.out_edges(key, keys=True, data="weight")]
        assert graph.degree(node) == plain.degree(key) == len(found)
        assert found == {edge[:3]: pytest.approx(min(edge[3], 65504), rel=1e-3) for edge in around}
    assert graph.find("nowhere") is None
    assert [graph.find(graph.key(node)) for node in range(graph.num_nodes)] == list(range(graph.num_nodes))


@given(triples)
def test_networkx_graphs_come_in_as_they_are(rows):
    plain = nx.MultiDiGraph()
    for s, r, t, w in rows:
        plain.add_edge(s, t, relation=r, weight=w)
    graph = KnowledgeGraph.from_networkx(plain)
    assert graph.digest == KnowledgeGraph.from_triples(rows).digest


def test_other_kinds_of_networkx_graphs():
    plain = nx.Graph([(1, 2), (2, 3)])
    plain.add_node("lone", label="Lone one")
    graph = KnowledgeGraph.from_networkx(plain)
    assert graph.relations == ("RelatedTo",)
    assert graph.label(graph.resolve("lone")) == "Lone one"
    assert graph.degree(graph.resolve("2")) == 2
    named = nx.MultiGraph([("a", "b", "knows"), ("a", "b", "likes")])
    assert KnowledgeGraph.from_networkx(named).relations == ("knows", "likes")
    assert KnowledgeGraph.from_networkx(plain, default="IsA").relations == ("IsA",)


def test_neighbors_by_relation_weight_and_limit(tiny_graph):
    node = tiny_graph.resolve("Penguin")
    edges = tiny_graph.neighbors(node)
    assert [edge.weight for edge in edges] == sorted((edge.weight for edge in edges), reverse=True)
    assert tiny_graph.neighbors(node, limit=2) == edges[:2]
    places = tiny_graph.neighbors(node, "AtLocation")
    assert [(edge.source, edge.target) for edge in places] == [("penguin", "antarctica"), ("penguin", "zoo")]
    assert tiny_graph.neighbors(tiny_graph.resolve("zoo"), "AtLocation")[0].source == "penguin"
    assert str(places[1]) == "penguin is found at zoo"
    with pytest.raises(InputError, match=r"no relation 'At'.*Choose one of Antonym, AtLocation"):
        tiny_graph.neighbors(node, "At")


def test_negated_relations_are_marked(tiny_graph):
    marked = [name for name, no in zip(tiny_graph.relations, tiny_graph.is_negated, strict=True) if no]
    assert marked == ["NotCapableOf", "NotHasA"] == [name for name in tiny_graph.relations if is_negated(name)]


def test_names_resolve_by_key_then_form(tiny_graph):
    assert tiny_graph.key(tiny_graph.resolve(" BAKE  bread ")) == "bake bread"
    assert tiny_graph.lookup("Zoo") == [(tiny_graph.find("zoo"), 1.0)]
    with pytest.raises(InputError, match="no concept 'unicorn'"):
        tiny_graph.resolve("unicorn")
    for outside in (-1, tiny_graph.num_nodes):
        with pytest.raises(IndexError):
            tiny_graph.label(outside)


@pytest.mark.parametrize(
    "triple",
    [("a", "b"), ("a", "b", "c", 1, 2), ("a", 1, "c"), ("a", "", "c"), ("", "r", "c"), ("a", "r", "c", "x")]
    + [("a", "r", "c", weight) for weight in (float("nan"), float("inf"), 1e7, None)]
    + [("a", "r", "\ud800")],
)
def test_what_is_no_triple(triple):
    with pytest.raises(InputError):
        KnowledgeGraph.from_triples([triple])


def test_an_empty_graph_answers():
    graph = KnowledgeGraph.from_triples([])
    assert (graph.num_nodes, graph.num_edges, graph.relations) == (0, 0, ())
    assert graph.lookup("x") == []
    assert graph.find("x") is None
    assert json.loads(json.dumps(graph.info()))["degree"]["max"] == 0


def test_info_counts_what_is_there(tiny_graph):
    info = json.loads(json.dumps(tiny_graph.info()))
    assert info["edges"] == 31 == sum(info["relations"].values())
    assert info["relations"]["Antonym"] == 1
    assert info["degree"]["mean"] == pytest.approx(62 / tiny_graph.num_nodes)
    assert "nodes=23, edges=31" in repr(tiny_graph)


def test_nothing_can_be_changed(tiny_graph):
    for name in ("ptr", "idx", "rel", "weight"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(tiny_graph, name)[0] = 0


def test_an_opened_image_equals_the_graph_in_memory(tmp_path):
    rows = [("a", "IsA", "b", 1000), ("b", "Antonym", "a", -2500), ("b", "made of", "猫", 7)]
    table = pl.DataFrame(rows, schema=["source", "relation", "target", "weight"], orient="row")
    version = build(table, tmp_path)
    memory = KnowledgeGraph.from_triples([(s, r, t, w / 1000) for s, r, t, w in rows])
    for source in (tmp_path, str(tmp_path), version):
        graph = KnowledgeGraph.open(source)
        assert graph.path == version
        assert graph.digest == version.name.removeprefix("v-") == graph.manifest["digest"]
        assert graph.relations == memory.relations
        mine, theirs = graph.arrays.to_files(), memory.arrays.to_files()
        assert all(np.array_equal(mine[name], theirs[name]) for name in mine)
        assert not any(array.flags.writeable for array in mine.values())
    assert graph.column("text") is None


def test_what_is_no_image(tmp_path):
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(GraphImageError, match="no graph"):
            KnowledgeGraph.open(path)


def test_opening_imports_no_builder(tmp_path):
    """The ask path must not pay for libraries that only building needs."""
    build(pl.DataFrame({"source": ["a"], "relation": ["IsA"], "target": ["b"]}), tmp_path)
    code = (
        "import sys; from kgreason.graph import KnowledgeGraph\n"
        "graph = KnowledgeGraph.open(sys.argv[1]); graph.find('a'), graph.neighbors(0), graph.info()\n"
        "print({'polars', 'pyarrow', 'torch', 'numba'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"


@pytest.mark.slow
def test_the_default_graph_opens_within_20_ms(default_graph):
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        KnowledgeGraph.open(default_graph.path)
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.02
