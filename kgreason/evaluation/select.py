"""Unlabelled samples: those to label next, of which a model is least sure, and those it may label by itself.

Uncertainty sampling (Lewis & Gale 1994) by the margin between the two best options (Scheffer et al. 2001) or by
entropy, as Settles (2009, section 3.1) sets them side by side. Self-training on sure answers (Yarowsky 1995),
by labels that are all or nothing (Lee 2013) above a bound on confidence (Sohn et al. 2020).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from kgreason.errors import InputError
from kgreason.nn.confidence import confidence, labels, least
from kgreason.nn.predict import Prediction
from kgreason.records import Question

__all__ = ["By", "label", "select"]

By = Literal["margin", "entropy"]


def select(
    questions: Sequence[Question],
    predictions: Sequence[Prediction],
    n: int = 100,
    *,
    by: By = "margin",
    temperature: Mapping[str, float] | None = None,
    threshold: Mapping[str, float] | None = None,
) -> list[Question]:
    """The samples whose label would tell most, the least sure first.

    Args:
        questions: with options; those that are labelled, or have no options to choose from, are passed over.
        predictions: in the same order.
        n: how many at most.
        by: "margin" is the difference of the two best probabilities; where several labels may hold, the distance of
            the one nearest to its threshold. "entropy" is that of the probabilities, over its largest value.
        temperature: of the model, per task.
        threshold: of the model, per label set.

    Returns:
        The samples; their ``extra`` says in ``guess`` what the model would answer (a list where several labels may
        hold) and in ``sure`` how sure it is, from 0 to 1. Samples alike in that stand in the order of their ids.

    Raises:
        InputError: ``n`` is less than 1, ``by`` is another name, or there is nothing to choose from.

    Example:
        >>> from kgreason.nn.predict import Prediction
        >>> def scored(*logits):
        ...     row = np.array(logits, np.float32)
        ...     return Prediction(row, row, row, row, 0.0, None, None)
        >>> asked = [Question("Where?", ("zoo", "oven"), id="a"), Question("Who?", ("cat", "dog"), id="b")]
        >>> [(q.id, q.extra["guess"]) for q in select(asked, [scored(3, 0), scored(0, 0.1)], 1)]
        [('b', 'dog')]
    """
    if n < 1:
        raise InputError(f"n is {n}", fix="Give 1 or more.")
    if by not in ("margin", "entropy"):
        raise InputError(f"by is {by!r}", fix="Give margin or entropy.")
    found = []
    for question, prediction in zip(questions, predictions, strict=True):
        if question.options and not question.labelled:
            probability = confidence(question, prediction.logits, temperature)
            found.append(_Doubted.of(question, probability, threshold, by))
    if not found:
        raise InputError(
            f"none of the {len(questions)} samples can be selected: each is labelled or has no options",
            fix="Give samples with options and without an answer.",
        )
    found.sort(key=lambda each: (each.sure, each.question.id))
    return [each.told() for each in found[:n]]


def label(
    questions: Sequence[Question],
    predictions: Sequence[Prediction],
    above: float = 0.9,
    *,
    temperature: Mapping[str, float] | None = None,
    threshold: Mapping[str, float] | None = None,
) -> list[Question]:
    """The samples that a model is sure of, with its answers as their labels: a task for another run.

    Args:
        questions: with options; those that are labelled, or have no options, are passed over.
        predictions: in the same order.
        above: least confidence of the answer; where several labels may hold, of each label's yes or no.
        temperature: of the model, per task.
        threshold: of the model, per label set.

    Returns:
        The samples in their order; ``extra["confidence"]`` says how sure the model is of each.

    Raises:
        InputError: ``above`` is not a probability.

    Example:
        >>> from kgreason.nn.predict import Prediction
        >>> row = np.array([3, 0], np.float32)
        >>> sure = Prediction(row, row, row, row, 0.0, None, None)
        >>> [q.answer for q in label([Question("Where?", ("zoo", "oven"))], [sure], 0.9)]
        [0]
    """
    if not 0 <= above <= 1:
        raise InputError(f"above is {above}", fix="Give a probability, from 0 to 1.")
    found = []
    for question, prediction in zip(questions, predictions, strict=True):
        if not question.options or question.labelled:
            continue
        probability = confidence(question, prediction.logits, temperature)
        if question.multi_label:
            sure = float(np.maximum(probability, 1 - probability).min())
            answers = tuple(map(int, labels(question, probability, threshold)))
            told = replace(question, answers=answers)
        else:
            sure = float(probability.max())
            told = replace(question, answer=int(probability.argmax()))
        if sure >= above:
            found.append(replace(told, extra={**question.extra, "confidence": round(sure, 6)}))
    return found


@dataclass(frozen=True, eq=False, slots=True)
class _Doubted:
    """A sample, what the model answers, and how sure it is."""

    question: Question
    guess: str | list[str]
    sure: float

    @classmethod
    def of(
        cls, question: Question, probability: npt.NDArray[np.float64], threshold: Mapping[str, float] | None, by: By
    ) -> _Doubted:
        options, several = question.options, question.multi_label
        if several:
            guess: str | list[str] = [options[i] for i in labels(question, probability, threshold)]
        else:
            guess = options[int(probability.argmax())]
        if by == "margin":
            near = np.abs(probability - least(question, threshold)).min() if several else _margin(probability)
            return cls(question, guess, float(near))
        return cls(question, guess, 1 - _entropy(probability, several))

    def told(self) -> Question:
        extra = {**self.question.extra, "guess": self.guess, "sure": round(self.sure, 6)}
        return replace(self.question, extra=extra)


def _margin(probability: npt.NDArray[np.float64]) -> float:
    second, first = np.partition(probability, len(probability) - 2)[-2:]
    return float(first - second)


def _entropy(probability: npt.NDArray[np.float64], several: bool) -> float:
    """In 0..1: of one choice among all options, or the mean of as many choices between yes and no."""
    parts = np.stack([probability, 1 - probability]) if several else probability[:, np.newaxis]
    logs = np.log(np.where(parts > 0, parts, 1.0))
    return float(-(parts * logs).sum(0).mean() / np.log(len(parts)))
