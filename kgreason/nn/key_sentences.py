"""The sentences that a context was read for."""

from __future__ import annotations

from torch import Tensor

from kgreason.nn.model import ReasoningModel
from kgreason.records import KeySentence, Question

__all__ = ["key_sentences"]


def key_sentences(
    model: ReasoningModel, question: Question, weight: Tensor | None, limit: int = 3
) -> tuple[KeySentence, ...]:
    """The sentences of a question's context that were read most, best first, with where they stand.

    Args:
        model: which read the context.
        question: with a context or without one.
        weight: how much each of the question's own sequences was read, the question's first; None where nothing was.
        limit: how many sentences.

    Returns:
        Their weights are as they were read, 1 over all; none without a context.

    Shapes:
        weight [1 + sentences].
    """
    if not question.context or weight is None or not weight[1:].any():
        return ()
    spans = model.collator().spans(question.context)
    best = weight[1 : 1 + len(spans)].argsort(descending=True, stable=True)[:limit].tolist()
    found = ((question.context[slice(*spans[i])], spans[i][0], float(weight[1 + i])) for i in best)
    return tuple(KeySentence(text, start, read) for text, start, read in found if read > 0)
