"""From logits to probabilities that can be read."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from kgreason.records import Question

__all__ = ["OPEN_THRESHOLD", "confidence", "label_set", "labels", "least"]

#: How likely one of several labels has to be, before that is fitted.
_LABEL_THRESHOLD = 0.5
#: How likely an answer to an open question has to be against the best one, before that is fitted.
OPEN_THRESHOLD = 0.5


def confidence(
    question: Question, logits: npt.NDArray[np.floating], temperature: Mapping[str, float] | None = None
) -> npt.NDArray[np.float64]:
    """Probabilities of a question's options: a softmax at its task's temperature, or one sigmoid each.

    Args:
        question: says whether options are judged by themselves.
        logits: of its options.
        temperature: per task (Guo et al. 2017, eq. 9); 1 where there is none.

    Shapes:
        logits [o] -> [o].

    Example:
        >>> confidence(Question("?", ("a", "b")), np.array([0.0, 0.0])).tolist()
        [0.5, 0.5]
    """
    if question.multi_label:
        return np.asarray(np.exp(-np.logaddexp(0, -logits.astype(np.float64))))
    scaled = logits.astype(np.float64) / (temperature or {}).get(question.task, 1.0)
    exps = np.exp(scaled - scaled.max())
    return np.asarray(exps / exps.sum())


def label_set(question: Question) -> str:
    """The name of a question's label set among a model's thresholds."""
    return "|".join(question.options)


def least(question: Question, threshold: Mapping[str, float] | None) -> float:
    """How likely one of a question's labels has to be; ``threshold`` is a model's, per label set."""
    return (threshold or {}).get(label_set(question), _LABEL_THRESHOLD)


def labels(question: Question, sure: npt.NDArray[np.float64], threshold: Mapping[str, float] | None) -> tuple[int, ...]:
    """The options of a question of several labels that are likely enough, by their places. Shape: sure [o]."""
    return tuple(np.flatnonzero(sure >= least(question, threshold)).tolist())
