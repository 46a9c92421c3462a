"""K: the commonsense interface. Path reasoning, message passing over the subgraph, and fusion with the text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, Self, get_args

import torch
from torch import Tensor, nn

from kgreason.errors import ConfigError, InputError
from kgreason.nn.batch import GraphBatch, RelationNames
from kgreason.nn.fusion import GatedCrossAttention
from kgreason.nn.paths import FLOOR, PathCounter, PathFollower
from kgreason.nn.ragged import question_tokens, rank_within
from kgreason.nn.segment import segment_count, segment_mean, segment_sum
from kgreason.nn.state import CognitiveState
from kgreason.records import ROLE_OPTION, ROLE_QUESTION

__all__ = ["Knowledge", "KnowledgeConfig", "Paths", "coverage"]

Paths = Literal["counter", "follower", "both"]


@dataclass(frozen=True)
class KnowledgeConfig:
    """What K is made of; each of its three parts can be left out.

    Args:
        width: of token states (d).
        words: width of word embeddings (w), by which the follower knows words as such; 0 where it reads states alone.
        graph_width: of node states (g).
        paths: "counter" (one weight per path type), "follower" (relations chosen by the question), "both" or None.
        nodes: whether messages pass over the subgraph.
        fusion: whether tokens and nodes read one another; needs ``nodes``.
        gnn: "bellman-ford" or a convolution of torch_geometric.nn by name.
        steps: relations in a path and layers of message passing.
        heads: attention heads of the fusion.
        blocks: fusion blocks.
        max_nodes: nodes of a question that take part in message passing; of a wider subgraph those with most mass,
            or relevance where no follower runs, concepts of question and options first.
        labels: whether the counter speaks to the labels of an entailment.
        relations: names with weights of their own, for the counter and convolutions that need them.
    """

    width: int = 384
    words: int = 0
    graph_width: int = 64
    paths: Paths | None = "counter"
    nodes: bool = True
    fusion: bool = True
    gnn: str = "bellman-ford"
    steps: int = 3
    heads: int = 4
    blocks: int = 1
    max_nodes: int = 200
    labels: bool = False
    relations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("width", "graph_width", "steps", "heads", "blocks", "max_nodes"):
            if (value := getattr(self, name)) < 1:
                raise ConfigError(f"{name} is {value}", fix=f"Give {name} a value of 1 or more.")
        if self.paths is not None and self.paths not in get_args(Paths):
            raise ConfigError(f"paths is {self.paths!r}", fix=f"Use one of {', '.join(get_args(Paths))}, or None.")
        if self.fusion and not self.nodes:
            raise ConfigError("fusion is on, but nodes is off", fix="Switch both on or fusion off.")

    def to_json(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {**asdict(self), "relations": list(self.relations)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`to_json`."""
        return cls(**{**values, "relations": tuple(values["relations"])})


