"""Message passing over a question's subgraph: a question-conditioned Bellman-Ford network, or any PyG convolution."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from kgreason.errors import ConfigError
from kgreason.nn.batch import VECTOR_WIDTH, GraphBatch
from kgreason.nn.segment import segment_count, segment_mean, segment_sum

__all__ = ["BellmanFord", "Convolutions", "GraphInput", "NodeInput", "build_gnn"]

Build = type[nn.Module] | Callable[..., nn.Module]


@dataclass(frozen=True, eq=False)
class GraphInput:
    """What every network of this room reads.

    Shapes:
        nodes [n, g]; edge_index [2, e] (source, target); edge_relation [e] (row of ``relation``); edge_type [e]
        (row of a table of named relations, the last one "another"); relation [r, g]; words [b, t, g], word_mask
        [b, t] (tokens of the question); edge_question [e]; edge_weight [steps, e] or None (factors of the messages,
        ones whose gradients say what an edge does at a step; read by Bellman-Ford alone).
    """

    nodes: Tensor
    edge_index: Tensor
    edge_relation: Tensor
    edge_type: Tensor
    relation: Tensor
    words: Tensor
    word_mask: Tensor
    edge_question: Tensor
    edge_weight: Tensor | None = None


class NodeInput(nn.Module):
    """First node states: static label vector, role, the tokens that mention the node, and the question.

    Args:
        width: of token states (d).
        graph_width: of node states (g).
    """

    def __init__(self, width: int, graph_width: int) -> None:
        super().__init__()
        self.vector = nn.Linear(VECTOR_WIDTH, graph_width)
        self.role = nn.Embedding(4, graph_width)
        self.mention = nn.Linear(width, graph_width, bias=False)
        self.norm = nn.LayerNorm(graph_width)

    def forward(self, batch: GraphBatch, tokens: Tensor, question: Tensor) -> Tensor:
        """Shapes: tokens [s, l, d], question [b, g] -> [n, g]."""
        sequence, token, node = batch.token_node
        mention = segment_mean(self.mention(tokens[sequence, token]), node, batch.num_nodes)
        own = self.vector(batch.node_vector.to(tokens.dtype) / 127) + self.role(batch.node_role)
        states: Tensor = self.norm(own + mention + question.index_select(0, batch.node_question))
        return states


class BellmanFord(nn.Module):
    """Bellman-Ford in vectors: messages ``h_source ∘ f(relation, question)``, summed, then a residual update.

    The generalised Bellman-Ford iteration of NBFNet (Zhu et al. 2021, eq. 5-6) with f made from relation text and
    question, so that it has no weight for any one relation; sums are divided by the root of a node's in-degree.

    Args:
        graph_width: of node states (g).
        steps: iterations, each with weights of its own.
    """

    def __init__(self, graph_width: int, steps: int = 3) -> None:
        super().__init__()
        self.steps = nn.ModuleList([_Relaxation(graph_width) for _ in range(steps)])
        self.query = nn.Parameter(torch.randn(steps, graph_width) * graph_width**-0.5)

    def forward(self, graph: GraphInput) -> Tensor:
        """Shapes: see GraphInput -> [n, g]."""
        # One message factor for each relation that occurs in a question, not one for each edge.
        size = graph.words.shape[0]
        pairs, edge_pair = torch.unique(graph.edge_relation * size + graph.edge_question, return_inverse=True)
        place = pairs // size
        relation, question = graph.relation[place], pairs - place * size  # a remainder by a size has no form in ONNX
        degree = segment_count(graph.edge_index[1], graph.nodes.shape[0]).clamp(min=1).sqrt().unsqueeze(-1)
        read = self._read(graph)
        states = graph.nodes
        for k, step in enumerate(self.steps):
            weight = None if graph.edge_weight is None else graph.edge_weight[k]
            states = step(states, graph.nodes, graph.edge_index, edge_pair, relation, read[question, k], degree, weight)
        return states

    def _read(self, graph: GraphInput) -> Tensor:
        """What each step reads of its question. Shape: [b, steps, g]."""
        scores = (graph.words @ self.query.T).transpose(1, 2)
        return scores.masked_fill(~graph.word_mask.unsqueeze(1), -1e4).softmax(-1) @ graph.words


class _Relaxation(nn.Module):
    """One iteration."""

    def __init__(self, graph_width: int) -> None:
        super().__init__()
        self.relation = nn.Linear(graph_width, 2 * graph_width)
        self.question = nn.Linear(graph_width, 2 * graph_width)
        self.factor = nn.Linear(2 * graph_width, graph_width)
        self.update_states = nn.Linear(3 * graph_width, graph_width)
        self.norm = nn.LayerNorm(graph_width)

    def forward(
        self,
        states: Tensor,
        start: Tensor,
        edge_index: Tensor,
        edge_pair: Tensor,
        relation: Tensor,
        question: Tensor,
        degree: Tensor,
        weight: Tensor | None,
    ) -> Tensor:
        """One iteration.

        Shapes:
            states, start [n, g], edge_pair, weight [e], relation, question [pairs, g], degree [n, 1] -> [n, g].
        """
        factor = self.factor(torch.relu(self.relation(relation) + self.question(question))).index_select(0, edge_pair)
        if weight is not None:
            factor = factor * weight.unsqueeze(-1)
        messages = states.index_select(0, edge_index[0]) * factor
        gathered = segment_sum(messages, edge_index[1], states.shape[0]) / degree
        update = self.update_states(torch.cat([states, gathered, start], dim=-1))
        return states + torch.relu(self.norm(update))


class Convolutions(nn.Module):
    """PyG convolutions in a row, each with a residual: ``h + relu(norm(conv(h)))``.

    A convolution that takes ``edge_type`` gets the relation's number, one that takes ``edge_attr`` its text state;
    any other sees edges without relations.

    Args:
        convs: of width ``graph_width`` in and out.
        graph_width: of node states (g).

    Raises:
        ConfigError: if a convolution does not keep the width or asks for something else.
    """

    def __init__(self, convs: list[nn.Module], graph_width: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(convs)
        self.norms = nn.ModuleList([nn.LayerNorm(graph_width) for _ in convs])
        self._reads = [_reads(conv) for conv in convs]
        for index, conv in enumerate(convs):
            self._try(index, type(conv).__name__, graph_width)

    def forward(self, graph: GraphInput) -> Tensor:
        """Shapes: see GraphInput -> [n, g]."""
        states = graph.nodes
        for index, norm in enumerate(self.norms):
            states = states + torch.relu(norm(self._convolve(index, states, graph)))
        return states

    def _convolve(self, index: int, states: Tensor, graph: GraphInput) -> Tensor:
        edges: dict[str, Tensor] = {}
        if "edge_type" in self._reads[index]:
            edges["edge_type"] = graph.edge_type
        if "edge_attr" in self._reads[index]:
            edges["edge_attr"] = graph.relation.index_select(0, graph.edge_relation)
        convolved: Tensor = self.convs[index](states, graph.edge_index, **edges)
        return convolved

    def _try(self, index: int, name: str, width: int) -> None:
        """Run a convolution on two nodes, so that one which does not fit is named when the model is made."""
        zero, ends = torch.zeros(2, dtype=torch.int64), torch.tensor([[0, 1], [1, 0]])
        states = torch.ones(2, width)
        training = self.convs[index].training
        try:
            with torch.no_grad():
                self.convs[index].eval()
                out = self._convolve(index, states, GraphInput(states, ends, zero, zero, states, states, zero, zero))
        except Exception as error:  # whatever a convolution raises, the reader needs its name
            raise _unfit(name, str(error).split("\n")[0] or type(error).__name__) from error
        finally:
            self.convs[index].train(training)
        if out.shape != states.shape:
            raise _unfit(name, f"it turned states {tuple(states.shape)} into {tuple(out.shape)}")


def build_gnn(
    gnn: str | nn.Module | Build, graph_width: int = 64, *, steps: int = 3, heads: int = 4, relations: int = 0
) -> nn.Module:
    """A network over :class:`GraphInput` from a name, a PyG convolution or a class of one.

    Args:
        gnn: "bellman-ford", a convolution of torch_geometric.nn by name, its class (made ``steps`` times) or a ready
            convolution of width ``graph_width`` in and out (used once).
        graph_width: of node states (g).
        steps: layers.
        heads: of convolutions with attention.
        relations: rows of the relation table of convolutions that take ``edge_type``.

    Raises:
        ConfigError: if the name is not known or the convolution does not fit.

    Example:
        >>> sum(weight.numel() for weight in build_gnn("SAGEConv", 8, steps=1).parameters())
        152
    """
    if gnn == "bellman-ford":
        return BellmanFord(graph_width, steps)
    if isinstance(gnn, nn.Module):
        return Convolutions([gnn], graph_width)
    kind = _by_name(gnn) if isinstance(gnn, str) else gnn
    return Convolutions([_make(kind, graph_width, heads, relations) for _ in range(steps)], graph_width)


def _by_name(name: str) -> Build:
    with warnings.catch_warnings():  # PyG scripts a class with the deprecated torch.jit.script when it is imported
        warnings.simplefilter("ignore", DeprecationWarning)
        # Imported where it is asked for: that takes a second, which an answer by the packaged model does not need.
        from torch_geometric.nn import conv as convolutions
    kind = getattr(convolutions, name, None) if name in convolutions.__all__ else None
    if kind is None or name == "MessagePassing":
        raise ConfigError(
            f"gnn is {name!r}", fix='Use "bellman-ford" or a convolution of torch_geometric.nn such as "GATv2Conv".'
        )
    found: Build = kind
    return found


def _make(kind: Build, width: int, heads: int, relations: int) -> nn.Module:
    """A convolution with those of its arguments that follow from the graph."""
    name = getattr(kind, "__name__", str(kind))
    takes: Mapping[str, inspect.Parameter] = inspect.signature(kind).parameters
    many = heads > 1 and {"heads", "concat"} <= takes.keys()
    if many and width % heads:
        raise ConfigError(
            f"heads is {heads}, graph_width is {width}", fix="Give a number of heads that divides the width."
        )
    if "num_relations" in takes and not relations:
        raise ConfigError(f"{name} has weights for each relation, but no relation is named", fix="Give relations.")
    known: dict[str, Any] = {
        "in_channels": width,
        "out_channels": width // heads if many else width,
        "channels": width,
        "edge_dim": width,
        "in_edge_channels": width,
        "num_relations": relations,
        "num_bases": min(relations, 8),
    }
    if many:
        known["heads"] = heads
    if name in {"GINConv", "GINEConv"}:
        known["nn"] = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
    for key, value in takes.items():
        if value.default is value.empty and value.kind is not value.VAR_KEYWORD and key not in known:
            raise _unfit(name, f"its argument {key} does not follow from the graph")
    try:
        return kind(**{key: value for key, value in known.items() if key in takes})
    except ImportError as error:
        raise _unfit(name, str(error)) from error


def _reads(conv: nn.Module) -> frozenset[str]:
    """Which of the two kinds of relation a convolution reads; an ``edge_dim`` of None says that it takes no text."""
    takes = set(inspect.signature(conv.forward).parameters) & {"edge_type", "edge_attr"}
    if getattr(conv, "edge_dim", ...) is None:
        takes.discard("edge_attr")
    return frozenset(takes)


def _unfit(name: str, why: str) -> ConfigError:
    return ConfigError(
        f"gnn {name} cannot be used: {why}", fix="Make the convolution yourself, equally wide in and out, and give it."
    )
