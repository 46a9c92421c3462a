"""The sentences of a context that were read most, with where they stand."""

from __future__ import annotations

from itertools import islice

import torch
from torch import Tensor

from kgreason.language.sentences import sentence_spans
from kgreason.nn.model import ReasoningModel
from kgreason.records import KeySentence, Question

__all__ = ["key_sentences"]

#: Sentences that are read once more, one by one, to tell them apart.
MOST = 64


@torch.inference_mode()
def key_sentences(
    model: ReasoningModel, question: Question, weight: Tensor | None, limit: int = 3
) -> tuple[KeySentence, ...]:
    """The sentences that a question's context was read for.

    The chunks that entered the question's vector are cut into their sentences, and each of these is read as a context
    of its own: how much it would enter says which of them the chunk was read for.

    Args:
        model: which read the context.
        question: with a context or without one.
        weight: how much each sequence of the question entered its vector, the question's own first; None where nothing
            was read.
        limit: how many sentences.

    Returns:
        The best ones, best first, with weights that sum to 1 over all that were compared; none without a context.

    Shapes:
        weight [1 + chunks].
    """
    if not question.context or weight is None:
        return ()
    context = question.context
    spans, held = model.collator().spans(context), sentence_spans(context)
    order = weight[1 : 1 + len(spans)].argsort(descending=True, stable=True).tolist()
    read = (spans[i] for i in order if weight[1 + i] > 0)
    met = ((start, end) for first, last in read for start, end in held if start < last and first < end)
    chosen = list(islice(dict.fromkeys(met), MOST))
    if not chosen:
        return ()
    alone = [Question(question.text, task="open", context=context[start:end]) for start, end in chosen]
    batch = model.collator()([(each, None) for each in alone]).to(model.device)
    entered = model(batch).sentence
    own = (batch.sequence_option < 0).nonzero().squeeze(-1)
    of = batch.sequence_question[own]
    first = torch.full((len(alone),), len(entered), device=of.device).scatter_reduce(0, of, own, "amin")
    # The question competes with every one of them, so that odds compare them.
    odds = torch.logit(1 - entered[first].double(), eps=1e-12).softmax(0).tolist()
    best = sorted(range(len(chosen)), key=lambda i: -odds[i])[:limit]
    return tuple(KeySentence(alone[i].context or "", chosen[i][0], odds[i]) for i in best)
