from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.nn import GATv2Conv, GCNConv

from kgreason.errors import ConfigError
from kgreason.nn.gnn import BellmanFord, GraphInput, NodeInput, build_gnn
from tests.cases import NAMES, WIDTH, random_batch, random_state

G = 8
ROWS = 2 * len(NAMES) + 1
BY_NAME = ["bellman-ford", "GATv2Conv", "TransformerConv", "RGCNConv", "GINEConv", "GCNConv", "SAGEConv", "RGATConv"]

TYPED = {"bellman-ford", "GATv2Conv", "TransformerConv", "RGCNConv", "GINEConv", "RGATConv"}


def graph_input(seed: int = 0) -> GraphInput:
    batch = random_batch(seed)
    random = torch.Generator().manual_seed(seed)
    return GraphInput(
        nodes=torch.randn(batch.num_nodes, G, generator=random),
        edge_index=batch.edge_index,
        edge_relation=batch.edge_relation,
        edge_type=batch.edge_relation,
        relation=torch.randn(2 * len(NAMES), G, generator=random),
        words=torch.randn(3, 5, G, generator=random),
        word_mask=torch.tensor([[True] * 5, [True] * 2 + [False] * 3, [True] * 4 + [False]]),
        edge_question=batch.node_question[batch.edge_index[0]],
    )


def made(gnn: Any, **settings: int) -> nn.Module:
    torch.manual_seed(1)
    return build_gnn(gnn, G, relations=ROWS, **settings).eval()


@pytest.mark.parametrize("name", BY_NAME)
def test_every_network_keeps_the_shape_and_trains(name: str):
    graph = graph_input()
    network = made(name)
    states = network(graph)
    assert states.shape == graph.nodes.shape
    states.square().sum().backward()
    gradients = [w.grad for w in network.parameters() if w.grad is not None]
    assert gradients
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("name", BY_NAME)
def test_order_changes_nothing(name: str):
    graph, network = graph_input(), made(name)
    random = torch.Generator().manual_seed(2)
    edges = torch.randperm(len(graph.edge_relation), generator=random)
    nodes = torch.randperm(len(graph.nodes), generator=random)
    moved = replace(
        graph,
        nodes=graph.nodes[nodes],
        edge_index=nodes.argsort()[graph.edge_index[:, edges]],
        edge_relation=graph.edge_relation[edges],
        edge_type=graph.edge_type[edges],
        edge_question=graph.edge_question[edges],
    )
    torch.testing.assert_close(network(moved), network(graph)[nodes], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", BY_NAME)
def test_relations_count_where_the_network_takes_them(name: str):
    graph, network = graph_input(), made(name)
    other = (graph.edge_relation + 2) % (2 * len(NAMES))
    changed = network(replace(graph, edge_relation=other, edge_type=other))
    assert torch.allclose(changed, network(graph)) == (name not in TYPED)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_graph_without_edges(name: str):
    graph = graph_input()
    bare = {field: getattr(graph, field)[:0] for field in ("edge_relation", "edge_type", "edge_question")}
    states = made(name)(replace(graph, edge_index=graph.edge_index[:, :0], **bare))
    assert states.shape == graph.nodes.shape
    assert states.isfinite().all()


def test_one_iteration_as_written_out():
    graph, network = graph_input(), made("bellman-ford", steps=1)
    assert isinstance(network, BellmanFord)
    step: Any = network.steps[0]
    query = network.query
    gathered = torch.zeros_like(graph.nodes)
    for e, (source, target) in enumerate(graph.edge_index.T.tolist()):
        words = graph.words[graph.edge_question[e]][graph.word_mask[graph.edge_question[e]]]
        asked = (words @ query[0]).softmax(-1) @ words
        hidden = step.relation(graph.relation[graph.edge_relation[e]]) + step.question(asked)
        gathered[target] += graph.nodes[source] * step.factor(hidden.relu())
    degree = torch.bincount(graph.edge_index[1], minlength=len(graph.nodes)).clamp(min=1).sqrt()
    update = step.update_states(torch.cat([graph.nodes, gathered / degree.unsqueeze(-1), graph.nodes], -1))
    torch.testing.assert_close(network(graph), graph.nodes + step.norm(update).relu(), atol=1e-5, rtol=1e-5)


def test_messages_come_from_as_far_as_there_are_steps():
    graph = graph_input()
    chain = torch.stack([torch.arange(6), torch.arange(1, 7)])
    none = torch.zeros(6, dtype=torch.int64)
    graph = replace(graph, edge_index=chain, edge_relation=none, edge_type=none, edge_question=none)
    changed = graph.nodes.clone()
    changed[0] += 1
    far = made("bellman-ford", steps=3)
    moved = (far(graph) - far(replace(graph, nodes=changed))).abs().sum(-1) > 1e-6
    assert moved[:7].tolist() == [True] * 4 + [False] * 3


def test_node_input_reads_the_tokens_that_mention_a_node():
    batch = random_batch()
    tokens = random_state(batch).tokens
    assert tokens is not None
    entry = NodeInput(WIDTH, G)
    question = torch.randn(3, G)
    sequence, token, node = batch.token_node[:, 0].tolist()
    moved = tokens.clone()
    moved[sequence, token] += 1
    changed = (entry(batch, moved, question) != entry(batch, tokens, question)).any(-1)
    assert changed.nonzero().flatten().tolist() == [node]


def test_a_convolution_of_ones_own():
    graph = graph_input()
    ready = GATv2Conv(G, G, edge_dim=G)
    assert made(ready)(graph).shape == graph.nodes.shape
    assert made(GCNConv, steps=2)(graph).shape == graph.nodes.shape
    untyped = made(GATv2Conv(G, G))  # without edge_dim it takes no relation
    other = (graph.edge_relation + 2) % (2 * len(NAMES))
    assert torch.equal(untyped(graph), untyped(replace(graph, edge_relation=other)))

    class Mean(nn.Module):
        def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
            return x.mean(0, keepdim=True).expand_as(x)

    assert made(Mean())(graph).shape == graph.nodes.shape


@pytest.mark.parametrize(
    ("gnn", "message"),
    [
        ("GATv3Conv", "gnn is 'GATv3Conv'"),
        ("MessagePassing", "gnn is 'MessagePassing'"),
        ("__name__", "gnn is '__name__'"),
        ("ChebConv", "its argument K"),
        ("PointNetConv", "PointNetConv cannot be used"),
        (GCNConv(G, G + 1), r"GCNConv cannot be used: it turned states \(2, 8\) into \(2, 9\)"),
        (GCNConv(G + 1, G), "GCNConv cannot be used"),
        (nn.Linear(G, G), "Linear cannot be used"),
    ],
)
def test_what_does_not_fit_is_named(gnn: Any, message: str):
    with pytest.raises(ConfigError, match=message):
        build_gnn(gnn, G, relations=ROWS)


def test_a_convolution_with_weights_by_relation_needs_their_names():
    with pytest.raises(ConfigError, match="RGCNConv has weights for each relation"):
        build_gnn("RGCNConv", G)


def test_heads_must_divide_the_width():
    with pytest.raises(ConfigError, match="heads is 3"):
        build_gnn("GATv2Conv", G, heads=3)


def test_a_trial_run_leaves_no_trace():
    conv = nn.BatchNorm1d(G)

    class Normed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = conv

        def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
            normed: Tensor = self.norm(x)
            return normed

    build_gnn(Normed(), G)
    assert conv.training
    assert conv.num_batches_tracked == 0
