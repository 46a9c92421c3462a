"""What training minimises, read off Scores and labels."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from kgreason.nn.batch import GraphBatch
from kgreason.nn.segment import segment_log_softmax
from kgreason.nn.state import Scores

__all__ = ["GRAPH_WEIGHT", "VAD_VARIANCE", "Losses", "losses"]

#: Weight of the graph parts' own loss.
GRAPH_WEIGHT = 0.3
#: Squared errors of affect count in units of a corpus's spread (EmoBank: standard deviation near 0.1 of the scale).
VAD_VARIANCE = 0.01


class Losses(NamedTuple):
    """Mean losses of a batch; ``total`` is what is minimised, a part without samples is 0."""

    total: Tensor
    answer: Tensor
    graph: Tensor
    affect: Tensor


def losses(scores: Scores, batch: GraphBatch) -> Losses:
    """Cross-entropy over options, or one sigmoid per option; the graph parts' own; squared error of affect.

    Args:
        scores: of the batch.
        batch: with labels (−100: none), target and vad (NaN: none).

    Returns:
        answer + 0.3 · graph + affect, and the three apart.
    """
    answer = _answer_loss(scores.logits, batch)
    graph = scores.paths + scores.graph
    own = _answer_loss(graph, batch) if graph.requires_grad else answer.new_zeros(())
    affect = answer.new_zeros(())
    known = ~batch.vad.isnan().any(-1)
    if scores.affect is not None and known.any():
        affect = nn.functional.mse_loss(scores.affect[known, :3], batch.vad[known]) / VAD_VARIANCE
    return Losses(answer + GRAPH_WEIGHT * own + affect, answer, own, affect)


def _answer_loss(logits: Tensor, batch: GraphBatch) -> Tensor:
    """Mean over the questions whose truth is known. Shapes: logits [o] -> []."""
    total, count = logits.new_zeros(()), 0
    single = batch.labels >= 0
    if single.any():
        log_p = segment_log_softmax(logits, batch.option_question, batch.num_questions)
        first = torch.searchsorted(batch.option_question, torch.arange(batch.num_questions, device=logits.device))
        total = total - log_p[(first + batch.labels)[single]].sum()
        count += int(single.sum())
    known = ~batch.target.isnan()
    if known.any():
        each = nn.functional.binary_cross_entropy_with_logits(logits[known], batch.target[known], reduction="none")
        total = total + each.sum()
        count += len(torch.unique(batch.option_question[known]))
    return total / max(count, 1)
