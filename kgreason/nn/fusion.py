"""Gated cross-attention between a question's tokens and the nodes of its subgraph."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from kgreason.errors import ConfigError
from kgreason.nn.batch import GraphBatch
from kgreason.nn.ragged import question_tokens, rank_within, to_dense

__all__ = ["GatedCrossAttention"]


class GatedCrossAttention(nn.Module):
    """Tokens read the nodes of their question, nodes the tokens of their question's own sequences.

    Both are ``h + tanh(α)·Attn(h)`` with α = 0 at the start (Flamingo, Alayrac et al. 2022, §2.1 and figure 4), so that
    an untrained block changes no bit of the text. Unlike there, blocks stand after the text model and not between its
    layers, attention runs both ways and in the graph's width, and no gated feed-forward follows: the text model's
    inside stays untouched, and a block costs little.

    Args:
        width: of the token states (d).
        graph_width: of the node states (g); attention runs in this width.
        heads: attention heads, a divisor of ``graph_width``.

    Raises:
        ConfigError: if ``heads`` does not divide ``graph_width``.
    """

    def __init__(self, width: int, graph_width: int, heads: int = 4) -> None:
        super().__init__()
        if heads < 1 or graph_width % heads:
            raise ConfigError(
                f"heads is {heads}, graph_width is {graph_width}", fix="Give a number of heads that divides the width."
            )
        self.tokens = _Reader(width, graph_width, graph_width, heads)
        self.nodes = _Reader(graph_width, width, graph_width, heads)

    def forward(self, tokens: Tensor, nodes: Tensor, batch: GraphBatch) -> tuple[Tensor, Tensor]:
        """Both states, each having read the other as it was before; padding stays as it is.

        Shapes:
            tokens [s, l, d], nodes [n, g] -> the same.
        """
        if not len(nodes):
            return tokens, nodes
        of, size = batch.sequence_question, batch.num_questions
        rank = rank_within(batch.node_question, size)
        dense, node_mask = to_dense(nodes, batch.node_question, size, rank)
        own, token_mask = question_tokens(tokens, batch)
        key, value = self.tokens.source(dense)
        from_nodes = self.tokens(tokens, key[of], value[of], node_mask[of])
        from_tokens = self.nodes(dense, *self.nodes.source(own), token_mask)
        real = batch.attention_mask[batch.sequence_text].unsqueeze(-1)
        return tokens + from_nodes * real, nodes + from_tokens[batch.node_question, rank]


class _Reader(nn.Module):
    """``tanh(α)·Attn`` of one kind of state over another."""

    def __init__(self, width: int, source_width: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.source_norm = nn.LayerNorm(source_width)
        self.query = nn.Linear(width, inner)
        self.key = nn.Linear(source_width, inner)
        self.value = nn.Linear(source_width, inner)
        self.out = nn.Linear(inner, width)
        self.alpha = nn.Parameter(torch.zeros(()))

    def source(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values. Shapes: [m, u, source] -> 2 × [m, heads, u, inner / heads]."""
        states = self.source_norm(states)
        return self._split(self.key(states)), self._split(self.value(states))

    def forward(self, states: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
        """What is to be added to ``states``: nothing where there is nothing to read.

        Shapes:
            states [m, t, width], key and value [m, heads, u, inner / heads], mask [m, u] bool -> [m, t, width].
        """
        some = mask.any(-1)
        # With nothing to read, softmax has no value: such a row attends to its padding and is struck out after.
        allowed = (mask | ~some.unsqueeze(-1))[:, None, None]
        query = self._split(self.query(self.norm(states)))
        read = functional.scaled_dot_product_attention(query, key, value, attn_mask=allowed)
        added: Tensor = self.alpha.tanh() * self.out(read.transpose(1, 2).flatten(2))
        return added * some[:, None, None]

    def _split(self, states: Tensor) -> Tensor:
        return states.reshape(*states.shape[:2], self.heads, -1).transpose(1, 2)
