"""Two published graph parts as they were: QA-GNN's relational attention, plain and factored, and the soft counter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from kgreason.nn.batch import GraphBatch, RelationNames
from kgreason.nn.segment import segment_count, segment_softmax, segment_sum
from kgreason.nn.state import PathScores
from kgreason.records import ROLE_QUESTION

__all__ = [
    "CONTEXT_CODES", "NODE_TYPES", "GraphSoftCounter", "OptionGraphs", "PlainRelationalAttention",
    "RelationalAttention", "RelationalGNN", "option_graphs",
]  # fmt: skip

QUESTION, ANSWER, OTHER, CONTEXT = range(4)
NODE_TYPES = 4
#: Relation codes of a context node: to concepts of the question and back, to concepts of the option and back.
CONTEXT_CODES = 4


class OptionGraphs(NamedTuple):
    """One graph an option, as QA-GNN and its kin read them, with a context node joined to all its concepts.

    Shapes:
        node [n] (row of the batch's nodes, −1 for a context node), type [n], edge_index [2, e], code [e],
        context [o] (the context node of each option).
    """

    node: Tensor
    type: Tensor
    edge_index: Tensor
    code: Tensor
    context: Tensor


def option_graphs(batch: GraphBatch, code: Tensor, codes: int) -> OptionGraphs:
    """Parts the graph of each question by its options: concepts of both, and nodes next to two or more of them.

    Args:
        batch: with its subgraphs.
        code: relation code of each edge, below ``codes``. Shape: [e].
        codes: how many there are; those of context edges follow.
    """
    size, device = batch.num_options, code.device
    count = torch.bincount(batch.node_question, minlength=batch.num_questions)
    by_question = batch.node_question.argsort(stable=True)
    rank = torch.empty_like(by_question)
    rank[by_question] = (
        torch.arange(len(rank), device=device) - (count.cumsum(0) - count)[batch.node_question[by_question]]
    )
    option, node = _spread(batch.node_question, batch.option_question, batch.num_questions)
    held = count[batch.option_question]
    offset = held.cumsum(0) - held
    edge_option, edge = _spread(batch.node_question[batch.edge_index[0]], batch.option_question, batch.num_questions)
    ends = offset[edge_option] + rank[batch.edge_index[:, edge]]
    kind = torch.where(batch.node_role[node] & ROLE_QUESTION > 0, QUESTION, OTHER)
    kind[offset[batch.option_node[0]] + rank[batch.option_node[1]]] = ANSWER
    concept = kind < OTHER
    pairs = torch.unique((ends[1] * len(kind) + ends[0])[concept[ends[0]]])
    kept = concept | (torch.bincount(pairs // max(len(kind), 1), minlength=len(kind)) >= 2)
    place = kept.cumsum(0) - 1
    inside = kept[ends].all(0)
    first = int(kept.sum())
    context = first + torch.arange(size, device=device)
    joined = place[concept], context[option[concept]]
    joined_code = codes + 2 * kind[concept]
    return OptionGraphs(
        node=torch.cat([node[kept], node.new_full((size,), -1)]),
        type=torch.cat([kind[kept], kind.new_full((size,), CONTEXT)]),
        edge_index=torch.cat([place[ends[:, inside]], torch.stack(joined[::-1]), torch.stack(joined)], 1),
        code=torch.cat([code[edge[inside]], joined_code, joined_code + 1]),
        context=context,
    )


def _spread(of: Tensor, question: Tensor, questions: int) -> tuple[Tensor, Tensor]:
    """Every entry of each option's question: (option, entry), option by option. Shapes: of [m], question [o]."""
    count = torch.bincount(of, minlength=questions)
    start = count.cumsum(0) - count
    held = count[question]
    option = torch.repeat_interleave(torch.arange(len(question), device=of.device), held)
    within = torch.arange(len(option), device=of.device) - (held.cumsum(0) - held)[option]
    return option, of.argsort(stable=True)[start[question[option]] + within]


class GraphSoftCounter(nn.Module):
    """The Graph Soft Counter: an edge adds a number in 0..1, twice summed into the context node of each option.

    Wang et al. 2022 (GSC), eq. 4-6: w_e = σ(MLP(relation, both node types)), s_v ← Σ (s_u + w_e), two layers, read at
    the context node through an affine-like regulator. Stands in the place of the path counter.

    Args:
        relations: names that have rows of their own; all others share one.
        hidden: width of its networks.
    """

    def __init__(self, relations: Sequence[str], hidden: int = 32) -> None:
        super().__init__()
        self.relations = tuple(relations)
        self.codes = 2 * len(self.relations) + 1
        self.relation = nn.Linear(self.codes + CONTEXT_CODES, hidden)
        self.source = nn.Linear(NODE_TYPES, hidden, bias=False)
        self.target = nn.Linear(NODE_TYPES, hidden, bias=False)
        self.edge = nn.Sequential(nn.LayerNorm(hidden), nn.GELU(), nn.Linear(hidden, 1), nn.Sigmoid())
        self.regulator = nn.Sequential(nn.Linear(1, hidden), nn.LayerNorm(hidden), nn.GELU(), nn.Linear(hidden, 1))

    def forward(self, batch: GraphBatch, names: RelationNames) -> PathScores:
        """One contribution an option. Shapes: see PathScores."""
        known = batch.known_codes(self.relations, names)[batch.edge_relation]
        graphs = option_graphs(batch, torch.where(known < 0, self.codes - 1, known), self.codes)
        source, target = graphs.edge_index
        weight = self.table().flatten()[
            (graphs.code * NODE_TYPES + graphs.type[source]) * NODE_TYPES + graphs.type[target]
        ]
        count = weight.new_zeros(len(graphs.type))
        for _ in range(2):
            count = segment_sum(count[source] + weight, target, len(count))
        score = self.regulator(count[graphs.context].unsqueeze(-1)).squeeze(-1)
        option = torch.arange(len(score), device=score.device)
        return PathScores(option, option.new_full((len(score), 2), -1), score)

    def table(self) -> Tensor:
        """What an edge of each kind adds. Shape: [codes, types of source, types of target]."""
        rows = self.relation.weight.T + self.relation.bias
        hidden = rows[:, None, None] + self.source.weight.T[:, None] + self.target.weight.T
        weight: Tensor = self.edge(hidden).squeeze(-1)
        return weight


class _EdgeEncoder(nn.Module):
    """r = f_r(e, u_s, u_t): a two-layer network on the one-hot relation and the one-hot types of both ends."""

    def __init__(self, relations: int, types: int, width: int) -> None:
        super().__init__()
        self.relations, self.types = relations, types
        self.first = nn.Linear(relations + 2 * types, width)
        self.norm = nn.BatchNorm1d(width)
        self.second = nn.Linear(width, width)

    def forward(self, kind: Tensor) -> Tensor:
        """Of every edge by itself, as published. Shapes: kind [e] -> [e, width]."""
        relation, source, target = self._parts(kind)
        one_hot = nn.functional.one_hot
        edges = torch.cat(
            [one_hot(relation, self.relations), one_hot(source, self.types), one_hot(target, self.types)], -1
        )
        encoded: Tensor = self.second(self.norm(self.first(edges.to(self.first.weight.dtype))).relu())
        return encoded

    def table(self, count: Tensor) -> Tensor:
        """Of every kind of edge once, with the statistics of ``count`` edges of each. Shapes: [k] -> [k, width]."""
        relation, source, target = self._parts(torch.arange(len(count), device=count.device))
        weight = self.first.weight.T
        hidden = weight[relation] + weight[self.relations + source] + weight[self.relations + self.types + target]
        encoded: Tensor = self.second(self._normalised(hidden + self.first.bias, count).relu())
        return encoded

    def _parts(self, kind: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return kind // self.types**2, kind // self.types % self.types, kind % self.types

    def _normalised(self, rows: Tensor, count: Tensor) -> Tensor:
        norm = self.norm
        assert norm.running_mean is not None
        assert norm.running_var is not None
        mean, variance = norm.running_mean, norm.running_var
        if self.training:
            total = count.sum()
            share = (count / total).unsqueeze(-1)
            mean = (share * rows).sum(0)
            variance = (share * (rows - mean).square()).sum(0)
            with torch.no_grad():
                momentum = norm.momentum or 0.0
                norm.running_mean.lerp_(mean, momentum)
                norm.running_var.lerp_(variance * total / (total - 1), momentum)
                if norm.num_batches_tracked is not None:
                    norm.num_batches_tracked += 1
        return (rows - mean) * (variance + norm.eps).rsqrt() * norm.weight + norm.bias


class RelationalAttention(nn.Module):
    """A layer of QA-GNN (Yasunaga et al. 2021, eq. 3-8) whose work on an edge is a look-up and a product.

    Keys and messages are linear in [node, edge], and an edge is one of relations × types² kinds. So the linear maps
    are split: the node's part is computed once a node, the edge's part once a kind. Equal to the published form, in
    training too, where the statistics of batch normalisation weigh each kind by its edges. As there, attention is
    normalised over the edges that leave a node and scaled by their number.

    Args:
        in_channels: width of node states.
        out_channels: width of what it returns.
        num_relations: of edges; a loop at every node is one more.
        heads: of the attention.
        types: of nodes.
        extra: width of what nodes have beside their states.
        encoder: of edges, where layers share one.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        num_relations: int,
        *,
        heads: int = 4,
        types: int = 1,
        extra: int = 0,
        encoder: _EdgeEncoder | None = None,
    ) -> None:
        super().__init__()
        self.heads, self.types, self.loop = heads, types, num_relations
        self.encoder = encoder or _EdgeEncoder(num_relations + 1, types, out_channels)
        self.node_width = in_channels + extra
        self.key = nn.Linear(self.node_width + out_channels, out_channels)
        self.message = nn.Linear(self.node_width + out_channels, out_channels)
        self.query = nn.Linear(self.node_width, out_channels)
        self.update = nn.Sequential(
            nn.Linear(out_channels, out_channels),
            nn.BatchNorm1d(out_channels),
            nn.ReLU(),
            nn.Linear(out_channels, out_channels),
        )

    def forward(
        self,
        x: Tensor,
        edge_index: Tensor,
        edge_type: Tensor,
        node_type: Tensor | None = None,
        extra: Tensor | None = None,
    ) -> Tensor:
        """One layer.

        Shapes:
            x [n, in], edge_index [2, e], edge_type [e], node_type [n], extra [n, extra] -> [n, out].
        """
        size = len(x)
        types = edge_type.new_zeros(size) if node_type is None else node_type
        loops = torch.arange(size, device=x.device)
        source, target = torch.cat([edge_index, loops.expand(2, -1)], 1)
        relation = torch.cat([edge_type, edge_type.new_full((size,), self.loop)])
        kind = (relation * self.types + types[source]) * self.types + types[target]
        states = x if extra is None else torch.cat([x, extra], -1)
        query, key, message = self._project(states, source, target, kind)
        score = (query * key).view(len(kind), self.heads, -1)
        score = score.sum(-1) / score.shape[-1] ** 0.5
        group = source.unsqueeze(-1) * self.heads + torch.arange(self.heads, device=x.device)
        share = segment_softmax(score.flatten(), group.flatten(), size * self.heads).view_as(score)
        share = share * segment_count(source, size).to(share.dtype)[source].unsqueeze(-1)
        sent = (message.view(*share.shape, -1) * share.unsqueeze(-1)).flatten(1)
        updated: Tensor = self.update(segment_sum(sent, target, size))
        return updated

    def _project(self, states: Tensor, source: Tensor, target: Tensor, kind: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Query, key and message of every edge. Shapes: [e, out] each."""
        kinds = self.encoder.relations * self.types**2
        edges = self.encoder.table(torch.bincount(kind, minlength=kinds).to(states.dtype))
        key, message = (self._split(linear, states, edges) for linear in (self.key, self.message))
        return (
            self.query(states).index_select(0, source),
            key[0].index_select(0, target) + key[1].index_select(0, kind),
            message[0].index_select(0, source) + message[1].index_select(0, kind),
        )

    def _split(self, linear: nn.Linear, states: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
        of_node, of_edge = linear.weight[:, : self.node_width], linear.weight[:, self.node_width :]
        return nn.functional.linear(states, of_node), nn.functional.linear(edges, of_edge, linear.bias)


class PlainRelationalAttention(RelationalAttention):
    """The same layer as published: every edge encoded, and both linear maps applied, edge by edge."""

    def _project(self, states: Tensor, source: Tensor, target: Tensor, kind: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        edges = self.encoder(kind)
        return (
            self.query(states[source]),
            self.key(torch.cat([states[target], edges], -1)),
            self.message(torch.cat([states[source], edges], -1)),
        )


class RelationalGNN(nn.Module):
    """QA-GNN's message passing: layers of relational attention over typed nodes with relevance scores.

    Args:
        num_relations: of edges.
        width: of node states, 200 as published.
        layers: 5 as published.
        layer: plain or factored.
        dropout: between layers.
    """

    def __init__(
        self,
        num_relations: int,
        width: int = 200,
        layers: int = 5,
        *,
        layer: type[RelationalAttention] = RelationalAttention,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        half = width // 2
        self.type_input = nn.Linear(NODE_TYPES, half)
        self.score_input = nn.Linear(half, half)
        self.encoder = _EdgeEncoder(num_relations + 1, NODE_TYPES, width)
        self.layers = nn.ModuleList(
            layer(width, width, num_relations, types=NODE_TYPES, extra=width, encoder=self.encoder)
            for _ in range(layers)
        )
        self.start = nn.Linear(width, width)
        self.end = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, edge_index: Tensor, edge_type: Tensor, node_type: Tensor, score: Tensor) -> Tensor:
        """Pass messages. Shapes: x [n, width], edge_index [2, e], edge_type [e], node_type, score [n] -> [n, width]."""
        gelu = nn.functional.gelu
        one_hot = nn.functional.one_hot(node_type, NODE_TYPES).to(x.dtype)
        waves = 1.1 ** torch.arange(self.score_input.in_features, device=x.device, dtype=x.dtype)
        extra = torch.cat(
            [gelu(self.type_input(one_hot)), gelu(self.score_input(torch.sin(waves * score.unsqueeze(-1))))], -1
        )
        states = x
        for layer in self.layers:
            states = self.dropout(gelu(layer(states, edge_index, edge_type, node_type, extra)))
        passed: Tensor = self.dropout(gelu(self.start(x) + self.end(states)))
        return passed
