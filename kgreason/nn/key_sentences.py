"""The sentences of a context that were read most, with where they stand."""

from __future__ import annotations

import torch
from torch import Tensor

from kgreason.language.sentences import sentence_spans
from kgreason.nn.model import ReasoningModel
from kgreason.records import KeySentence, Question

__all__ = ["key_sentences"]

#: Sentences that are read once more, one by one, to tell them apart.
MOST = 64


@torch.inference_mode()
def key_sentences(model: ReasoningModel, question: Question, weight: Tensor, limit: int = 3) -> tuple[KeySentence, ...]:
    """The sentences that a question's context was read for.

    The chunks that entered the question's vector are cut into their sentences, and each of these is read as a context
    of its own: how much it would enter says which of them the chunk was read for.

    Args:
        model: which read the context.
        question: with a context.
        weight: how much each sequence of the question entered its vector, the question's own first.
        limit: how many sentences.

    Returns:
        The best ones, best first, with weights that sum to 1 over all that were compared.

    Shapes:
        weight [1 + chunks].
    """
    context = question.context or ""
    spans = model.collator().spans(context)
    order = weight[1 : 1 + len(spans)].argsort(descending=True, stable=True).tolist()
    read = [spans[i] for i in order if weight[1 + i] > 0]
    held = sentence_spans(context)
    chosen = [(start, end) for start, end in held if any(start < last and first < end for first, last in read)][:MOST]
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
