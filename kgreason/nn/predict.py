"""Scores of many questions, in batches of like length, as plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from kgreason.nn.batch import Collator, GraphBatch, Item
from kgreason.nn.model import ReasoningModel
from kgreason.nn.state import Scores
from kgreason.retrieval import questions_of

__all__ = ["Prediction", "RankedNodes", "predict", "rank_nodes"]

Floats = npt.NDArray[np.float32]
#: Answers of an open question that are kept, and characters of contexts that a batch reads at most.
BEST, CONTEXT_CHARACTERS = 128, 100_000


@dataclass(frozen=True, eq=False, slots=True)
class RankedNodes:
    """The likeliest answers of an open question, best first.

    Shapes:
        node [k] int64 (in the question's subgraph), log_p [k], right [k] bool; answerable in 0..1; doubts [f].
    """

    node: npt.NDArray[np.int64]
    log_p: Floats
    right: npt.NDArray[np.bool_]
    answerable: float
    doubts: Floats


@dataclass(frozen=True, eq=False, slots=True)
class Prediction:
    """Scores of one question's options.

    Shapes:
        logits, text, paths, graph [o]; affect [4] or None; features [f] (what the gate reads; None without K); nodes,
        of an open question for which K found any.
    """

    logits: Floats
    text: Floats
    paths: Floats
    graph: Floats
    gate: float
    affect: Floats | None
    features: Floats | None
    nodes: RankedNodes | None = None


def predict(
    model: ReasoningModel,
    items: Sequence[Item],
    *,
    batch_size: int = 32,
    autocast: torch.dtype | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Prediction]:
    """Score questions with their subgraphs.

    Args:
        model: in any mode; it is in evaluation mode while scoring and as before after.
        items: (question, subgraph or None).
        batch_size: questions a batch.
        autocast: type in which M runs; None for float32.
        progress: called with (done, total) after each batch.

    Returns:
        One prediction an item, in the order of the items.
    """
    questions = questions_of(items)
    length = [len(question.text) + len(question.hypothesis or "") for question in questions]
    order = sorted(range(len(items)), key=length.__getitem__)
    collate, found = model.collator(), dict[int, Prediction]()
    training, before = model.training, model.backbone.autocast
    model.eval()
    model.backbone.autocast = autocast
    try:
        with model.backbone.cast():
            for rows in _parts(order, [len(question.context or "") for question in questions], batch_size):
                found.update(zip(rows, _batch(model, collate, [items[i] for i in rows]), strict=True))
                if progress is not None:
                    progress(len(found), len(order))
    finally:
        model.train(training)
        model.backbone.autocast = before
    return [found[i] for i in range(len(items))]


def _parts(order: Sequence[int], context: Sequence[int], size: int) -> Iterator[list[int]]:
    """Rows of batches: so many questions, and fewer where their contexts are long."""
    part: list[int] = []
    held = 0
    for row in order:
        if part and (len(part) == size or held + context[row] > CONTEXT_CHARACTERS):
            yield part
            part, held = [], 0
        part.append(row)
        held += context[row]
    if part:
        yield part


@torch.inference_mode()
def _batch(model: ReasoningModel, collate: Collator, items: Sequence[Item]) -> list[Prediction]:
    batch = collate(items).to(model.device)
    scores = model(batch)
    logits, text, paths, graph = (
        t.float().cpu().numpy() for t in (scores.logits, scores.text, scores.paths, scores.graph)
    )
    affect = scores.affect.float().cpu().numpy() if scores.affect is not None else None
    features = scores.features.float().cpu().numpy() if scores.features is not None else None
    gate = scores.gate.float().cpu().numpy()
    ranked = rank_nodes(scores, batch)
    found, end = [], 0
    for b, (question, _) in enumerate(items):
        rows = slice(end, end := end + len(question.options))
        own = None if affect is None else affect[b]
        read = None if features is None else features[b]
        found.append(
            Prediction(logits[rows], text[rows], paths[rows], graph[rows], float(gate[b]), own, read, ranked[b])
        )
    return found


def rank_nodes(scores: Scores, batch: GraphBatch) -> list[RankedNodes | None]:
    """The best nodes of every open question in a batch; None for the other questions, and where there is no node."""
    if scores.node is None or scores.answerable is None or scores.doubts is None:
        return [None] * batch.num_questions
    log_p, right, owner = scores.node.float().cpu().numpy(), batch.node_gold.cpu().numpy(), batch.node_question.cpu()
    ends = np.searchsorted(owner.numpy(), np.arange(batch.num_questions + 1))
    answerable, doubts = scores.answerable.float().cpu().numpy(), scores.doubts.float().cpu().numpy()
    found: list[RankedNodes | None] = []
    for b in range(batch.num_questions):
        own = log_p[ends[b] : ends[b + 1]]
        best = np.argsort(-own, kind="stable")[:BEST]
        best = best[np.isfinite(own[best])]
        gold = right[ends[b] : ends[b + 1]][best]
        found.append(RankedNodes(best, own[best], gold, float(answerable[b]), doubts[b]) if len(best) else None)
    return found