class Knowledge(nn.Module):
    """Writes ``nodes``, ``mass``, ``flow``, ``paths`` and ``coverage``, and replaces ``tokens``.

    Untrained, or for a question without a graph, it leaves every bit of the token states as it is.

    Args:
        config: its parts and sizes.
        names: the relation names that batches refer to, shared with their collator; by default its own.
        gnn: a PyG convolution or its class instead of the one that ``config`` names.

    Example:
        >>> knowledge = Knowledge(KnowledgeConfig(width=32, nodes=False, fusion=False, relations=("IsA",)))
        >>> sum(weight.numel() for weight in knowledge.parameters())
        6
    """

    def __init__(
        self,
        config: KnowledgeConfig,
        names: RelationNames | None = None,
        *,
        gnn: nn.Module | Callable[..., nn.Module] | None = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.names = RelationNames(config.relations) if names is None else names
        counts = config.paths in ("counter", "both")
        self.counter = PathCounter(config.relations, labels=config.labels) if counts else None
        follows = config.paths in ("follower", "both")
        self.follower = PathFollower(config.width, config.steps, words=config.words) if follows else None
        self.nodes = _Nodes(config, gnn) if config.nodes else None
        self._reads_relations = config.nodes or follows
        self.fusion = nn.ModuleList(
            [GatedCrossAttention(config.width, config.graph_width, config.heads) for _ in range(config.blocks)]
            if config.fusion
            else []
        )

    @classmethod
    def for_backbone(
        cls,
        width: int,
        gnn: str | nn.Module | Callable[..., nn.Module] = "bellman-ford",
        **settings: Any,
    ) -> Self:
        """K for any Hugging Face model.

        Args:
            width: the model's ``config.hidden_size``.
            gnn: "bellman-ford", a PyG convolution by name, its class or a ready one.
            settings: of :class:`KnowledgeConfig`.
        """
        if isinstance(gnn, str):
            return cls(KnowledgeConfig(width=width, gnn=gnn, **settings))
        return cls(KnowledgeConfig(width=width, **settings), gnn=gnn)

    def forward(self, state: CognitiveState) -> CognitiveState:
        """K of the formula. Shapes: tokens [s, l, d] -> tokens [s, l, d], nodes [n, g], mass [n], coverage [b]."""
        batch, tokens = state.batch, state.tokens
        state = state.write(coverage=coverage(batch))
        if not batch.num_nodes:
            return state
        if not torch.compiler.is_exporting():  # no value is known yet
            self._check(batch)
        if self.counter is not None:
            state = state.write(paths=self.counter(batch, self.names))
        if not self._reads_relations:
            return state
        assert tokens is not None, "M runs before K"
        if self.follower is not None:
            followed = self.follower(batch, tokens, state.words)
            state = state.write(mass=followed.mass, flow=followed.flow, coverage=coverage(batch, followed.mass))
        if self.nodes is not None:
            rows = chosen(batch, state.mass, self.config.max_nodes)
            part = _part(batch, rows)
            nodes = self.nodes(part, tokens, self.names)
            for block in self.fusion:
                tokens, nodes = block(tokens, nodes, part)
            nodes = nodes.new_zeros(batch.num_nodes, nodes.shape[1]).index_copy(0, rows, nodes)
            state = state.write(tokens=tokens, nodes=nodes)
        return state

    @property
    def reads_words(self) -> bool:
        """Whether it asks M for word embeddings."""
        return self.follower is not None and self.config.words > 0

    def fuse(self, tokens: Tensor, batch: GraphBatch) -> Tensor:
        """Token states of any model, having read the graph. Shapes: [s, l, d] -> [s, l, d]."""
        fused = self(CognitiveState(batch, tokens=tokens)).tokens
        assert isinstance(fused, Tensor)
        return fused

    def _check(self, batch: GraphBatch) -> None:
        highest = int(batch.relation.max()) if len(batch.relation) else -1
        if highest >= len(self.names):
            raise InputError(
                f"the batch has relation {highest}, K knows {len(self.names)} relation names",
                fix="Make the collator with the same RelationNames as K.",
            )
        found, expected = tuple(batch.relation_state.shape), (2 * len(batch.relation), self.config.width)
        if self._reads_relations and found != expected:
            raise InputError(
                f"relation_state has shape {found}, expected {expected}",
                fix="Give the states of all relation texts by batch.with_relations(...).",
            )


class _Nodes(nn.Module):
    """Message passing from static vectors, roles and mentions of the nodes."""

    def __init__(self, config: KnowledgeConfig, gnn: nn.Module | Callable[..., nn.Module] | None) -> None:
        # Here, since PyG takes seconds to import and a K that only counts or follows paths has no use for it.
        from kgreason.nn.gnn import NodeInput, build_gnn

        super().__init__()
        width, graph_width = config.width, config.graph_width
        self.relations = config.relations
        self.input = NodeInput(width, graph_width)
        self.question = nn.Linear(width, graph_width)
        self.relation = nn.Linear(width, graph_width)
        rows = 2 * len(config.relations) + 1 if config.relations else 0
        self.gnn = build_gnn(gnn or config.gnn, graph_width, steps=config.steps, heads=config.heads, relations=rows)

    def forward(self, batch: GraphBatch, tokens: Tensor, names: RelationNames) -> Tensor:
        """Shapes: tokens [s, l, d] -> [n, g]."""
        from kgreason.nn.gnn import GraphInput

        own, mask = question_tokens(tokens, batch)
        words = self.question(own)
        question = (words * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True).clamp(min=1)
        known = batch.known_codes(self.relations, names)[batch.edge_relation]
        graph = GraphInput(
            nodes=self.input(batch, tokens, question),
            edge_index=batch.edge_index,
            edge_relation=batch.edge_relation,
            edge_type=torch.where(known < 0, 2 * len(self.relations), known),
            relation=self.relation(batch.relation_state),
            words=words,
            word_mask=mask,
            edge_question=batch.node_question[batch.edge_index[0]],
        )
        nodes: Tensor = self.gnn(graph)
        return nodes


def coverage(batch: GraphBatch, mass: Tensor | None = None) -> Tensor:
    """Share of each question's options that a path reaches, of those counted or those followed; 0 without options.

    Shapes:
        mass [n] -> [b].
    """
    reached = segment_count(batch.path_option, batch.num_options)
    if mass is not None:  # what is counted has two steps at most, what is followed may have more
        option, node = batch.option_node
        reached = reached + (segment_sum(mass.detach()[node], option, batch.num_options) > FLOOR)
    return segment_mean(reached.clamp(max=1), batch.option_question, batch.num_questions)


def chosen(batch: GraphBatch, mass: Tensor | None, limit: int) -> Tensor:
    """Rows of the nodes that messages pass over. Shape: [k]."""
    size = batch.num_questions
    rows = torch.arange(batch.num_nodes, device=batch.node_question.device)
    if batch.largest <= limit:
        return rows
    value = batch.node_relevance if mass is None else mass.detach()
    asked, offered = batch.node_role & ROLE_QUESTION > 0, batch.node_role & ROLE_OPTION > 0
    score = value.double() + 1e6 * asked + 1e3 * offered
    return rows[rank_within(batch.node_question, size, score) < limit]


def _part(batch: GraphBatch, rows: Tensor) -> GraphBatch:
    """The batch with these nodes alone, and what runs between them."""
    if rows.shape[0] == batch.num_nodes:
        return batch
    place = torch.full_like(batch.node_question, -1).index_copy(0, rows, torch.arange(len(rows), device=rows.device))
    inside = (place[batch.edge_index] >= 0).all(0)
    token_node = batch.token_node[:, place[batch.token_node[2]] >= 0]
    return replace(
        batch,
        node_question=batch.node_question[rows],
        node_role=batch.node_role[rows],
        node_vector=batch.node_vector[rows],
        edge_index=place[batch.edge_index[:, inside]],
        edge_relation=batch.edge_relation[inside],
        token_node=torch.stack([token_node[0], token_node[1], place[token_node[2]]]),
    )
