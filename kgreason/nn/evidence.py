"""What the graph's parts of a score are made of: relation paths, each with what it adds.

Typed path counter and path follower are sums over paths, so that the paths told and an explicit remainder add up to
the part's score. What a Bellman-Ford network says is traced back to paths by gradients.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from kgreason.nn.backbone import Backbone
from kgreason.nn.batch import GraphBatch
from kgreason.nn.knowledge import Knowledge, chosen
from kgreason.nn.model import ReasoningModel
from kgreason.nn.paths import FLOOR, Followed
from kgreason.nn.ragged import rank_within
from kgreason.nn.state import CognitiveState, Scores
from kgreason.nn.walks import Flow, Messages, Walk
from kgreason.records import ORIGINS, Edge, Evidence, Path, Subgraph, Triple
from kgreason.retrieval import Retriever
from kgreason.retrieval.edits import edge_text

if TYPE_CHECKING:
    from kgreason.nn.gnn import BellmanFord, GraphInput

__all__ = ["Part", "Reading", "evidence", "parts", "read"]

PartName = Literal["counter", "follower", "nodes"]

#: Paths of each part that are looked at for one path told, since a path of two parts adds what it adds in both.
SPARE = 2


@dataclass(frozen=True, eq=False)
class Reading:
    """One question as a model read it, or several, and what their evidence is drawn from.

    Shapes:
        counted [c] (what each typed path count adds to its option, or None without a counter), weight [steps, e']
        (ones at the edges that messages passed over, for their gradients, or None), edges [e'] (which of the batch's
        edges those are) and gradient [k, steps, e'] (of the graph score of each question's k-th option with respect to
        its weights, or None where no question has options).
    """

    batch: GraphBatch
    scores: Scores
    counted: Tensor | None = None
    followed: Followed | None = None
    weight: Tensor | None = None
    edges: Tensor | None = None
    gradient: Tensor | None = None
    edge_records: dict[int, Edge] = field(default_factory=dict, repr=False)  #: made so far

    def question(self, b: int) -> Reading:
        """One question of several; an open one has to be read by itself."""
        batch = self.batch.question(b)
        nodes, within = self.batch.rows("nodes", b), self.batch.rows("edges", b)
        counted = None if self.counted is None else self.counted[self.batch.rows("paths", b)]
        followed = None
        if self.followed is not None:
            mass, walker, *of_question = self.followed
            followed = Followed(mass[nodes], walker[nodes], *(part[b : b + 1] for part in of_question))
        edges = gradient = None
        if self.edges is not None:
            first, last = torch.searchsorted(self.edges, self.edges.new_tensor([within.start, within.stop])).tolist()
            edges = self.edges[first:last] - within.start
            gradient = None if self.gradient is None else self.gradient[:, :, first:last]
        return Reading(batch, self.scores.question(self.batch, b), counted, followed, None, edges, gradient)

    @cached_property
    def flow(self) -> Flow | None:
        """The follower's mass by step, computed once for all options."""
        return None if self.followed is None else Flow(self.batch, self.followed)

    @cached_property
    def messages(self) -> Messages | None:
        """What messages passed over; None of a network other than Bellman-Ford's."""
        return None if self.edges is None else Messages(self.batch, self.edges)

    @cached_property
    def adds(self) -> bool:
        """Whether the graph adds anything to the scores."""
        return bool((self.scores.gate[0] * (self.scores.paths + self.scores.graph)).any())


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of K adds to an option: ``score = Σ contributions of paths + remainder``."""

    name: PartName
    score: float
    paths: tuple[Path, ...]
    remainder: float


def read(model: ReasoningModel, batch: GraphBatch) -> Reading:
    """Score a batch, and keep what the evidence of its questions is drawn from.

    Args:
        model: in evaluation mode.
        batch: one question, or several with options, made outside of inference mode.
    """
    knowledge = model.knowledge
    if knowledge is None or not batch.num_nodes:
        with torch.no_grad():
            return Reading(batch, model(batch))
    counter, follower = (None if part is None else _Window(part) for part in (knowledge.counter, knowledge.follower))
    weighted = None
    if knowledge.nodes is not None:
        from kgreason.nn.gnn import BellmanFord  # PyG takes seconds to import, and is only here where K has nodes

        weighted = _Weighted(knowledge.nodes.gnn) if isinstance(knowledge.nodes.gnn, BellmanFord) else None
    watched = _with(knowledge, counter=counter, follower=follower, nodes=_with(knowledge.nodes, gnn=weighted))
    with torch.set_grad_enabled(weighted is not None):
        scores: Scores = _with(model, backbone=_Quiet(model.backbone), knowledge=watched)(batch)
    counted = (
        None
        if counter is None
        else (scores.gate[batch.option_question[counter.given.option]] * counter.given.value).detach()
    )
    followed = None if follower is None else Followed(*(part.detach() for part in follower.given))
    if weighted is None:
        return Reading(batch, scores, counted, followed)
    edges, gradient = _passed(knowledge, batch, followed), _gradient(batch, scores.graph, weighted.weight)
    return Reading(batch, scores, counted, followed, weighted.weight, edges, gradient)


def _gradient(batch: GraphBatch, score: Tensor, weight: Tensor) -> Tensor | None:
    """No message of a question reaches another, so that one pass serves an option of each. Shape: [k, steps, e']."""
    if not score.requires_grad or not score.any():
        return None
    place = rank_within(batch.option_question, batch.num_questions)
    passes = [score[place == k].sum() for k in range(int(place.max()) + 1)]
    found = [torch.autograd.grad(each, weight, retain_graph=True, materialize_grads=True)[0] for each in passes]
    return torch.stack(found)


def evidence(
    reading: Reading,
    retriever: Retriever,
    subgraph: Subgraph,
    option: int,
    *,
    add: Sequence[Triple] = (),
    remove: Sequence[Triple] = (),
    limit: int | None = None,
) -> Evidence:
    """The paths that speak for an option, by what they add to its score over all parts of K.

    Where the graph adds nothing to the scores, the paths are those that say most by themselves, and add 0.

    Args:
        reading: the question as read.
        retriever: which gave the subgraph.
        subgraph: of the question.
        option: which one, or a node that answers an open question.
        add: the edits of the retrieval.
        remove: the edits of the retrieval.
        limit: how many paths; ``best_paths`` of the retrieval if None.
    """
    limit = retriever.config.best_paths if limit is None else limit
    if not len(subgraph):
        return Evidence()
    if subgraph.question.task != "open" and not reading.adds:
        told = retriever.paths(subgraph, _end(subgraph, option), limit=limit, add=add, remove=remove)
        return Evidence(tuple(replace(path, contribution=0.0) for path in told))
    added: dict[tuple[Edge, ...], float] = {}
    for part in parts(reading, retriever, subgraph, option, add=add, remove=remove, limit=SPARE * limit):
        for path in part.paths:
            added[path.edges] = added.get(path.edges, 0.0) + path.contribution
    ranked = sorted(added.items(), key=lambda item: -item[1])
    return Evidence(tuple(Path(edges, value) for edges, value in ranked[:limit]))


def parts(
    reading: Reading,
    retriever: Retriever,
    subgraph: Subgraph,
    option: int,
    *,
    add: Sequence[Triple] = (),
    remove: Sequence[Triple] = (),
    limit: int = 5,
) -> tuple[Part, ...]:
    """What each part of K adds to an option's score, the gate applied; they sum to all that the graph adds.

    Counter: the paths of a type share what the type adds by their values. Follower and nodes: see
    :mod:`kgreason.nn.walks`; of an open question the nodes' part includes what makes scores log-probabilities.

    Args:
        reading: the question as read.
        retriever: which gave the subgraph.
        subgraph: of the question.
        option: which one, or a node that answers an open question.
        add: the edits of the retrieval.
        remove: the edits of the retrieval.
        limit: paths of each part; those that add nothing or less are left to the remainder.
    """
    batch, scores, asked = reading.batch, reading.scores, subgraph.question.task == "open"
    gate = 1.0 if asked else float(scores.gate[0].detach())
    ends = np.array([option]) if asked else _nodes(batch, option)
    found: list[Part] = []

    def part(name: PartName, score: float, paths: Iterable[Path]) -> None:
        told = tuple(paths)
        found.append(Part(name, score, told, score - sum(path.contribution for path in told)))

    def walked(walks: Iterable[Walk], scale: float = 1.0) -> Iterable[Path]:
        return (_path(reading, subgraph, retriever, walk.edges, scale * walk.value) for walk in walks)

    if reading.counted is not None and not asked:
        weights = _type_weights(reading, subgraph, option)
        told = retriever.paths(subgraph, _end(subgraph, option), weights, limit=limit, add=add, remove=remove)
        part("counter", sum(weights.values()), told)
    if reading.flow is not None:
        mass = float(reading.flow.met[ends].sum())
        score = gate * (math.log(mass + FLOOR) - math.log(FLOOR))
        part("follower", score, walked(reading.flow.walks(ends, limit), score))
    if asked and scores.node is not None:
        rest = scores.node[option] - sum(before.score for before in found)
        part("nodes", float(rest.detach()), walked(_messages(reading, _of_node(reading, option), ends, limit)))
    elif scores.graph.any():
        gradient = None if reading.gradient is None else gate * reading.gradient[option]
        total = gate * float(scores.graph[option].detach())
        part("nodes", total, walked(_messages(reading, gradient, ends, limit)))
    return tuple(found)


def _end(subgraph: Subgraph, option: int) -> int:
    """Where the paths of an option end: those of every label of an entailment at the hypothesis."""
    return 0 if subgraph.question.task == "entailment" else option


def _nodes(batch: GraphBatch, option: int) -> npt.NDArray[np.int64]:
    """Nodes of an option. Shape: [k]."""
    options, nodes = batch.option_node.cpu().numpy()
    return nodes[options == option]


def _messages(reading: Reading, gradient: Tensor | None, ends: npt.NDArray[np.int64], limit: int) -> list[Walk]:
    """The paths by which messages raised a score; none of a network other than Bellman-Ford's."""
    if reading.messages is None or gradient is None:
        return []
    return reading.messages.walks(gradient.double().cpu().numpy(), ends, limit)


def _of_node(reading: Reading, node: int) -> Tensor | None:
    """Gradient of a node's score with respect to the weights. Shape: [steps, e']."""
    if reading.weight is None or reading.scores.node is None or not reading.scores.node.requires_grad:
        return None
    score = reading.scores.node[node]
    return torch.autograd.grad(score, reading.weight, retain_graph=True, materialize_grads=True)[0]


class _Quiet(nn.Module):
    """M, of which no gradient is wanted."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, state: CognitiveState) -> CognitiveState:
        with torch.no_grad():
            written: CognitiveState = self.backbone(state)
        return written

    def relation_states(self, names: Sequence[str]) -> tuple[Tensor, Tensor]:
        return self.backbone.relation_states(names)


class _Window(nn.Module):
    """A module that keeps what it gave."""

    given: Any

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Any) -> Any:
        self.given = self.module(*inputs)
        return self.given


class _Weighted(nn.Module):
    """A Bellman-Ford network with a weight of one on every message."""

    weight: Tensor

    def __init__(self, gnn: BellmanFord) -> None:
        super().__init__()
        self.gnn = gnn

    def forward(self, graph: GraphInput) -> Tensor:
        self.weight = graph.nodes.new_ones(len(self.gnn.steps), graph.edge_index.shape[1]).requires_grad_()
        states: Tensor = self.gnn(replace(graph, edge_weight=self.weight))
        return states


def _with(module: Any, **inside: nn.Module | None) -> Any:
    """A module with other parts; it shares all weights, and the module itself stays as it is for other threads."""
    twin = copy.copy(module)
    if twin is not None:
        twin._modules = {**module._modules, **{name: part for name, part in inside.items() if part is not None}}
    return twin


def _passed(knowledge: Knowledge, batch: GraphBatch, followed: Followed | None) -> Tensor:
    """Edges between the nodes that messages passed over. Shape: [e']."""
    rows = chosen(batch, None if followed is None else followed.mass, knowledge.config.max_nodes)
    passed = torch.zeros_like(batch.node_question, dtype=torch.bool).index_fill(0, rows, True)
    return passed[batch.edge_index].all(0).nonzero().squeeze(1)


def _type_weights(reading: Reading, subgraph: Subgraph, option: int) -> dict[tuple[int, int], float]:
    """What each path type adds to an option, by the codes of the subgraph."""
    assert reading.counted is not None
    rows = np.flatnonzero(reading.batch.path_option.cpu().numpy() == option)
    value = reading.counted.double().cpu().numpy()[rows].tolist()
    types = subgraph.path_type[rows % max(len(subgraph.path_type), 1)].tolist()  # labels share the same paths
    return {(first, second): added for (first, second), added in zip(types, value, strict=True)}


def _path(
    reading: Reading, subgraph: Subgraph, retriever: Retriever, edges: Iterable[int], contribution: float
) -> Path:
    """Some edges as a record; paths share theirs."""
    made = reading.edge_records
    for edge in edges:
        if edge not in made:
            made[edge] = _edge(subgraph, retriever, edge)
    return Path(tuple(made[edge] for edge in edges), contribution)


def _edge(subgraph: Subgraph, retriever: Retriever, edge: int) -> Edge:
    """An edge of a subgraph in its own direction; of a symmetric relation the smaller key comes first."""
    count, size = len(subgraph.relations), subgraph.edge_index.shape[1]
    code = int(subgraph.edge_relation[edge])
    source, target = subgraph.edge_index[:, edge].tolist()
    backward = code >= count
    if code == subgraph.edge_relation[(edge + size // 2) % size]:
        backward = subgraph.keys[source].encode() > subgraph.keys[target].encode()
    if backward:
        source, target = target, source
    name = subgraph.relations[code % count]
    ends = subgraph.labels[source], subgraph.labels[target]
    text = edge_text(retriever.graph, subgraph.question, ends[0], name, ends[1])
    origin = ORIGINS[int(subgraph.edge_origin[edge])]
    weight = float(subgraph.edge_weight[edge])
    return Edge(subgraph.keys[source], name, subgraph.keys[target], weight, origin, text)
