"""What training minimises, read off Scores and labels."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from kgreason.nn.batch import TASKS, GraphBatch
from kgreason.nn.paths import FLOOR
from kgreason.nn.segment import segment_log_softmax, segment_max, segment_sum
from kgreason.nn.state import Scores

__all__ = ["GRAPH_WEIGHT", "LEAST", "VAD_VARIANCE", "Counts", "Losses", "judged", "losses"]

#: Weight of the graph parts' own loss.
GRAPH_WEIGHT = 0.3
#: Weight of the mass that the follower loses where no edge is. Mass is made whole again at every step, so that without
#: it half of it may follow a relation that few training questions have, and mislead where another question has it.
LOST_WEIGHT = 0.3
#: Weight of the follower's own loss. Options are told apart by a hundredth of the mass, and node states help open
#: answers along, so that without it most of the mass may stay one step before the answer.
ALONE_WEIGHT = 0.5
#: Squared errors of affect count in units of a corpus's spread (EmoBank: standard deviation near 0.1 of the scale).
VAD_VARIANCE = 0.01
#: Log-probability below which an answer's loss grows no further.
LEAST = -20.0


class Losses(NamedTuple):
    """Mean losses of a batch; ``total`` is what is minimised, a part without samples is 0."""

    total: Tensor
    answer: Tensor
    graph: Tensor
    given: Tensor
    open: Tensor
    alone: Tensor
    lost: Tensor
    affect: Tensor


class Counts(NamedTuple):
    """Over how many questions each part of the loss is a mean: those of a whole step, where it is read in parts."""

    answer: float
    given: float
    open: float
    right: float
    lost: float
    affect: float

    @classmethod
    def of(cls, batch: GraphBatch) -> Counts:
        """Those of a batch."""
        asked = batch.question_task == TASKS.index("open")
        nothing = torch.zeros_like(asked)
        opened = nothing.index_fill(0, batch.node_question[batch.node_gold], True) & asked
        right = nothing.index_fill(0, batch.node_question[_right_nodes(batch)], True)
        known = ~batch.vad.isnan().any(-1)
        parts = (judged(batch), judged(batch, given=True), opened, right, _held(batch) | opened, known)
        return cls(*(int(part.sum()) for part in parts))

    def share(self, whole: Counts) -> Counts:
        """What each part of a batch counts in that of the whole step."""
        return Counts(*(own / max(of, 1) for own, of in zip(self, whole, strict=True)))


def judged(batch: GraphBatch, *, given: bool = False) -> Tensor:
    """Questions whose options are right or wrong for all we know: those without facts of their own, or those with.

    Shapes:
        -> [b] bool.
    """
    known = batch.labels >= 0
    several = batch.option_question[~batch.target.isnan()]
    return known.index_fill(0, several, True) & (batch.question_given == given)


def losses(scores: Scores, batch: GraphBatch, whole: Counts | None = None) -> Losses:
    """Cross-entropy over options, or one sigmoid per option; the graph parts' own; open answers; error of affect.

    A question that brings facts of its own is a question about them: there the graph parts alone are trained, at full
    weight, so that the text learns nothing from answers that it cannot know. The loss of an open question is −log of
    the probability on its right answers, where the graph holds one. Of both, the mass that the path follower loses
    counts too: the relations that it follows are those of the question, and edges of them are there; and so does the
    mass that it brings to the right answers.

    Args:
        scores: of the batch.
        batch: with labels (−100: none), target and vad (NaN: none), node_gold.
        whole: counts of the step that this batch is a part of, so that the losses of its parts add up to its own.

    Returns:
        answer + 0.3 · graph + given + open + 0.5 · alone + 0.3 · lost + affect, and the seven apart.
    """
    given = batch.question_given
    answer = _answer_loss(scores.logits, batch, ~given)
    zero = answer.new_zeros(())
    graph = scores.paths + scores.graph
    own, from_given = (
        (_answer_loss(graph, batch, ~given), _answer_loss(graph, batch, given)) if graph.requires_grad else (zero, zero)
    )
    opened = zero if scores.node is None else _open_loss(scores.node, batch, scores.node)
    right, reached = (zero, zero) if scores.mass is None or not scores.mass.requires_grad else _alone(scores, batch)
    lost = zero if scores.flow is None or not scores.flow.requires_grad else _lost(scores, batch)
    affect = zero
    known = ~batch.vad.isnan().any(-1)
    if scores.affect is not None and known.any():
        affect = nn.functional.mse_loss(scores.affect[known, :3], batch.vad[known]) / VAD_VARIANCE
    if whole is not None:
        of = Counts.of(batch).share(whole)
        answer, own, from_given = of.answer * answer, of.answer * own, of.given * from_given
        opened, reached, right = of.open * opened, of.open * reached, of.right * right
        lost, affect = of.lost * lost, of.affect * affect
    alone = right + reached
    total = answer + GRAPH_WEIGHT * own + from_given + opened + ALONE_WEIGHT * alone + LOST_WEIGHT * lost + affect
    return Losses(total, answer, own, from_given, opened, alone, lost, affect)


def _answer_loss(logits: Tensor, batch: GraphBatch, among: Tensor) -> Tensor:
    """Mean over those of some questions whose truth is known. Shapes: logits [o], among [b] bool -> []."""
    total, count = logits.new_zeros(()), 0
    single = (batch.labels >= 0) & among
    if single.any():
        log_p = segment_log_softmax(logits, batch.option_question, batch.num_questions)
        first = torch.searchsorted(batch.option_question, torch.arange(batch.num_questions, device=logits.device))
        total = total - log_p[(first + batch.labels)[single]].sum()
        count += int(single.sum())
    known = ~batch.target.isnan() & among[batch.option_question]
    if known.any():
        each = nn.functional.binary_cross_entropy_with_logits(logits[known], batch.target[known], reduction="none")
        total = total + each.sum()
        count += len(torch.unique(batch.option_question[known]))
    return total / max(count, 1)


def _open_loss(log_p: Tensor, batch: GraphBatch, node: Tensor) -> Tensor:
    """Mean of −log Σ p over the right answers of each open question that has one. Shapes: log_p, node [n] -> []."""
    return _mass_loss(log_p, (batch.node_gold & node.isfinite()).nonzero().squeeze(1), batch.node_question)


def _mass_loss(log_p: Tensor, rows: Tensor, question: Tensor) -> Tensor:
    """Mean of −log Σ p over some rows of each question with any. Shapes: log_p [n], rows [k], question [n] -> []."""
    if not len(rows):
        return log_p.new_zeros(())
    asked, count = torch.unique(question[rows], return_inverse=True)
    chosen, size = log_p[rows], len(asked)
    most = segment_max(chosen.detach(), count, size)
    together = most + segment_sum((chosen - most[count]).exp(), count, size).log()
    return -together.clamp(min=LEAST).mean()


def _alone(scores: Scores, batch: GraphBatch) -> tuple[Tensor, Tensor]:
    """Means of −log of the mass on right answers.

    Of questions with facts of their own, and of open ones that node states answer too. Other concepts may be right
    beside the right option; that costs the same whatever is followed.
    """
    assert scores.mass is not None
    log_mass = (scores.mass + FLOOR).log()
    right, reached = _mass_loss(log_mass, _right_nodes(batch), batch.node_question), log_mass.new_zeros(())
    if scores.node is not None and scores.graph.requires_grad:
        reached = _open_loss(log_mass, batch, scores.node)
    return right, reached


def _held(batch: GraphBatch) -> Tensor:
    """Questions whose own facts hold the answer. Shapes: -> [b] bool."""
    return batch.question_given & (batch.labels >= 0)


def _right_nodes(batch: GraphBatch) -> Tensor:
    """Nodes of the right options of such questions. Shapes: -> [k]."""
    first = torch.searchsorted(batch.option_question, torch.arange(batch.num_questions, device=batch.labels.device))
    option, node = batch.option_node
    owner = batch.option_question[option]
    return node[_held(batch)[owner] & (option == (first + batch.labels)[owner])]


def _lost(scores: Scores, batch: GraphBatch) -> Tensor:
    """Mean of −log of the mass that found edges, over questions whose answer the graph is known to hold."""
    assert scores.flow is not None
    held = _held(batch)
    if scores.node is not None:
        held = held.index_fill(0, batch.node_question[batch.node_gold & scores.node.isfinite()], True)
    return -scores.flow[held].clamp(min=LEAST).mean() if held.any() else scores.flow.new_zeros(())
