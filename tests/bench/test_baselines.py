from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kgreason.bench.baselines import (
    CONTEXT_CODES,
    GraphSoftCounter,
    PlainRelationalAttention,
    RelationalAttention,
    RelationalGNN,
    option_graphs,
)
from kgreason.nn.batch import GraphBatch
from kgreason.nn.gnn import Convolutions, build_gnn
from tests.cases import NAMES, random_batch, relation_names

RELATIONS = 5
Array = np.ndarray


def graph(nodes: int = 23, edges: int = 101, seed: int = 0) -> dict[str, Tensor]:
    random = torch.Generator().manual_seed(seed)

    def draw(high: int, *shape: int) -> Tensor:
        return torch.randint(high, shape, generator=random)

    return {
        "x": torch.randn(nodes, 12, generator=random, dtype=torch.float64),
        "edge_index": draw(nodes, 2, edges),
        "edge_type": draw(RELATIONS, edges),
        "node_type": draw(4, nodes),
        "score": torch.randn(nodes, generator=random, dtype=torch.float64),
    }


def woken(module: torch.nn.Module) -> torch.nn.Module:
    torch.manual_seed(1)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return module.double()


def pair(layers: int = 3) -> tuple[RelationalGNN, RelationalGNN]:
    plain = RelationalGNN(RELATIONS, 12, layers, layer=PlainRelationalAttention, dropout=0.0)
    factored = RelationalGNN(RELATIONS, 12, layers, dropout=0.0)
    woken(plain)
    factored.double().load_state_dict(plain.state_dict())
    return plain, factored


@pytest.mark.parametrize("training", [True, False])
def test_the_factored_form_equals_the_plain_one(training):
    plain, factored = (model.train(training) for model in pair())
    for seed in range(3):
        given = graph(seed=seed)
        one, other = plain(**given), factored(**given)
        torch.testing.assert_close(other, one, atol=1e-5, rtol=1e-5)
        for a, b in zip(gradients(one, plain), gradients(other, factored), strict=True):
            torch.testing.assert_close(b, a, atol=1e-5, rtol=1e-5)
    for (name, a), b in zip(plain.named_buffers(), factored.buffers(), strict=True):
        torch.testing.assert_close(b, a, msg=name)


def gradients(out: Tensor, model: RelationalGNN) -> tuple[Tensor, ...]:
    return torch.autograd.grad((out * torch.arange(out.numel()).view_as(out).sin()).sum(), list(model.parameters()))


def affine(linear: Any, x: Array) -> Array:
    found: Array = linear.weight.detach().numpy() @ x + linear.bias.detach().numpy()
    return found


def normal(norm: Any, x: Array) -> Array:
    mean, variance = norm.running_mean.numpy(), norm.running_var.numpy()
    scale = norm.weight.detach().numpy() / np.sqrt(variance + norm.eps)
    found: Array = (x - mean) * scale + norm.bias.detach().numpy()
    return found


def naive_layer(layer: RelationalAttention, given: dict[str, Tensor], extra: Array) -> Array:
    """QA-GNN's layer, edge by edge."""
    x = np.concatenate([given["x"].numpy(), extra], 1)
    types = given["node_type"].tolist()
    edges = [*zip(*given["edge_index"].tolist(), given["edge_type"].tolist(), strict=True)]
    edges += [(i, i, RELATIONS) for i in range(len(x))]
    width, encoder = layer.query.out_features, layer.encoder
    head = width // layer.heads
    scores, messages = [], []
    for s, t, r in edges:
        one_hot = np.zeros(RELATIONS + 1 + 8)
        one_hot[[r, RELATIONS + 1 + types[s], RELATIONS + 5 + types[t]]] = 1
        edge = affine(encoder.second, np.maximum(normal(encoder.norm, affine(encoder.first, one_hot)), 0))
        key = affine(layer.key, np.concatenate([x[t], edge]))
        query = affine(layer.query, x[s]) / math.sqrt(head)
        messages.append(affine(layer.message, np.concatenate([x[s], edge])))
        scores.append([query[h * head : (h + 1) * head] @ key[h * head : (h + 1) * head] for h in range(layer.heads)])
    gathered = np.zeros((len(x), width))
    for e, (s, t, _) in enumerate(edges):
        leaving = [scores[k] for k, edge in enumerate(edges) if edge[0] == s]
        for h in range(layer.heads):
            share = math.exp(scores[e][h]) / sum(math.exp(each[h]) for each in leaving) * len(leaving)
            gathered[t, h * head : (h + 1) * head] += share * messages[e][h * head : (h + 1) * head]
    first, norm, _, second = layer.update
    return np.stack([affine(second, np.maximum(normal(norm, affine(first, row)), 0)) for row in gathered])


