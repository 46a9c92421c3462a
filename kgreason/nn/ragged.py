"""Ragged rows as dense blocks: ranks within groups, rows side by side, a question's tokens."""

from __future__ import annotations

import torch
from torch import Tensor

from kgreason.nn.batch import GraphBatch

__all__ = ["question_tokens", "rank_within", "to_dense"]


def rank_within(group: Tensor, size: int, score: Tensor | None = None) -> Tensor:
    """Place of each row among the rows of its group: in the order they come, or by falling score, ties as they come.

    Shapes:
        group [m], score [m] -> [m] int64.
    """
    place = torch.arange(len(group), device=group.device)
    order = place if score is None else score.argsort(descending=True, stable=True)
    order = order[group[order].argsort(stable=True)]
    count = torch.bincount(group, minlength=size)
    start = count.cumsum(0) - count
    return torch.empty_like(place).scatter(0, order, place - start[group[order]])


def to_dense(values: Tensor, group: Tensor, size: int, rank: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Rows of each group side by side, zero padded, and the mask of what is real.

    Shapes:
        values [m, ...], group [m], rank [m] (place within the group) -> [size, longest, ...], [size, longest] bool.
    """
    if rank is None:
        rank = rank_within(group, size)
    longest = int(rank.max()) + 1 if len(rank) else 0
    place = group * longest + rank
    dense = values.new_zeros(size * longest, *values.shape[1:]).index_copy(0, place, values)
    mask = torch.zeros(size * longest, dtype=torch.bool, device=values.device)
    mask[place] = True
    return dense.view(size, longest, *values.shape[1:]), mask.view(size, longest)


def question_tokens(tokens: Tensor, batch: GraphBatch) -> tuple[Tensor, Tensor]:
    """Tokens of each question itself, without those of its context, and the mask of what is no padding.

    Shapes:
        tokens [s, l, d] -> [b, l, d], [b, l] bool.
    """
    asking = batch.asking
    return tokens[asking], batch.attention_mask[batch.sequence_text[asking]].bool()
