"""Scores of many questions, in batches of like length, as plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from kgreason.nn.batch import Collator, Item
from kgreason.nn.model import ReasoningModel

__all__ = ["Prediction", "predict"]

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class Prediction:
    """Scores of one question's options.

    Shapes:
        logits, text, paths, graph [o]; affect [4] or None; features [f] (what the gate reads; None without K).
    """

    logits: Floats
    text: Floats
    paths: Floats
    graph: Floats
    gate: float
    affect: Floats | None
    features: Floats | None


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
    order = sorted(range(len(items)), key=lambda i: len(items[i][0].text) + len(items[i][0].hypothesis or ""))
    collate, found = model.collator(), dict[int, Prediction]()
    training, before = model.training, model.backbone.autocast
    model.eval()
    model.backbone.autocast = autocast
    try:
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            found.update(zip(rows, _batch(model, collate, [items[i] for i in rows]), strict=True))
            if progress is not None:
                progress(min(start + batch_size, len(order)), len(order))
    finally:
        model.train(training)
        model.backbone.autocast = before
    return [found[i] for i in range(len(items))]


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
    found, end = [], 0
    for b, (question, _) in enumerate(items):
        rows = slice(end, end := end + len(question.options))
        own = None if affect is None else affect[b]
        read = None if features is None else features[b]
        found.append(Prediction(logits[rows], text[rows], paths[rows], graph[rows], float(gate[b]), own, read))
    return found