def test_a_layer_against_a_loop():
    given = graph(11, 29)
    extra = torch.randn(11, 12, dtype=torch.float64)
    layer = RelationalAttention(12, 12, RELATIONS, types=4, extra=12)
    woken(layer).eval()
    for name, buffer in layer.named_buffers():
        buffer += 0.3 if name.endswith(("mean", "var")) else 0
    found = layer(given["x"], given["edge_index"], given["edge_type"], given["node_type"], extra)
    np.testing.assert_allclose(found.detach().numpy(), naive_layer(layer, given, extra.numpy()), atol=1e-9)


def test_the_layer_stands_in_for_a_pyg_convolution():
    made = build_gnn(RelationalAttention, 8, steps=2, relations=7)
    assert isinstance(made, Convolutions)


def naive_options(batch: GraphBatch) -> list[dict[int, int]]:
    """Type of each node of each option's graph."""
    found = []
    for o, b in enumerate(batch.option_question.tolist()):
        nodes = [n for n, of in enumerate(batch.node_question.tolist()) if of == b]
        own = {n for option, n in batch.option_node.T.tolist() if option == o}
        kind = {n: 1 if n in own else 0 if int(batch.node_role[n]) & 1 else 2 for n in nodes}
        ends = batch.edge_index.T.tolist()
        for n in nodes:
            near = {s for s, t in ends if t == n and kind.get(s) in (0, 1)}
            if kind[n] == 2 and len(near) < 2:
                kind[n] = -1
        found.append({n: k for n, k in kind.items() if k >= 0})
    return found


def naive_counts(counter: GraphSoftCounter, batch: GraphBatch, code: list[int]) -> list[float]:
    """Two rounds of s_v ← Σ (s_u + w_e), option by option."""
    weight, scores = counter.table().detach().numpy(), []
    for kind in naive_options(batch):
        kind = {**kind, -1: 3}
        edges = [(s, t, code[e]) for e, (s, t) in enumerate(batch.edge_index.T.tolist()) if s in kind and t in kind]
        for n, k in kind.items():
            if k < 2:
                edges += [(-1, n, counter.codes + 2 * k), (n, -1, counter.codes + 2 * k + 1)]
        count = dict.fromkeys(kind, 0.0)
        for _ in range(2):
            moved = dict.fromkeys(kind, 0.0)
            for s, t, c in edges:
                moved[t] += count[s] + weight[c, kind[s], kind[t]]
            count = moved
        scores.append(count[-1])
    return scores


@pytest.mark.parametrize("sizes", [(5, 0, 7), (11,), (3, 13)])
def test_the_soft_counter_against_a_loop(sizes):
    batch = random_batch(nodes=sizes, options=(3, 2, 4)[: len(sizes)])
    counter = GraphSoftCounter(NAMES[:2])
    woken(counter)
    known = batch.known_codes(counter.relations, relation_names())[batch.edge_relation]
    code = [c if c >= 0 else counter.codes - 1 for c in known.tolist()]
    expected = counter.regulator(torch.tensor(naive_counts(counter, batch, code)).unsqueeze(-1)).squeeze(-1)
    found = counter(batch, relation_names())
    assert found.option.tolist() == list(range(batch.num_options))
    torch.testing.assert_close(found.value, expected, atol=1e-9, rtol=1e-9)


def test_the_graph_of_an_option():
    batch = random_batch(nodes=(7, 11), options=(3, 2))
    found = option_graphs(batch, batch.edge_relation, 100)
    sizes = [len(kind) for kind in naive_options(batch)]
    assert len(found.type) == sum(sizes) + batch.num_options
    assert found.node[found.context].tolist() == [-1] * batch.num_options
    assert int(found.code.max()) < 100 + CONTEXT_CODES
    assert sorted(found.node[found.type < 3].tolist()) == sorted(n for kind in naive_options(batch) for n in kind)


def test_a_table_of_the_counter_is_its_network_on_one_hot_edges():
    counter = GraphSoftCounter(NAMES)
    woken(counter)
    hidden = counter.relation.weight[:, 3] + counter.relation.bias
    hidden = hidden + counter.source.weight[:, 1] + counter.target.weight[:, 2]
    torch.testing.assert_close(counter.table()[3, 1, 2], counter.edge(hidden)[0])
