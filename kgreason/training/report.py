"""How well predictions answer the questions of a task, as plain figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from kgreason.errors import InputError
from kgreason.metrics import (
    ClassificationReport,
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

__all__ = ["affects", "classification", "decisions", "main_score", "mean_pearson", "report", "single_choices"]

Rows = Sequence[tuple[Question, Prediction]]
Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


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
        Single choice: accuracy, ece, and macro_f1 where all share one label set. Several labels: multi_f1 (macro) and
        exact, the share of samples with exactly the right ones. Affect: pearson_v, pearson_a, pearson_d and their mean.
    """
    found: dict[str, float] = {}
    if single := single_choices(questions, predictions):
        found |= _single(single, temperature or {})
    truth, chosen = decisions(questions, predictions, threshold or {})
    if len(truth):
        found |= {"multi_f1": macro_f1(chosen, truth), "exact": float((chosen == truth).all(1).mean())}
    right, seen = affects(questions, predictions)
    if len(right) > 1:
        each = {f"pearson_{name}": pearson(seen[:, i], right[:, i]) for i, name in enumerate("vad")}
        found |= each | {"pearson": mean_pearson(seen, right)}
    return found


def main_score(figures: Mapping[str, float]) -> float:
    """The figure that a run is chosen by: affect correlation, else multi-label F1, else accuracy.

    Raises:
        InputError: there is none of them.
    """
    for name in ("pearson", "multi_f1", "accuracy"):
        if name in figures:
            return figures[name]
    raise InputError("the questions carry no truth", fix="Give samples with their answer, label, labels or vad.")


def single_choices(questions: Sequence[Question], predictions: Sequence[Prediction]) -> Rows:
    """The questions of which one option is right, with their predictions."""
    pairs = zip(questions, predictions, strict=True)
    return [(q, p) for q, p in pairs if q.answer is not None and not q.multi_label]


def decisions(
    questions: Sequence[Question], predictions: Sequence[Prediction], threshold: Mapping[str, float]
) -> tuple[Flags, Flags]:
    """Which labels are right, and which are chosen, of the questions of several labels. Shapes: [n, o] each.

    Raises:
        InputError: their label sets differ.
    """
    rows = [(q, p) for q, p in zip(questions, predictions, strict=True) if q.multi_label and q.answers is not None]
    if not rows:
        return np.empty((0, 0), np.bool_), np.empty((0, 0), np.bool_)
    if len(sets := {q.options for q, _ in rows}) > 1:
        raise InputError(f"the questions have {len(sets)} label sets", fix="Measure each label set by itself.")
    truth = np.array([[i in (q.answers or ()) for i in range(len(q.options))] for q, _ in rows])
    sure = np.array([confidence(q, p.logits) for q, p in rows])
    limit = threshold.get(label_set(rows[0][0]), 0.5)
    return truth, apply_thresholds(sure, np.full(sure.shape[1], limit))


def affects(questions: Sequence[Question], predictions: Sequence[Prediction]) -> tuple[Floats, Floats]:
    """Right and predicted valence, arousal and dominance, where both are known. Shapes: [n, 3] each."""
    pairs = zip(questions, predictions, strict=True)
    rows = [(q.vad, p.affect[:3]) for q, p in pairs if q.vad is not None and p.affect is not None]
    right, seen = (np.array([row[side] for row in rows], np.float64).reshape(-1, 3) for side in (0, 1))
    return right, seen


def mean_pearson(seen: Floats, right: Floats) -> float:
    """Mean correlation over the columns. Shapes: [n, 3] each."""
    return float(np.mean([pearson(seen[:, i], right[:, i]) for i in range(right.shape[1])]))


def classification(
    questions: Sequence[Question], predictions: Sequence[Prediction], threshold: Mapping[str, float] | None = None
) -> ClassificationReport | None:
    """Precision, recall and F1 per label; None where the questions do not share a label set, or are of choice."""
    labels = questions[0].options
    if questions[0].task == "choice" or not labels or any(q.options != labels for q in questions):
        return None
    if single := single_choices(questions, predictions):
        chosen = [int(p.logits.argmax()) for _, p in single]
        return classification_report(chosen, [q.answer or 0 for q, _ in single], labels)
    truth, flags = decisions(questions, predictions, threshold or {})
    return classification_report(flags, truth, labels) if len(truth) else None


def _single(rows: Rows, temperature: Mapping[str, float]) -> dict[str, float]:
    chosen = np.array([p.logits.argmax() for _, p in rows])
    truth = np.array([q.answer for q, _ in rows])
    sure = [confidence(q, p.logits, temperature).max() for q, p in rows]
    found = {"accuracy": accuracy(chosen, truth), "ece": expected_calibration_error(sure, chosen == truth)}
    if rows[0][0].task != "choice" and len({q.options for q, _ in rows}) == 1:
        found["macro_f1"] = macro_f1(chosen, truth)
    return found
