"""Reasoning by relation paths: a counter of typed paths and a follower of the question's relations.

Both explain themselves exactly: what they add to an option is a sum over relation paths.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from kgreason.errors import ConfigError
from kgreason.nn.batch import LABELS, TASKS, GraphBatch, RelationNames
from kgreason.nn.ragged import question_tokens
from kgreason.nn.segment import segment_count, segment_max, segment_mean, segment_sum
from kgreason.nn.state import PathScores
from kgreason.records import ROLE_QUESTION

__all__ = ["FLOOR", "Followed", "PathCounter", "PathFollower", "Rule", "Step"]

Step = tuple[str, bool]  #: A relation by name, and whether it is walked backward.
Rule = tuple[float, Step, Step | None]  #: What a path of this type adds for each log count.

LOGIT_BOUND = 8.0  # without it the mass underflows and training diverges
EPSILON = 1e-8
#: Mass below which a node counts as not reached.
FLOOR = 1e-6
#: How much of the mass comes back to a concept of the question: paths that return mislead (MetaQA, three hops: 75 %
#: without this, 99 % with it), but where nothing else is reached the concept itself is the answer.
RETURN = 1e-3
#: Tokens on each side that a token is read together with.
BESIDE = 2
#: Tokens before and behind a concept whose distance is told apart.
NEAR = 12
_NOWHERE = 1 << 30


class PathCounter(nn.Module):
    """One weight per 1- and 2-step path type on log counts: ``s_i = Σ_p w_p · log(1 + count_i(p))``.

    Its linear form contains the Graph Soft Counter (Wang et al. 2022, eq. 4-6, two layers unrolled). Weights start at
    zero, and a path through a relation it was not made with weighs nothing.

    Between premise and hypothesis of an entailment a path says something else to each label: there a type has one
    weight per label, if any.

    Args:
        relations: names of the relations that carry weights.
        labels: whether paths speak to the labels of an entailment.

    Raises:
        ConfigError: if a name is given twice.

    Example:
        >>> counter = PathCounter(["IsA", "AtLocation"])
        >>> counter.rules(top=3)
        []
    """

    def __init__(self, relations: Sequence[str], *, labels: bool = False) -> None:
        super().__init__()
        self.relations = tuple(relations)
        if len(set(self.relations)) < len(self.relations):
            raise ConfigError(f"relations names one twice: {', '.join(self.relations)}", fix="Name each once.")
        steps = 2 * len(self.relations)
        self.weight = nn.Parameter(torch.zeros(steps, steps + 1))  # the last column is that of paths of one step
        self.label = nn.Parameter(torch.zeros(len(LABELS), steps, steps + 1)) if labels else None

    def forward(self, batch: GraphBatch, names: RelationNames) -> PathScores:
        """What every counted path type adds to its option.

        Args:
            batch: with the path counts.
            names: the relation names that the batch's codes refer to.
        """
        steps = len(self.weight)
        known = batch.known_codes(self.relations, names)
        first, second = known[batch.path_type].unbind(-1)
        second = torch.where(batch.path_type[:, 1] < 0, steps, second)
        label = batch.option_label[batch.path_option]
        entails = batch.question_task[batch.option_question[batch.path_option]] == TASKS.index("entailment")
        unknown = (first < 0) | (second < 0) | (entails & ((label < 0) | (self.label is None)))
        weights = [self.weight.flatten()] if self.label is None else [self.weight.flatten(), self.label.flatten()]
        table = torch.cat([*weights, self.weight.new_zeros(1)])
        place = (label + 1) * self.weight.numel() + first * (steps + 1) + second
        place = torch.where(unknown, len(table) - 1, place)
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
        of each walker, the last one "stay"), weight [b, w] in −1..1 (how much a walker counts, negative where its
        nodes are excluded; 0 where there is none), flow [b] ≤ 0 (log of the mass that found edges to follow and
        met, whatever number of edges: low where the graph does not hold what is asked for).
    """

    mass: Tensor
    walker: Tensor
    relation: Tensor
    weight: Tensor
    flow: Tensor


