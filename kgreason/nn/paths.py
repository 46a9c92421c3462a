"""Reasoning by relation paths: a counter of typed paths and a follower of the question's relations.

Both explain themselves exactly: what they add to an option is a sum over relation paths.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from kgreason.errors import ConfigError
from kgreason.nn.batch import GraphBatch, RelationNames
from kgreason.nn.ragged import question_tokens
from kgreason.nn.segment import segment_count, segment_max, segment_mean, segment_sum
from kgreason.nn.state import PathScores
from kgreason.records import ROLE_QUESTION

__all__ = ["Followed", "PathCounter", "PathFollower", "Rule", "Step", "known_codes"]

Step = tuple[str, bool]  #: A relation by name, and whether it is walked backward.
Rule = tuple[float, Step, Step | None]  #: What a path of this type adds for each log count.

LOGIT_BOUND = 8.0  # without it the mass underflows and training diverges
EPSILON = 1e-8


class PathCounter(nn.Module):
    """One weight per 1- and 2-step path type on log counts: ``s_i = Σ_p w_p · log(1 + count_i(p))``.

    Its linear form contains the Graph Soft Counter (Wang et al. 2022, eq. 4-6, two layers unrolled). Weights start at
    zero, and a path through a relation it was not made with weighs nothing.

    Args:
        relations: names of the relations that carry weights.

    Raises:
        ConfigError: if a name is given twice.

    Example:
        >>> counter = PathCounter(["IsA", "AtLocation"])
        >>> counter.rules(top=3)
        []
    """

    def __init__(self, relations: Sequence[str]) -> None:
        super().__init__()
        self.relations = tuple(relations)
        if len(set(self.relations)) < len(self.relations):
            raise ConfigError(f"relations names one twice: {', '.join(self.relations)}", fix="Name each once.")
        steps = 2 * len(self.relations)
        self.weight = nn.Parameter(torch.zeros(steps, steps + 1))  # the last column is that of paths of one step

    def forward(self, batch: GraphBatch, names: RelationNames) -> PathScores:
        """What every counted path type adds to its option.

        Args:
            batch: with the path counts.
            names: the relation names that the batch's codes refer to.
        """
        steps = len(self.weight)
        known = known_codes(self.relations, names).to(self.weight.device)
        first, second = known[batch.path_type].unbind(-1)
        second = torch.where(batch.path_type[:, 1] < 0, steps, second)
        unknown = (first < 0) | (second < 0)
        table = torch.cat([self.weight.flatten(), self.weight.new_zeros(1)])
        place = torch.where(unknown, len(table) - 1, first * (steps + 1) + second)
        value = table.index_select(0, place) * batch.path_value.log1p()
        return PathScores(batch.path_option, batch.path_type, value)

    def rules(self, top: int = 10) -> list[Rule]:
        """The path types that weigh most, as soft rules, strongest first."""
        weight = self.weight.detach().flatten()
        best = weight.abs().topk(min(top, len(weight)))
        places = [int(place) for place in best.indices[best.values > 0]]
        columns = len(self.weight) + 1
        return [(float(weight[p]), self._step(p // columns), self._second(p % columns)) for p in places]

    def _step(self, code: int) -> Step:
        return self.relations[code // 2], code % 2 == 1

    def _second(self, code: int) -> Step | None:
        return self._step(code) if code < len(self.weight) else None


class Followed(NamedTuple):
    """Where the follower came to, and by which relations.

    Shapes:
        mass [n] (sums to 1 over a question's nodes, 0 where it has no concept), walker [n] (which of its question's
        walkers starts at the node, −1: none), relation [b, w, steps, r + 1] (share of each relation code at each step
        of each walker, the last one "stay"), weight [b, w] in 0..1 (how much a walker counts; 0 where there is none).
    """

    mass: Tensor
    walker: Tensor
    relation: Tensor
    weight: Tensor


class PathFollower(nn.Module):
    """Mass that flows from a question's concepts along the relations which the question asks for.

    One walker starts at each mention of the question, spread over its candidate concepts by their prior. At every
    step a query, made by attention over the question's tokens, shares the walker out over the relations that occur
    in the subgraph and "stay"; mass is one scalar a node and never returns to a concept its walker left. Walkers meet
    by product, each with a power in (0, 1] of its own, so that a concept of no use to the question drops out
    (the family of TransferNet, Shi et al. 2021, eq. 2-5, with mass kept at 1 instead of cut at 1).

    Args:
        width: of token and relation states (d).
        steps: relations in a path at most.
        inner: width of queries and keys.
    """

    def __init__(self, width: int, steps: int = 3, inner: int = 96) -> None:
        super().__init__()
        self.steps = steps
        self.text = nn.Linear(width, inner)
        self.attend = nn.Linear(inner, inner)
        self.mention = nn.Linear(inner, inner)
        self.step = nn.Parameter(torch.randn(steps, inner) * inner**-0.5)
        self.hidden = nn.Linear(2 * inner, inner)
        self.hidden_step = nn.Parameter(torch.randn(steps, inner))
        self.query = nn.Linear(inner, inner)
        self.stay = nn.Parameter(torch.randn(1, inner) * inner**-0.5)
        self.power = nn.Linear(2 * inner, 1)
        nn.init.zeros_(self.power.weight)

    def forward(self, batch: GraphBatch, tokens: Tensor) -> Followed:
        """Follow the question's relations through its subgraph.

        Shapes:
            tokens [s, l, d].
        """
        walker, count = _walkers(batch)
        relation, weight = self._choose(batch, tokens, walker, count)
        start = _start(batch, walker, count)
        mass = self._walk(batch, start, relation)
        return Followed(_meet(batch, mass, weight), walker, relation, weight)

    def _choose(self, batch: GraphBatch, tokens: Tensor, walker: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Share of every relation at every step of every walker, and the power of each walker."""
        own, mask = question_tokens(tokens, batch)
        own = self.text(own)
        mentioned, present = self._mentions(batch, tokens, walker, count)
        looking = self.step + self.mention(mentioned).unsqueeze(2)
        scores = torch.einsum("bwsk,btk->bwst", looking, self.attend(own)) * own.shape[-1] ** -0.5
        seen = scores.masked_fill(~mask[:, None, None], -1e4).softmax(-1) @ own.unsqueeze(1)
        whole = (own * mask.unsqueeze(-1)).sum(1) / mask.sum(1).clamp(min=1).unsqueeze(-1)
        whole = whole[:, None].expand(-1, count, -1)
        hidden = self.hidden(torch.cat([seen, whole.unsqueeze(2).expand_as(seen)], -1)) + self.hidden_step
        # Words and relation texts go through the same layer, so that like meets like before any training.
        query = seen + self.query(hidden.relu())
        keys = torch.cat([self.text(batch.relation_state), self.stay.to(own.dtype)])
        logits = LOGIT_BOUND * torch.tanh(query @ keys.T * own.shape[-1] ** -0.5)
        occurs = _occurring(batch)[:, None, None]
        power = self.power(torch.cat([mentioned, whole], -1)).squeeze(-1).float().masked_fill(~present, -1e4)
        best = power.amax(-1, keepdim=True) if count else power
        return logits.float().masked_fill(~occurs, -1e4).softmax(-1), (power - best).exp() * present

    def _mentions(self, batch: GraphBatch, tokens: Tensor, walker: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """Mean state of the tokens that name each walker's concepts, and which walkers there are."""
        sequence, token, node = batch.token_node
        named = (walker[node] >= 0) & (batch.sequence_option[sequence] < 0)
        sequence, token, node = sequence[named], token[named], node[named]
        size = batch.num_questions * count
        group = batch.node_question[node] * count + walker[node]
        state = segment_mean(self.text(tokens[sequence, token]), group, size)
        seeds = (walker >= 0).nonzero().squeeze(-1)
        filled = segment_count(batch.node_question[seeds] * count + walker[seeds], size) > 0
        shape = batch.num_questions, count
        return state.view(*shape, state.shape[-1]), filled.view(shape)

    def _walk(self, batch: GraphBatch, start: Tensor, relation: Tensor) -> Tensor:
        source, target = batch.edge_index
        question, size = batch.node_question, batch.num_questions
        codes = relation.shape[-1]
        edge_code = question[source] * codes + batch.edge_relation
        away = (start == 0).to(start.dtype)
        mass = start
        for step in range(self.steps):
            share = relation[:, :, step].transpose(1, 2)  # [b, r + 1, w]
            edge_share = share.flatten(0, 1).index_select(0, edge_code)
            moved = segment_sum(mass.index_select(0, source) * edge_share, target, len(mass)) * away
            mass = _normalise(moved + mass * share[:, -1].index_select(0, question), question, size)
        return _normalise(mass * away, question, size)


def known_codes(relations: Sequence[str], names: RelationNames) -> Tensor:
    """Codes in ``relations`` of the codes of ``names``, −1 for a name not among them; the last entry serves code −1.

    Shapes:
        [2 · len(names) + 1] int64.
    """
    index = {name: i for i, name in enumerate(relations)}
    known = [2 * index[name] + way if name in index else -1 for name in names.names for way in (0, 1)]
    return torch.tensor([*known, -1], dtype=torch.int64)


def _walkers(batch: GraphBatch) -> tuple[Tensor, int]:
    """One walker for each mention in the question: concepts whose mention begins at the same token share it.

    Shapes:
        walker [n] (number within the question, −1: not a concept of the question), and the largest number plus one.
    """
    sequence, token, node = batch.token_node
    seed = (batch.node_role & ROLE_QUESTION) > 0
    length = batch.input_ids.shape[-1]
    nowhere = len(batch.sequence_text) * length
    place = torch.full_like(batch.node_question, nowhere)
    own = batch.sequence_option[sequence] < 0
    place = place.scatter_reduce(0, node[own], (sequence * length + token)[own], "amin")
    groups, of = torch.unique(batch.node_question[seed] * (nowhere + 1) + place[seed], return_inverse=True)
    question = groups // (nowhere + 1)  # sorted, since groups is
    walker = torch.full_like(batch.node_question, -1)
    walker[seed] = (torch.arange(len(groups), device=of.device) - torch.searchsorted(question, question))[of]
    return walker, int(walker.max()) + 1 if len(walker) else 0


def _start(batch: GraphBatch, walker: Tensor, count: int) -> Tensor:
    """Mass of each walker before its first step. Shape: [n, w]."""
    here = walker.unsqueeze(-1) == torch.arange(count, device=walker.device)
    prior = batch.node_prior.float().clamp(min=EPSILON).unsqueeze(-1)
    return _normalise(here * prior, batch.node_question, batch.num_questions)


def _normalise(mass: Tensor, question: Tensor, size: int) -> Tensor:
    total = segment_sum(mass, question, size).clamp(min=EPSILON)
    return mass / total.index_select(0, question)


def _meet(batch: GraphBatch, mass: Tensor, weight: Tensor) -> Tensor:
    """Product of the walkers' masses, each to its power, as a distribution over the question's nodes. Shape: [n]."""
    question, size = batch.node_question, batch.num_questions
    log_mass = ((mass + EPSILON).log() * weight.index_select(0, question)).sum(-1)
    best = segment_max(log_mass.detach(), question, size)
    reached = (mass > 0).any(-1) & (weight.sum(-1) > 0).index_select(0, question)
    return _normalise((log_mass - best.index_select(0, question)).exp() * reached, question, size)


def _occurring(batch: GraphBatch) -> Tensor:
    """Which relation codes occur in each question's subgraph; "stay" always does. Shape: [b, r + 1] bool."""
    codes = len(batch.relation_state)
    occurs = torch.zeros(batch.num_questions, codes + 1, dtype=torch.bool, device=batch.edge_relation.device)
    occurs[:, -1] = True
    occurs[batch.node_question[batch.edge_index[0]], batch.edge_relation] = True
    return occurs
