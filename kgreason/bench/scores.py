"""What a model's answers to the questions of a fold are worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from kgreason.metrics import expected_calibration_error, first_hit, hits_at_k
from kgreason.nn.batch import Item
from kgreason.nn.confidence import confidence
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import predict
from kgreason.training.calibration import without_answers
from kgreason.training.report import answer_rank, open_f1, open_questions

__all__ = ["Scored", "auroc", "calibration_bins", "pooled_ece", "score_choices", "score_open"]

BINS = 15
#: Questions, half of them robbed of their answers, on which abstention is judged.
DOUBTED = 500
HITS = (1, 3, 10)


@dataclass(frozen=True, eq=False)
class Scored:
    """Answers to the questions of a fold.

    Args:
        figures: JSON-ready, what is kept beside the main figure.

    Shapes:
        right [n] bool, logits [n, o] float32 (missing options NaN; of open questions the best nodes).
    """

    right: npt.NDArray[np.bool_]
    logits: npt.NDArray[np.float32]
    figures: dict[str, Any]


def score_choices(
    model: ReasoningModel,
    items: Sequence[Item],
    autocast: torch.dtype | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Scored:
    """Choice questions: whether the highest score is that of the right option, and how sure the model was."""
    predictions = predict(model, items, autocast=autocast, progress=progress)
    questions = [question for question, _ in items]
    logits = np.full((len(items), max(len(p.logits) for p in predictions)), np.nan, np.float32)
    for row, prediction in zip(logits, predictions, strict=True):
        row[: len(prediction.logits)] = prediction.logits
    right = np.array([int(p.logits.argmax()) == q.answer for p, q in zip(predictions, questions, strict=True)])
    temperature = model.settings.temperature
    sure = np.array([confidence(q, p.logits, temperature).max() for p, q in zip(predictions, questions, strict=True)])
    figures = {
        "ece": round(expected_calibration_error(sure, right, bins=BINS), 4),
        "bins": calibration_bins(sure, right),
        "gate": round(float(np.mean([p.gate for p in predictions])), 4),
    }
    return Scored(right, logits, figures)


def score_open(
    model: ReasoningModel,
    items: Sequence[Item],
    autocast: torch.dtype | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Scored:
    """Open questions: whether the best node is a right answer, hits further down, sets, and how well it abstains."""
    predictions = predict(model, items, autocast=autocast, progress=progress)
    questions = [question for question, _ in items]
    places = [answer_rank(prediction) for prediction in predictions]
    logits = np.full((len(items), HITS[-1]), np.nan, np.float32)
    for row, prediction in zip(logits, predictions, strict=True):
        if prediction.nodes is not None:
            best = prediction.nodes.log_p[: len(row)]
            row[: len(best)] = best
    figures: dict[str, Any] = {f"hits{k}": round(100 * hits_at_k(places, k), 3) for k in HITS}
    found = [p.nodes for p in predictions if p.nodes is not None]
    figures["hits1_shared"] = round(100 * sum(first_hit(n.log_p, n.right) for n in found) / len(predictions), 3)
    threshold = model.settings.threshold.get("open", 1.0)
    figures["set_f1"] = round(100 * open_f1(open_questions(questions, predictions), threshold), 3)
    figures["auroc"] = _abstention(model, items[:DOUBTED], autocast)
    return Scored(np.array(places) == 1, logits, figures)


def _abstention(model: ReasoningModel, items: Sequence[Item], autocast: torch.dtype | None) -> float | None:
    """How well answerable questions are told from those whose answers are taken out of the graph, half of them each."""
    held = [item for item in items if item[1] is not None and len(item[1].gold)]
    mixed = [without_answers(item) if number % 2 else item for number, item in enumerate(held)]
    if len(mixed) < 2:
        return None
    sure = [0.0 if p.nodes is None else p.nodes.answerable for p in predict(model, mixed, autocast=autocast)]
    return round(auroc(np.array(sure), np.arange(len(mixed)) % 2 == 0), 4)


def auroc(score: npt.NDArray[np.float64], positive: npt.NDArray[np.bool_]) -> float:
    """Share of pairs of a positive and a negative sample in which the positive one scores higher; ties count half.

    Shapes:
        score [n], positive [n].

    Example:
        >>> auroc(np.array([0.9, 0.4, 0.4, 0.1]), np.array([True, True, False, False]))
        0.875
    """
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    ones = int(positive.sum())
    return float((rank[positive].sum() - ones * (ones + 1) / 2) / (ones * (len(score) - ones)))


def calibration_bins(sure: npt.NDArray[np.float64], right: npt.NDArray[np.bool_]) -> list[float]:
    """Sum of (right − confidence) over each bin, which is what an error pooled over rows needs."""
    edges = np.linspace(0, 1, BINS + 1)
    bin_of = np.maximum(np.searchsorted(edges, sure, side="left") - 1, 0)
    return [round(float(gap), 3) for gap in np.bincount(bin_of, weights=right - sure, minlength=BINS)]


def pooled_ece(bins: Sequence[Sequence[float]], n: int) -> float:
    """Expected calibration error of rows taken together. Shapes: bins [rows, BINS]."""
    return float(np.abs(np.sum(bins, axis=0)).sum() / n)
