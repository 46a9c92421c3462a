"""One model on one file, beside itself with the graph switched off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np
import torch

from kgreason.config import RetrievalConfig
from kgreason.graph import KnowledgeGraph
from kgreason.metrics import best_rank, hits_at_k, wilson_interval
from kgreason.nn.batch import Item
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import Prediction, predict
from kgreason.records import Question
from kgreason.retrieval import Pairs
from kgreason.training.report import report

__all__ = ["evaluate"]

Progress = Callable[[str, int, int], None]


def evaluate(
    model: ReasoningModel,
    questions: Sequence[Question],
    graph: KnowledgeGraph | None,
    *,
    name: str = "",
    config: RetrievalConfig | None = None,
    autocast: torch.dtype | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Figures of a model on questions of one task.

    Args:
        model: a trained model.
        questions: with their truth.
        graph: the graph, or None.
        name: how the result calls the questions.
        config: of the retrieval.
        autocast: type in which M runs; None for float32.
        progress: called with (stage, done, total).

    Returns:
        file, task, n, seconds, the figures of :func:`kgreason.training.report.report`, for single choice also ci95
        (Wilson) and hits, and under ``text`` the same figures of the same model without the graph.
    """
    start = perf_counter()
    found = _figures(model, questions, Pairs(questions, graph, config, progress), autocast, progress)
    seconds = perf_counter() - start
    text = found if graph is None else _figures(model, questions, Pairs(questions), autocast, progress)
    head = {"file": name, "task": questions[0].task, "n": len(questions)}
    return {**head, **found, "seconds": round(seconds, 2), "text": text}


def _figures(
    model: ReasoningModel,
    questions: Sequence[Question],
    items: Sequence[Item],
    autocast: torch.dtype | None,
    progress: Progress | None,
) -> dict[str, Any]:
    stage = "scoring"
    predictions = predict(
        model,
        items,
        autocast=autocast,
        progress=None if progress is None else lambda done, total: progress(stage, done, total),
    )
    settings = model.settings
    found: dict[str, Any] = dict(
        report(questions, predictions, temperature=settings.temperature, threshold=settings.threshold)
    )
    single = [(q, p) for q, p in zip(questions, predictions, strict=True) if q.answer is not None and not q.multi_label]
    if single:
        found |= _choices(single)
    return found


def _choices(rows: Sequence[tuple[Question, Prediction]]) -> dict[str, Any]:
    """Interval and hits of single choice."""
    right = sum(int(p.logits.argmax()) == q.answer for q, p in rows)
    ranks = np.array([best_rank(p.logits, np.arange(len(p.logits)) == q.answer) for q, p in rows])
    low, high = wilson_interval(right, len(rows))
    return {"ci95": [low, high], "hits": {str(k): hits_at_k(ranks, k) for k in (1, 3, 10)}}
