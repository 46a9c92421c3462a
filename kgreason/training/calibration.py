"""Fitted after training, on held-out questions: gate, temperatures, thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from kgreason.metrics import fit_temperature, fit_thresholds
from kgreason.nn.batch import TASKS, Item
from kgreason.nn.confidence import confidence, label_set
from kgreason.nn.logic import GATE_FEATURES
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import Prediction, predict

__all__ = ["calibrate", "fit_gate"]

PADDING = -1e4
FEWEST = 50  #: Held-out questions below which nothing is fitted.
_RIDGE = 0.01


def calibrate(
    model: ReasoningModel, held_out: Mapping[str, Sequence[Item]], *, autocast: torch.dtype | None = None
) -> ReasoningModel:
    """Fit what is not trained: the gate per task kind, then temperature per task kind, then a threshold per label set.

    Args:
        model: trained; changed in place.
        held_out: questions never trained on, per task of the run.
        autocast: type in which M runs.

    Returns:
        The model.
    """
    items = [item for task in held_out.values() for item in task]
    predictions = predict(model, items, autocast=autocast)
    single = {
        task: [i for i, (q, _) in enumerate(items) if q.task == task and q.answer is not None and not q.multi_label]
        for task in TASKS
    }
    if model.knowledge is not None:
        for task, rows in single.items():
            fit_gate(model, task, [items[i] for i in rows], [predictions[i] for i in rows])
        predictions = predict(model, items, autocast=autocast)
    temperature, threshold = dict(model.settings.temperature), dict(model.settings.threshold)
    for task, rows in single.items():
        if len(rows) >= FEWEST:
            temperature[task] = fit_temperature(
                _padded([predictions[i].logits for i in rows]), np.array([items[i][0].answer for i in rows])
            )
    several = [i for i, (q, _) in enumerate(items) if q.multi_label and q.answers is not None]
    for labels in sorted({label_set(items[i][0]) for i in several}):
        rows = [i for i in several if label_set(items[i][0]) == labels]
        if len(rows) >= FEWEST:
            questions = [items[i][0] for i in rows]
            sure = np.array([confidence(q, predictions[i].logits) for q, i in zip(questions, rows, strict=True)])
            truth = np.array([[o in (q.answers or ()) for o in range(len(q.options))] for q in questions])
            threshold[labels] = float(np.mean(fit_thresholds(sure, truth)))
    model.settings = replace(model.settings, temperature=temperature, threshold=threshold)
    return model


def fit_gate(model: ReasoningModel, task: str, items: Sequence[Item], predictions: Sequence[Prediction]) -> None:
    """Fit γ(q) = softplus(w · features) by cross-entropy over text + γ · graph, with a small ridge towards closed.

    Args:
        model: its gate is changed in place; it stays as it is where too few questions have a path.
        task: the kind of task the gate is fitted for.
        items: questions with one right option, never trained on.
        predictions: of them, in the same order.
    """
    rows = [i for i, p in enumerate(predictions) if p.features is not None and p.features[_COVERAGE] > 0]
    if len(rows) < FEWEST:
        return
    text = torch.tensor(_padded([predictions[i].text for i in rows]))
    graph = torch.tensor(_padded([predictions[i].paths + predictions[i].graph for i in rows], 0.0))
    features = torch.tensor(np.array([predictions[i].features for i in rows]))
    truth = torch.tensor([items[i][0].answer for i in rows])
    weight = torch.zeros(len(GATE_FEATURES), requires_grad=True)
    closed = torch.zeros(len(GATE_FEATURES))
    closed[0] = -2.0

    def loss() -> Tensor:
        gate = torch.nn.functional.softplus(features @ weight)
        cross_entropy = torch.nn.functional.cross_entropy(text + gate.unsqueeze(1) * graph, truth)
        return cross_entropy + _RIDGE * (weight - closed).square().sum()

    optimizer = torch.optim.LBFGS([weight], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss()
        torch.autograd.backward(value)
        return value

    optimizer.step(closure)  # type: ignore[no-untyped-call]  # torch leaves LBFGS untyped
    gate, index = model.logic.gate, TASKS.index(task)
    gate.weight[index] = weight.detach().to(gate.weight.device)
    gate.fitted[index] = True


_COVERAGE = GATE_FEATURES.index("coverage")


def _padded(rows: Sequence[np.ndarray], value: float = PADDING) -> np.ndarray:
    padded = np.full((len(rows), max(map(len, rows))), value, dtype=np.float32)
    for i, row in enumerate(rows):
        padded[i, : len(row)] = row
    return padded
