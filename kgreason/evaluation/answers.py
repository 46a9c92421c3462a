"""Predictions as samples of a file are answered: one JSON-ready row a question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from kgreason.nn.confidence import confidence, labels
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import Prediction
from kgreason.records import Question

__all__ = ["answers"]


def answers(
    model: ReasoningModel, questions: Sequence[Question], predictions: Sequence[Prediction]
) -> Iterator[dict[str, Any]]:
    """What a model says of each question.

    Args:
        model: which made the predictions; its temperatures and thresholds are used.
        questions: the questions.
        predictions: in the same order.

    Yields:
        id and task; choice, index, options and probabilities (in the order of the options) where there are options;
        labels, those above their threshold, where there may be several; vad and intensity of an emotion.
    """
    for question, prediction in zip(questions, predictions, strict=True):
        row: dict[str, Any] = {"id": question.id, "task": question.task}
        if question.options:
            sure = confidence(question, prediction.logits, model.settings.temperature)
            best = int(sure.argmax())
            row |= {"choice": question.options[best], "index": best}
            row |= {"options": list(question.options), "probabilities": sure.tolist()}
            if question.multi_label:
                row["labels"] = [question.options[i] for i in labels(question, sure, model.settings.threshold)]
        if question.task == "emotion" and prediction.affect is not None:
            *vad, intensity = prediction.affect.tolist()
            row |= {"vad": vad, "intensity": intensity}
        yield row
