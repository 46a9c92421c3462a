"""Several models that answer together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch

from kgreason.errors import InputError
from kgreason.nn.batch import Item
from kgreason.nn.confidence import confidence
from kgreason.nn.model import ModelConfig, ReasoningModel
from kgreason.nn.predict import Prediction, predict
from kgreason.records import Question
from kgreason.retrieval import questions_of

__all__ = ["Ensemble"]

#: Probability below which none counts as smaller.
_LEAST = 1e-12


class Ensemble:
    """Models of the same questions: the mean of their probabilities, each at its own temperature.

    Lakshminarayanan, Pritzel and Blundell 2017, "Simple and Scalable Predictive Uncertainty Estimation using Deep
    Ensembles", section 2.4.

    Args:
        models: one or more.

    Example:
        >>> Ensemble([first, second]).predict(Pairs(questions))  # doctest: +SKIP
    """

    def __init__(self, models: Sequence[ReasoningModel]) -> None:
        self.models = models

    @property
    def reads_graphs(self) -> bool:
        """Whether any of them does."""
        return any(model.knowledge is not None for model in self.models)

    @property
    def settings(self) -> ModelConfig:
        """No temperature, as probabilities are what is joined; of each threshold the mean over those that have it."""
        each = [model.settings.threshold for model in self.models]
        names = {name for threshold in each for name in threshold}
        mean = {name: float(np.mean([own[name] for own in each if name in own])) for name in sorted(names)}
        return replace(self.models[0].settings, temperature={}, threshold=mean)

    def predict(
        self,
        items: Sequence[Item],
        *,
        autocast: torch.dtype | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Prediction]:
        """Score questions with their subgraphs; logits are those of the mean, and nothing is said of their parts.

        Args:
            items: (question, subgraph or None).
            autocast: type in which M runs; None for float32.
            progress: called with (done, total) of each model in turn.

        Raises:
            InputError: a question is open, and has no options to join.
        """
        questions = questions_of(items)
        if opened := next((q for q in questions if q.task == "open"), None):
            raise InputError(
                f"several models are asked {opened.text[:60]!r}, which is open", fix="Ask one model, or give options."
            )
        said = [predict(model, items, autocast=autocast, progress=progress) for model in self.models]
        return [self._joined(q, each) for q, *each in zip(questions, *said, strict=True)]

    def _joined(self, question: Question, said: Sequence[Prediction]) -> Prediction:
        temperatures = [model.settings.temperature for model in self.models]
        pairs = zip(said, temperatures, strict=True)
        p = np.mean([confidence(question, each.logits, own) for each, own in pairs], axis=0).clip(_LEAST, 1 - _LEAST)
        logits = (np.log(p) - np.log1p(-p) if question.multi_label else np.log(p)).astype(np.float32)
        affects = [each.affect for each in said if each.affect is not None]
        nothing = np.zeros_like(logits)
        affect = np.mean(affects, axis=0) if affects else None
        return Prediction(logits, logits, nothing, nothing, 0.0, affect, None)
