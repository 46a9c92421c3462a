"""The model with one of its faculties switched off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch

from kgreason.nn.batch import Item
from kgreason.nn.model import ReasoningModel

__all__ = ["FACULTIES", "stripped", "takes_part", "without"]

#: What can be switched off: without K no graph is read, without E no affect, without C no context, nor do options see
#: one another, without R no proof counts.
FACULTIES = ("K", "E", "C", "R")


def takes_part(model: ReasoningModel, faculty: str, item: Item) -> bool:
    """Whether a faculty of a model can bear on what is chosen for a question."""
    question, subgraph = item
    if faculty == "K":
        return model.knowledge is not None and subgraph is not None and len(subgraph) > 0
    if faculty == "E":
        return model.emotion is not None and question.task == "emotion" and bool(question.options)
    if faculty == "C":
        several = len(question.options) > 1 and bool(model.context.options.gate != 0)
        return question.context is not None or several
    return bool(question.proofs)


@contextmanager
def without(model: ReasoningModel, faculty: str) -> Iterator[None]:
    """The model with a faculty off, for as long as the block lasts.

    M always reads, and R always scores: of R what is switched off is that proofs settle options, see
    :func:`stripped`, which takes from a question what the faculty would have read.
    """
    emotion, gate = model.emotion, model.context.options.gate
    learned = gate.detach().clone()
    try:
        if faculty == "E":
            model.emotion = None
        if faculty == "C":
            with torch.no_grad():
                gate.zero_()
        yield
    finally:
        model.emotion = emotion
        with torch.no_grad():
            gate.copy_(learned)


def stripped(item: Item, faculty: str) -> Item:
    """A question without what a faculty reads of it."""
    question, subgraph = item
    if faculty == "K":
        return question, None
    if faculty == "C":
        return replace(question, context=None), subgraph
    return (replace(question, proofs=()), subgraph) if faculty == "R" else item
