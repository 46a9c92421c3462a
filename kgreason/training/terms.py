"""What a run adds to the losses of a batch: terms of their own, each of which may bring questions into the batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from torch import Tensor

from kgreason.nn.batch import GraphBatch, Item
from kgreason.training.config import RunConfig
from kgreason.training.consistency import consistency_loss, linked
from kgreason.training.counterfactual import Retrieve, mirrored, twin_loss
from kgreason.training.distillation import count_taught, distillation_loss, taught

__all__ = ["Term", "terms"]


@dataclass(frozen=True)
class Term:
    """One of them.

    Args:
        name: of its tensor beside the batch.
        weight: of its loss.
        join: from the samples of a batch and the place behind them: what to add there, and the tensor.
        count: over how many of a batch its loss is a mean.
        loss: from the logits of a batch, the batch and the tensor.
    """

    name: str
    weight: float
    join: Callable[[Sequence[Item], int], tuple[list[Item], Tensor]]
    count: Callable[[GraphBatch, Tensor], int]
    loss: Callable[[Tensor, GraphBatch, Tensor], Tensor]


def terms(run: RunConfig, retrieve: Retrieve) -> list[Term]:
    """Those that a run asks for.

    Args:
        run: its configuration.
        retrieve: reads the run's graph for a question that a term brings.
    """
    found = []
    if run.consistency:
        found.append(Term("links", run.consistency, _linked, _columns, consistency_loss))
    if run.bias:
        found.append(Term("twins", run.bias, partial(mirrored, retrieve=retrieve), _columns, twin_loss))
    if run.distill.on:
        loss = partial(distillation_loss, temperature=run.distill.temperature)
        found.append(Term("taught", run.distill.weight, _taught, count_taught, loss))
    return found


def _linked(items: Sequence[Item], start: int) -> tuple[list[Item], Tensor]:
    more, links = linked([question for question, _ in items], start)
    return [(question, None) for question in more], links


def _taught(items: Sequence[Item], start: int) -> tuple[list[Item], Tensor]:
    return [], taught([question for question, _ in items])


def _columns(batch: GraphBatch, tensor: Tensor) -> int:
    return tensor.shape[1]
