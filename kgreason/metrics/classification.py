"""Accuracy, F1 and the report per class, for one label a sample or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kgreason.errors import InputError
from kgreason.metrics.checks import Floats, Ints, indices, same_length, truths

__all__ = ["ClassScore", "ClassificationReport", "accuracy", "classification_report", "macro_f1"]


def accuracy(preds: npt.ArrayLike, target: npt.ArrayLike) -> float:
    """Share of samples whose predicted class is the right one.

    Args:
        preds: predicted classes.
        target: right classes.

    Returns:
        A number from 0 to 1.

    Raises:
        InputError: no sample, different lengths, or what is no class index.

    Shapes:
        preds [n], target [n]

    Example:
        >>> accuracy([0, 2, 1, 1], [0, 2, 1, 0])
        0.75
    """
    preds, target = indices("preds", preds), indices("target", target)
    same_length(preds=preds, target=target)
    return float((preds == target).mean())


def macro_f1(preds: npt.ArrayLike, target: npt.ArrayLike) -> float:
    """Mean over the classes of F1, the harmonic mean of precision and recall; 0 where both are undefined.

    With one label a sample, the classes are those that occur in ``preds`` or ``target``. With several, they are the
    columns.

    Args:
        preds: predicted classes [n], or a yes or no for each class [n, k].
        target: the right ones, of the same shape.

    Returns:
        A number from 0 to 1.

    Raises:
        InputError: no sample, or different shapes.

    Shapes:
        preds [n] or [n, k], target the same

    Example:
        >>> round(macro_f1([0, 2, 1, 1], [0, 2, 1, 0]), 3)
        0.778
        >>> macro_f1([[1, 0], [1, 1]], [[1, 0], [1, 0]])
        0.5
    """
    hits, predicted, actual, _ = _counts(preds, target)
    occurs = (predicted + actual > 0) | (np.ndim(target) == 2)
    return float(_f1(hits, predicted, actual)[occurs].mean())


def _counts(preds: npt.ArrayLike, target: npt.ArrayLike, classes: int = 0) -> tuple[Ints, Ints, Ints, float]:
    """Per class: right predictions, predictions, samples; and the share of samples that are right altogether."""
    if np.ndim(target) == 2:
        said, right = truths("preds", preds, (2,)), truths("target", target, (2,))
        if said.shape != right.shape:
            raise InputError(f"preds is {said.shape}, target {right.shape}", fix="Give arrays of one shape.")
        return (said & right).sum(0), said.sum(0), right.sum(0), float((said == right).all(1).mean())
    chosen, truth = indices("preds", preds), indices("target", target)
    same_length(preds=chosen, target=truth)
    classes = max(classes, int(chosen.max()) + 1, int(truth.max()) + 1)
    hits = np.bincount(truth[chosen == truth], minlength=classes)
    predicted, actual = np.bincount(chosen, minlength=classes), np.bincount(truth, minlength=classes)
    return hits, predicted, actual, float((chosen == truth).mean())


def _ratio(part: Ints, whole: Ints) -> Floats:
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)


def _f1(hits: Ints, predicted: Ints, actual: Ints) -> Floats:
    return _ratio(2 * hits, predicted + actual)


@dataclass(frozen=True, slots=True)
class ClassScore:
    """Precision, recall and F1 of one class or of an average, and the number of samples it rests on."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class ClassificationReport:
    """Scores per class and their averages; printing it gives a table.

    Args:
        classes: one score a class, in the order of the labels.
        averages: micro (several labels a sample only), macro and weighted by support.
        accuracy: share of samples that are right altogether.
    """

    classes: tuple[ClassScore, ...]
    averages: tuple[ClassScore, ...]
    accuracy: float

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        return asdict(self)

    def __str__(self) -> str:
        width = max(len(row.label) for row in (*self.classes, *self.averages))
        head = f"{'':>{width}}  {'precision':>9}  {'recall':>9}  {'f1-score':>9}  {'support':>9}"
        total = f"{'accuracy':>{width}}  {'':>9}  {'':>9}  {self.accuracy:>9.2f}  {self.averages[-1].support:>9}"
        rows = [
            f"{row.label:>{width}}  {row.precision:>9.2f}  {row.recall:>9.2f}  {row.f1:>9.2f}  {row.support:>9}"
            for row in (*self.classes, *self.averages)
        ]
        count = len(self.classes)
        return "\n".join([head, "", *rows[:count], "", total, *rows[count:]])


def classification_report(preds: npt.ArrayLike, target: npt.ArrayLike, labels: Sequence[str]) -> ClassificationReport:
    """Precision, recall and F1 per class with their averages; what is undefined counts 0.

    Args:
        preds: predicted classes [n], or a yes or no for each class [n, k].
        target: the right ones, of the same shape.
        labels: names of the k classes.

    Returns:
        The report, which prints as a table.

    Raises:
        InputError: no sample, different shapes, or a class without a name.

    Shapes:
        preds [n] or [n, k], target the same

    Example:
        >>> print(classification_report([0, 1, 1], [0, 1, 0], labels=("no", "yes")))
                      precision     recall   f1-score    support
        <BLANKLINE>
                  no       1.00       0.50       0.67          2
                 yes       0.50       1.00       0.67          1
        <BLANKLINE>
            accuracy                             0.67          3
           macro avg       0.75       0.75       0.67          3
        weighted avg       0.83       0.67       0.67          3
    """
    hits, predicted, actual, exact = _counts(preds, target, len(labels))
    if len(hits) != len(labels):
        raise InputError(f"there are {len(hits)} classes, but {len(labels)} labels", fix="Name each class.")
    precision, recall, f1 = _ratio(hits, predicted), _ratio(hits, actual), _f1(hits, predicted, actual)
    table = np.stack([precision, recall, f1])
    share = _ratio(actual, np.full_like(actual, actual.sum()))
    averages = [("macro avg", table.mean(1)), ("weighted avg", table @ share)]
    if np.ndim(target) == 2:
        sums = [np.array([counts.sum()]) for counts in (hits, predicted, actual)]
        micro = np.array([_ratio(sums[0], sums[1])[0], _ratio(sums[0], sums[2])[0], _f1(*sums)[0]])
        averages.insert(0, ("micro avg", micro))
    support = int(actual.sum())
    return ClassificationReport(
        classes=tuple(_score(label, table[:, k], int(actual[k])) for k, label in enumerate(labels)),
        averages=tuple(_score(name, values, support) for name, values in averages),
        accuracy=exact,
    )


def _score(label: str, values: Floats, support: int) -> ClassScore:
    precision, recall, f1 = map(float, values)
    return ClassScore(label, precision, recall, f1, support)
