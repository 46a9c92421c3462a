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
    best_rank,
    classification_report,
    expected_calibration_error,
    hits_at_k,
    macro_f1,
    pearson,
    set_f1,
)
from kgreason.nn.confidence import OPEN_THRESHOLD, confidence, least
from kgreason.nn.predict import Prediction
from kgreason.records import Question

__all__ = [
    "affects", "answer_rank", "classification", "decisions", "main_score", "mean_pearson", "open_f1",
    "open_questions", "report", "single_choices",
]  # fmt: skip
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
        Single choice: accuracy, ece, graph (accuracy of the graph parts alone, where they say something), and macro_f1
        where all share one label set. Several labels: multi_f1 (macro) and
        exact, the share of samples with exactly the right ones. Affect: pearson_v, pearson_a, pearson_d and their mean.
        Open questions: hits1 and hits10 (a right answer among the first), set_f1 of the answers above the threshold.
    """
    found: dict[str, float] = {}
    if single := single_choices(questions, predictions):
        found |= _single(single, temperature or {})
    truth, chosen = decisions(questions, predictions, threshold or {})
    if len(truth):
        found |= {"multi_f1": macro_f1(chosen, truth), "exact": float((chosen == truth).all(1).mean())}
    if opened := open_questions(questions, predictions):
        ranks = [answer_rank(prediction) for _, prediction in opened]
        limit = (threshold or {}).get("open", OPEN_THRESHOLD)
        found |= {"hits1": hits_at_k(ranks, 1), "hits10": hits_at_k(ranks, 10), "set_f1": open_f1(opened, limit)}
    right, seen = affects(questions, predictions)
    if len(right) > 1:
        each = {f"pearson_{name}": pearson(seen[:, i], right[:, i]) for i, name in enumerate("vad")}
        found |= each | {"pearson": mean_pearson(seen, right)}
    return found


def main_score(figures: Mapping[str, float]) -> float:
    """The figure that a run is chosen by: affect correlation, else multi-label F1, else accuracy, else hits at 1.

    Raises:
        InputError: there is none of them.
    """
    for name in ("pearson", "multi_f1", "accuracy", "hits1"):
        if name in figures:
            return figures[name]
    raise InputError("the questions carry no truth", fix="Give samples with their answer, label, labels or vad.")


def single_choices(questions: Sequence[Question], predictions: Sequence[Prediction]) -> Rows:
    """The questions of which one option is right, with their predictions."""
    pairs = zip(questions, predictions, strict=True)
    return [(q, p) for q, p in pairs if q.answer is not None and not q.multi_label]


def open_questions(questions: Sequence[Question], predictions: Sequence[Prediction]) -> Rows:
    """The open questions whose answers are known, with their predictions."""
    return [(q, p) for q, p in zip(questions, predictions, strict=True) if q.task == "open" and q.gold]


def answer_rank(prediction: Prediction) -> int:
    """Rank of the best right answer, from 1, behind wrong ones of equal score; 0 where none is among the best."""
    nodes = prediction.nodes
    return 0 if nodes is None else best_rank(nodes.log_p, nodes.right)


def open_f1(rows: Rows, threshold: float) -> float:
    """Mean F1 of the sets of answers at least ``threshold`` times as likely as the best."""
    chosen: list[set[int]] = []
    target: list[set[int]] = []
    for question, prediction in rows:
        nodes, missed = prediction.nodes, len(set(question.gold))
        chosen.append(set())
        target.append(set())
        if nodes is not None:
            chosen[-1] = set(nodes.node[nodes.log_p >= nodes.log_p[0] + np.log(threshold)].tolist())
            target[-1] = set(nodes.node[nodes.right].tolist())
            missed -= len(target[-1])
        target[-1] |= {-1 - i for i in range(missed)}  # right answers that are not among the best
    return set_f1(chosen, target)


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
    return truth, apply_thresholds(sure, np.full(sure.shape[1], least(rows[0][0], threshold)))


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
    if any((p.paths + p.graph).any() for _, p in rows):
        found["graph"] = accuracy(np.array([(p.paths + p.graph).argmax() for _, p in rows]), truth)
    if rows[0][0].task != "choice" and len({q.options for q, _ in rows}) == 1:
        found["macro_f1"] = macro_f1(chosen, truth)
    return found
