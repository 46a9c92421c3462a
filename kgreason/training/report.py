"""How well predictions answer the questions of a task, as plain figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from kgreason.metrics import (
    accuracy,
    apply_thresholds,
    classification_report,
    expected_calibration_error,
    macro_f1,
    pearson,
)
from kgreason.nn.confidence import confidence, label_set
from kgreason.nn.predict import Prediction
from kgreason.records import Question

__all__ = ["classification", "main_score", "report"]


def report(
    questions: Sequence[Question],
    predictions: Sequence[Prediction],
    *,
    temperature: Mapping[str, float] | None = None,
    threshold: Mapping[str, float] | None = None,
) -> dict[str, float]:
    """Figures of one task's questions: those that its labels allow.

    Args:
        questions: with their truth.
        predictions: in the same order.
        temperature: of confidence, per task.
        threshold: of a sigmoid, per label set; 0.5 where there is none.

    Returns:
        Single choice: accuracy, ece, and macro_f1 where all share one label set. Multi-label: macro_f1 and
        exact-match accuracy. Affect: pearson_v, pearson_a, pearson_d and their mean.
    """
    found: dict[str, float] = {}
    single = [(q, p) for q, p in zip(questions, predictions, strict=True) if q.answer is not None and not q.multi_label]
    if single:
        found |= _single([q for q, _ in single], [p for _, p in single], temperature or {})
    multi = [(q, p) for q, p in zip(questions, predictions, strict=True) if q.multi_label and q.answers is not None]
    if multi:
        found |= _multi([q for q, _ in multi], [p for _, p in multi], threshold or {})
    affect = [
        (q.vad, p.affect[:3]) for q, p in zip(questions, predictions, strict=True) if q.vad and p.affect is not None
    ]
    if affect:
        truth, seen = (np.array(column) for column in zip(*affect, strict=True))
        each = {f"pearson_{name}": pearson(seen[:, i], truth[:, i]) for i, name in enumerate("vad")}
        found |= each | {"pearson": float(np.mean(list(each.values())))}
    return found


def main_score(figures: Mapping[str, float]) -> float:
    """The figure that a run is chosen by: affect correlation, else multi-label F1, else accuracy."""
    for name in ("pearson", "multi_f1", "accuracy"):
        if name in figures:
            return figures[name]
    raise ValueError("no figure: the questions carry no truth")


def classification(
    questions: Sequence[Question], predictions: Sequence[Prediction], threshold: Mapping[str, float] | None = None
) -> str:
    """Precision, recall and F1 per label where the questions share a label set, else their figures, as text."""
    labels = questions[0].options
    if len(labels) > 1 and all(q.options == labels for q in questions):
        if questions[0].multi_label:
            truth, chosen = _decisions(questions, predictions, threshold or {})
            return str(classification_report(chosen, truth, labels))
        if all(q.answer is not None for q in questions):
            return str(
                classification_report(
                    [int(p.logits.argmax()) for p in predictions], [q.answer or 0 for q in questions], labels
                )
            )
    return "\n".join(f"{name:>12} {value:.3f}" for name, value in report(questions, predictions).items())


def _single(
    questions: Sequence[Question], predictions: Sequence[Prediction], temperature: Mapping[str, float]
) -> dict[str, float]:
    chosen = np.array([p.logits.argmax() for p in predictions])
    truth = np.array([q.answer for q in questions])
    sure = [confidence(q, p.logits, temperature).max() for q, p in zip(questions, predictions, strict=True)]
    found = {"accuracy": accuracy(chosen, truth), "ece": expected_calibration_error(sure, chosen == truth)}
    if questions[0].task != "choice" and len({q.options for q in questions}) == 1:
        found["macro_f1"] = macro_f1(chosen, truth)
    return found


def _multi(
    questions: Sequence[Question], predictions: Sequence[Prediction], threshold: Mapping[str, float]
) -> dict[str, float]:
    truth, chosen = _decisions(questions, predictions, threshold)
    return {"multi_f1": macro_f1(chosen, truth), "exact": float((chosen == truth).all(1).mean())}


def _decisions(
    questions: Sequence[Question], predictions: Sequence[Prediction], threshold: Mapping[str, float]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Which labels are right and which are chosen. Shapes: [n, o] each."""
    truth = np.array([[i in (q.answers or ()) for i in range(len(q.options))] for q in questions])
    sure = np.array([confidence(q, p.logits) for q, p in zip(questions, predictions, strict=True)])
    return truth, apply_thresholds(sure, np.full(sure.shape[1], threshold.get(label_set(questions[0]), 0.5)))
