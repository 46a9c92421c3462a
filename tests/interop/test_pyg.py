from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from torch_geometric.data import Data, HeteroData

from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.interop.pyg import from_pyg, to_heterogeneous, to_pyg
from tests.interop.strategies import edges, labelled


@settings(max_examples=13)
@given(edges)
def test_pyg_graphs_come_back(rows):
    graph = labelled(rows)
    data, typed = to_pyg(graph), to_heterogeneous(graph)
    assert data.validate()
    assert data.num_edges == typed.num_edges == graph.num_edges // 2
    assert from_pyg(data).digest == from_pyg(typed).digest == graph.digest


def test_shapes_are_those_of_the_docstring(tiny_graph):
    data = to_pyg(tiny_graph)
    assert (data.edge_index.shape, data.edge_index.dtype) == ((2, 31), torch.int64)
    assert (data.edge_type.max(), data.edge_weight.dtype) == (len(tiny_graph.relations) - 1, torch.float32)
    assert data.node_key[data.edge_index[0, 0]] == tiny_graph.key(int(data.edge_index[0, 0]))
    typed = to_heterogeneous(tiny_graph)
    assert [relation for _, relation, _ in typed.edge_types] == list(tiny_graph.relations)


def test_a_node_column_becomes_x(tiny_graph):
    column = np.arange(tiny_graph.num_nodes, dtype=np.int8)[:, None]
    graph = KnowledgeGraph(tiny_graph.arrays, columns={"text": column})
    assert to_pyg(graph, column="text").x.flatten().tolist() == list(range(graph.num_nodes))
    with pytest.raises(InputError, match="no node column 'x'"):
        to_pyg(graph, column="x")


def test_graphs_of_other_makes():
    ends = torch.tensor([[0, 1], [1, 2]])
    plain = from_pyg(Data(edge_index=ends, num_nodes=5))
    assert (plain.relations, plain.num_nodes, plain.key(0)) == (("RelatedTo",), 5, "1")
    assert from_pyg(Data(edge_index=ends, edge_type=torch.tensor([0, 4]))).relations == ("relation_0", "relation_4")
    typed = HeteroData()
    typed["film"].num_nodes, typed["person"].num_nodes = 2, 3
    typed["film", "starred", "person"].edge_index = ends[:, :1]
    graph = from_pyg(typed)
    assert graph.num_nodes == 5
    assert [(edge.source, edge.relation, edge.target) for edge in graph.match()] == [("film/0", "starred", "person/1")]


@pytest.mark.parametrize(
    "data",
    [
        Data(num_nodes=1),
        Data(edge_index=torch.tensor([[0], [7]]), num_nodes=2),
        Data(edge_index=torch.tensor([[0], [-1]]), num_nodes=2),
        Data(edge_index=torch.tensor([[0], [1]]), node_key=["a"], num_nodes=2),
        Data(edge_index=torch.tensor([[0], [1]]), edge_type=torch.tensor([1]), relation=["r"], num_nodes=2),
        Data(edge_index=torch.tensor([[0], [1]]), edge_weight=torch.ones(2), num_nodes=2),
    ],
    ids=str,
)
def test_what_does_not_fit_together(data):
    with pytest.raises(InputError):
        from_pyg(data)