class PathFollower(nn.Module):
    """Mass that flows from a question's concepts along the relations which the question asks for.

    One walker starts at each mention of the question, spread over its candidate concepts by their prior. At every
    step a query, made by attention over the question's tokens, shares the walker out over the relations that the
    question's graph knows and "stay"; mass is one scalar a node, and little of it enters a concept of the question.
    Walkers meet by product, each with a power in (−1, 1) of its own: near 0 for a concept of no use to the question,
    negative where what it reaches is excluded ("… but not …"). The family of TransferNet (Shi et al. 2021, eq. 2-5),
    with mass kept at 1 instead of cut at 1.

    Args:
        width: of token and relation states (d).
        steps: relations in a path at most.
        inner: width of queries and keys.
        words: width of word embeddings (w), by which words of the question meet those of a relation's name, also where
            M has never seen them in such a place; 0 for none.
    """

    def __init__(self, width: int, steps: int = 3, inner: int = 128, *, words: int = 0) -> None:
        super().__init__()
        self.steps = steps
        self.text = nn.Linear(width, inner)
        self.word = nn.Linear(words, inner, bias=False) if words else None
        self.beside = nn.Conv1d(inner, inner // 2, 2 * BESIDE + 1, padding=BESIDE)
        self.gather = nn.Linear(inner // 2, inner)
        self.attend = nn.Linear(inner, inner)
        self.mention = nn.Linear(inner, inner)
        # One query a step, and one for the walker's power.
        self.step = nn.Parameter(torch.randn(steps + 1, inner) * inner**-0.5)
        self.then = nn.Linear(inner, inner, bias=False)
        self.past = nn.Parameter(torch.zeros(steps + 1))
        self.near = nn.Parameter(torch.zeros(steps + 1, 2 * NEAR + 1))
        self.hidden = nn.Linear(2 * inner, inner)
        self.hidden_step = nn.Parameter(torch.randn(steps, inner))
        self.query = nn.Linear(inner, inner)
        self.stay = nn.Parameter(torch.randn(1, inner) * inner**-0.5)
        self.use = nn.Linear(3 * inner, inner)
        self.power = nn.Linear(inner, 1)
        for same in (self.text, self.word):
            if same is not None:
                nn.init.orthogonal_(same.weight)  # likeness survives, so that names never seen are understood
        for layer in (self.gather, self.then):
            nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.power.weight)
        nn.init.constant_(self.power.bias, 1.5)

    def forward(self, batch: GraphBatch, tokens: Tensor, words: Tensor | None = None) -> Followed:
        """Follow the question's relations through its subgraph.

        Shapes:
            tokens [s, l, d], words [s, l, w].
        """
        walker, count = batch.walker, batch.num_walkers
        relation, weight = self._choose(batch, tokens, words, walker, count)
        mass, flow = self._walk(batch, _start(batch, walker, count), relation)
        met, meeting = _meet(batch, mass, weight)
        return Followed(met, walker, relation, weight, (weight.clamp(min=0) * flow).sum(-1) + meeting)

    def _read(self, states: Tensor, words: Tensor | None) -> Tensor:
        """Texts in the width of queries. Shapes: [..., d], [..., w] -> [..., inner]."""
        read: Tensor = self.text(states)
        return read if self.word is None or words is None else read + self.word(words)

    def _choose(
        self, batch: GraphBatch, tokens: Tensor, words: Tensor | None, walker: Tensor, count: int
    ) -> tuple[Tensor, Tensor]:
        """Share of every relation at every step of every walker, and the power of each walker."""
        states, mask = question_tokens(tokens, batch)
        own = self._read(states, None if words is None else question_tokens(words, batch)[0])
        beside = self.beside((own * mask.unsqueeze(-1)).transpose(1, 2)).transpose(1, 2)
        own = own + self.gather(beside.relu())
        mentioned, present, place = self._mentions(batch, own, walker, count)
        seen = self._look(own, mask, mentioned, place)
        whole = (own * mask.unsqueeze(-1)).sum(1) / mask.sum(1).clamp(min=1).unsqueeze(-1)
        whole = whole[:, None].expand(-1, count, -1)
        use = self.use(torch.cat([seen[:, :, -1], mentioned, whole], -1)).relu()
        power = torch.tanh(self.power(use).squeeze(-1).float())
        seen = seen[:, :, :-1]
        hidden = self.hidden(torch.cat([seen, whole.unsqueeze(2).expand_as(seen)], -1)) + self.hidden_step
        # Words and relation texts go through the same layer, so that like meets like before any training.
        query = seen + self.query(hidden.relu())
        named = self._read(batch.relation_state, None if words is None else batch.relation_words)
        keys = torch.cat([named, self.stay.to(own.dtype)])
        logits = LOGIT_BOUND * torch.tanh(query @ keys.T * own.shape[-1] ** -0.5)
        known = _known(batch)[:, None, None]
        return logits.float().masked_fill(~known, -1e4).softmax(-1), power * present

    def _look(self, own: Tensor, mask: Tensor, mentioned: Tensor, place: Tensor) -> Tensor:
        """What each walker reads of the question at each step, and at last for its power.

        A step knows what the one before it has read, and which words were read before.

        Shapes:
            own [b, t, inner], mask [b, t], mentioned [b, w, inner], place [b, w] -> [b, w, steps + 1, inner].
        """
        keys = self.attend(own).transpose(1, 2) * own.shape[-1] ** -0.5
        # Words near a concept say what is asked of it.
        away = torch.arange(own.shape[1], device=place.device) - place.unsqueeze(-1)
        near = self.near[:, away.clamp(-NEAR, NEAR) + NEAR]
        start, hidden = self.mention(mentioned), ~mask.unsqueeze(1)
        seen: list[Tensor] = []
        covered = torch.zeros_like(near[0], dtype=own.dtype)
        for k, step in enumerate(self.step):
            looking = start + step + (self.then(seen[-1]) if 0 < k < self.steps else 0.0)
            scores = looking @ keys + near[k] - self.past[k] * covered
            share = scores.masked_fill(hidden, -1e4).softmax(-1)
            seen.append(share @ own)
            covered = covered + share
        return torch.stack(seen, 2)

    def _mentions(self, batch: GraphBatch, own: Tensor, walker: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Of each walker: mean state of the tokens that name it, whether it is there, its first token's place."""
        sequence, token, node = batch.token_node
        named = (walker[node] >= 0) & (batch.sequence_option[sequence] < 0)
        token, node = token[named], node[named]
        size = batch.num_questions * count
        group = batch.node_question[node] * count + walker[node]
        seeds = (walker >= 0).nonzero().squeeze(-1)
        filled = segment_count(batch.node_question[seeds] * count + walker[seeds], size) > 0
        state = segment_mean(own[batch.node_question[node], token], group, size)
        first = torch.full((size,), _NOWHERE, device=token.device).scatter_reduce(0, group, token, "amin")
        shape = batch.num_questions, count
        return state.view(*shape, state.shape[-1]), filled.view(shape), first.view(shape)

    def _walk(self, batch: GraphBatch, start: Tensor, relation: Tensor) -> tuple[Tensor, Tensor]:
        """Mass after the last step, and the log of what found edges on the way. Shapes: [n, w], [b, w]."""
        source, target = batch.edge_index
        question, size = batch.node_question, batch.num_questions
        codes = relation.shape[-1]
        edge_code = question[source] * codes + batch.edge_relation
        # Edges of one relation at one node share what follows it, so that many are not more than all.
        _, same, count = torch.unique(source * codes + batch.edge_relation, return_inverse=True, return_counts=True)
        part = count[same].reciprocal().unsqueeze(-1)
        entered = torch.where(batch.node_role & ROLE_QUESTION > 0, RETURN, 1.0).unsqueeze(-1)
        home, moved = start, torch.zeros_like(start)  # what never left its concept is no answer
        flow = start.new_zeros(size, start.shape[1])
        for step in range(self.steps):
            share = relation[:, :, step].transpose(1, 2)  # [b, r + 1, w]
            edge_share = share.flatten(0, 1).index_select(0, edge_code)
            passed = (home + moved).index_select(0, source) * edge_share
            stay = share[:, -1].index_select(0, question)
            home, moved = home * stay, segment_sum(passed, target, home.shape[0]) * entered + moved * stay
            found = segment_sum(passed * part, question[source], size) + share[:, -1]
            flow = flow + found.clamp(EPSILON, 1.0).log()
            total = segment_sum(home + moved, question, size).clamp(min=EPSILON)
            home, moved = (mass / total.index_select(0, question) for mass in (home, moved))
        mass, total = _normalise(moved, question, size)
        return mass, flow + total.log()


def _start(batch: GraphBatch, walker: Tensor, count: int) -> Tensor:
    """Mass of each walker before its first step. Shape: [n, w]."""
    here = walker.unsqueeze(-1) == torch.arange(count, device=walker.device)
    prior = batch.node_prior.float().clamp(min=EPSILON).unsqueeze(-1)
    return _normalise(here * prior, batch.node_question, batch.num_questions)[0]


def _normalise(mass: Tensor, question: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Mass that sums to 1 over each question, and the sum before."""
    total = segment_sum(mass, question, size).clamp(min=EPSILON)
    return mass / total.index_select(0, question), total


def _meet(batch: GraphBatch, mass: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Product of the walkers' masses, each to its power, as a distribution over the question's nodes.

    Shapes:
        [n], and [b]: log of the product's sum over the walkers that do not exclude.
    """
    question, size = batch.node_question, batch.num_questions
    each = (mass + EPSILON).log()
    log_mass = (each * weight.index_select(0, question)).sum(-1)
    reached = (mass > 0).any(-1) & (weight != 0).any(-1).index_select(0, question)
    best = segment_max(log_mass.detach().masked_fill(~reached, -1e4), question, size)
    met, _ = _normalise((log_mass - best.index_select(0, question)).clamp(max=0).exp() * reached, question, size)
    wanted = (each * weight.clamp(min=0).index_select(0, question)).sum(-1)
    return met, segment_sum(wanted.exp() * reached, question, size).clamp(min=EPSILON).log().clamp(max=0)


def _known(batch: GraphBatch) -> Tensor:
    """Which relation codes each question's graph knows; "stay" is always there. Shape: [b, r + 1] bool."""
    codes = batch.relation_state.shape[0]
    known = torch.zeros(batch.num_questions, codes + 1, dtype=torch.bool, device=batch.edge_relation.device)
    known[:, -1] = True
    known[batch.question_code[0], batch.question_code[1]] = True
    return known
