"""Training against bias: a question and its twin about another group of people are to be answered alike.

Counterfactual logit pairing (Garg et al. 2019, "Counterfactual Fairness in Text Classification through Robustness",
section 4.4), here by the symmetric divergence between the probabilities.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from kgreason.nn.batch import GraphBatch, Item
from kgreason.nn.segment import segment_log_softmax
from kgreason.records import Question
from kgreason.tasks.swaps import twins

__all__ = ["Retrieve", "mirrored", "twin_loss"]

Retrieve = Callable[[Question], Item]


def mirrored(items: Sequence[Item], start: int, retrieve: Retrieve) -> tuple[list[Item], Tensor]:
    """A twin for each question of a batch that has any, without labels; of several, batch mates take turns.

    Questions that bring facts of their own have none: a name in them is that of a concept.

    Args:
        items: of the batch.
        start: place of what is added to it.
        retrieve: reads the graph for a twin; where the question is read without, so is its twin.

    Returns:
        What to add to the batch, and which of its questions are twins.

    Shapes:
        pairs [2, k] int64: question and twin by their places in the batch.
    """
    more: list[Item] = []
    pairs: list[tuple[int, int]] = []
    for place, (question, subgraph) in enumerate(items):
        if question.facts or not (found := twins(question)):
            continue
        _, twin = found[len(more) % len(found)]
        twin = replace(twin, answer=None, vad=None, extra={})
        pairs.append((place, start + len(more)))
        more.append((twin, None) if subgraph is None else retrieve(twin))
    return more, torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2).T


def twin_loss(logits: Tensor, batch: GraphBatch, pairs: Tensor) -> Tensor:
    """Mean over pairs of KL(question, twin) + KL(twin, question). Shapes: logits [o], pairs [2, k] -> []."""
    if not pairs.shape[1]:
        return logits.new_zeros(())
    log_p = segment_log_softmax(logits, batch.option_question, batch.num_questions)
    first, second = (torch.cat([(batch.option_question == b).nonzero().squeeze(1) for b in side]) for side in pairs)
    one, other = log_p[first], log_p[second]
    return ((one.exp() - other.exp()) * (one - other)).sum() / pairs.shape[1]
