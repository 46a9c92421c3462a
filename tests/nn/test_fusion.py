from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from kgreason.errors import ConfigError
from kgreason.nn.batch import GraphBatch
from kgreason.nn.fusion import GatedCrossAttention
from tests.cases import WIDTH, random_batch, random_state, without_graph

GRAPH_WIDTH = 8


def block(alpha: float) -> GatedCrossAttention:
    torch.manual_seed(5)
    made = GatedCrossAttention(WIDTH, GRAPH_WIDTH, heads=2)
    with torch.no_grad():
        made.tokens.alpha.fill_(alpha)
        made.nodes.alpha.fill_(alpha)
    return made


def states(batch: GraphBatch) -> tuple[Tensor, Tensor]:
    tokens = random_state(batch).tokens
    assert tokens is not None
    return tokens, torch.randn(batch.num_nodes, GRAPH_WIDTH, generator=torch.Generator().manual_seed(3))


def test_a_closed_gate_changes_no_bit():
    batch = random_batch()
    tokens, nodes = states(batch)
    fused, read = block(0.0)(tokens, nodes, batch)
    assert torch.equal(fused, tokens)
    assert torch.equal(read, nodes)


def test_an_open_gate_changes_all_real_tokens_and_no_padding():
    batch = random_batch()
    tokens, nodes = states(batch)
    fused, read = block(1.0)(tokens, nodes, batch)
    real = batch.attention_mask[batch.sequence_text].bool()
    assert (fused != tokens).any(-1).equal(real)
    assert (read != nodes).any(-1).all()


@pytest.mark.parametrize("nodes", [(7, 0, 11), (0, 5, 0)])
def test_a_question_without_nodes_keeps_every_bit(nodes: tuple[int, ...]):
    batch = random_batch(nodes=nodes)
    tokens, node_states = states(batch)
    fused, _ = block(1.0)(tokens, node_states, batch)
    for q, size in enumerate(nodes):
        rows = batch.sequence_question == q
        assert torch.equal(fused[rows], tokens[rows]) == (size == 0)
    bare = without_graph(batch)
    assert torch.equal(block(1.0)(tokens, node_states[:0], bare)[0], tokens)


def test_attention_as_written_out():
    """Against the equation, for one sequence and one head at a time."""
    batch = random_batch(nodes=(3, 5, 2))
    tokens, nodes = states(batch)
    made = block(0.7)
    fused, read = made(tokens, nodes, batch)

    def attend(reader: Any, states: Tensor, source: Tensor) -> Tensor:
        heads = reader.heads
        q = reader.query(reader.norm(states)).chunk(heads, -1)
        k, v = (layer(reader.source_norm(source)).chunk(heads, -1) for layer in (reader.key, reader.value))
        parts = [(q[h] @ k[h].T / q[h].shape[-1] ** 0.5).softmax(-1) @ v[h] for h in range(heads)]
        return states + torch.tanh(torch.tensor(0.7)) * reader.out(torch.cat(parts, -1))

    real = batch.attention_mask.bool()
    for s, q in enumerate(batch.sequence_question.tolist()):
        expected = attend(made.tokens, tokens[s], nodes[batch.node_question == q])
        torch.testing.assert_close(fused[s][real[s]], expected[real[s]], atol=1e-5, rtol=1e-5)
    for q in range(3):
        rows = batch.node_question == q
        expected = attend(made.nodes, nodes[rows], tokens[q][real[q]])
        torch.testing.assert_close(read[rows], expected, atol=1e-5, rtol=1e-5)


def test_a_question_without_nodes_has_finite_gradients():
    batch = random_batch(nodes=(7, 0, 11))
    tokens, nodes = (state.requires_grad_() for state in states(batch))
    made = block(1.0)
    fused, read = made(tokens, nodes, batch)
    (fused.square().sum() + read.square().sum()).backward()
    leaves = [tokens, nodes, *made.parameters()]
    assert all(leaf.grad is not None and leaf.grad.isfinite().all() for leaf in leaves)


def test_a_closed_gate_can_open():
    batch = random_batch()
    made = block(0.0)
    made(*states(batch), batch)[0].square().sum().backward()
    assert made.tokens.alpha.grad is not None
    assert made.tokens.alpha.grad != 0


@pytest.mark.parametrize("heads", [0, 3, -2])
def test_heads_must_divide_the_width(heads: int):
    with pytest.raises(ConfigError, match=f"heads is {heads}"):
        GatedCrossAttention(WIDTH, GRAPH_WIDTH, heads)
