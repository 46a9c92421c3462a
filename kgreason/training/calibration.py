"""Fitted after training, on held-out questions: gate, temperatures, thresholds, abstention."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from kgreason.errors import InputError
from kgreason.metrics import fit_temperature, fit_thresholds
from kgreason.nn.batch import TASKS, Item
from kgreason.nn.confidence import confidence, label_set
from kgreason.nn.logic import DOUBTS, FAINT, GATE_FEATURES
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import Prediction, predict
from kgreason.training.report import open_f1, open_questions

__all__ = ["calibrate", "fit_gate", "without_answers"]

PADDING = -1e4
FEWEST = 50  #: Held-out questions below which nothing is fitted.
_RIDGE = 0.01
#: Shares of the best answer's probability tried as the threshold of open answers.
_SHARES = (0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01, 0.003, 0.001)


def calibrate(
    model: ReasoningModel, held_out: Mapping[str, Sequence[Item]], *, autocast: torch.dtype | None = None
) -> ReasoningModel:
    """Fit what is not trained: gate and temperature per task kind, a threshold per label set, and open answers.

    Args:
        model: trained; changed in place.
        held_out: questions never trained on, per task of the run.
        autocast: type in which M runs.

    Returns:
        The model.
    """
    items = [item for task in held_out.values() for item in task]
    gate = model.logic.gate.fitted
    before = gate.clone()
    gate.fill_(False)  # what is fitted is fitted to the parts as they are, not to what an earlier fit made of them
    predictions = predict(model, items, autocast=autocast)
    gate.copy_(before)
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
        # Questions about facts of their own are far surer than others: confidence is fitted to the others.
        rows = [i for i in rows if not items[i][0].facts] or rows
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
    opened = [item for item in items if item[0].task == "open" and item[1] is not None and len(item[1].gold)]
    if len(opened) >= FEWEST:
        answered = predict(model, opened, autocast=autocast)
        asked = open_questions([question for question, _ in opened], answered)
        threshold["open"] = max(_SHARES, key=lambda share: open_f1(asked, share))
        _fit_abstention(model, answered, predict(model, [without_answers(item) for item in opened], autocast=autocast))
    model.settings = replace(model.settings, temperature=temperature, threshold=threshold)
    return model


def without_answers(item: Item) -> Item:
    """An open question whose graph has lost every edge of its right answers, so that it holds no answer.

    Raises:
        InputError: the question has no graph.
    """
    question, graph = item
    if graph is None:
        raise InputError("the question has no graph", fix="Give its subgraph.")
    kept = ~np.isin(graph.edge_index, graph.gold).any(0)
    edges = {name: getattr(graph, name)[kept] for name in ("edge_relation", "edge_weight", "edge_origin")}
    return question, replace(graph, edge_index=graph.edge_index[:, kept], gold=graph.gold[:0], **edges)


def _fit_abstention(model: ReasoningModel, answered: Sequence[Prediction], lost: Sequence[Prediction]) -> None:
    """Fit the logistic form of doubts: 1 where the graph holds the answer, 0 where it was taken away."""
    pairs = [(p.nodes.doubts, truth) for side, truth in ((answered, 1.0), (lost, 0.0)) for p in side if p.nodes]
    doubts, truth = (torch.tensor(np.array(column), dtype=torch.float32) for column in zip(*pairs, strict=True))
    abstention = model.logic.abstention
    weight = _fit(
        len(DOUBTS),
        lambda w: (
            torch.nn.functional.binary_cross_entropy_with_logits(doubts @ w, truth)
            + _RIDGE / len(truth) * w.square().sum()
        ),
    )
    abstention.weight.copy_(weight)
    abstention.fitted.fill_(True)


def fit_gate(model: ReasoningModel, task: str, items: Sequence[Item], predictions: Sequence[Prediction]) -> None:
    """Fit γ(q) = softplus(w · features) by cross-entropy over text + γ · graph, with a small ridge towards closed.

    How far facts of a question's own open the gate is fitted last and by itself: such questions would else say what
    the other features mean for all.

    Args:
        model: its gate is changed in place; it stays as it is where too few questions have a path.
        task: the kind of task the gate is fitted for.
        items: questions with one right option, never trained on.
        predictions: of them, in the same order, with the gate closed.
    """
    rows = [i for i, p in enumerate(predictions) if p.features is not None and p.features[_COVERAGE] > 0]
    if len(rows) < FEWEST:
        return
    text = torch.tensor(_padded([predictions[i].text for i in rows]))
    graph = torch.tensor(_padded([predictions[i].paths + predictions[i].graph for i in rows], 0.0))
    features = torch.tensor(np.array([predictions[i].features for i in rows]))
    truth = torch.tensor([items[i][0].answer for i in rows])
    closed = torch.zeros(len(GATE_FEATURES))
    closed[0] = -2.0
    given = features[:, _GIVEN] > 0
    text[given] = torch.where(text[given] > PADDING, FAINT * text[given], PADDING)

    def loss(weight: Tensor, among: Tensor) -> Tensor:
        gate = torch.nn.functional.softplus(features[among] @ weight)
        logits = text[among] + gate.unsqueeze(1) * graph[among]
        cross_entropy = torch.nn.functional.cross_entropy(logits, truth[among])
        return cross_entropy + _RIDGE * (weight - closed).square().sum()

    apart = min(int(given.sum()), int((~given).sum())) >= FEWEST
    every = torch.ones_like(given)
    weight = _fit(len(GATE_FEATURES), lambda w: loss(w, ~given if apart else every))
    if apart:
        axis = torch.eye(len(GATE_FEATURES))[_GIVEN]
        weight = weight + axis * _fit(1, lambda more: loss(weight + more * axis, given))
    gate, index = model.logic.gate, TASKS.index(task)
    gate.weight[index] = weight.to(gate.weight.device)
    gate.fitted[index] = True


def _fit(size: int, loss: Callable[[Tensor], Tensor]) -> Tensor:
    """The weights [size] that make a convex loss smallest."""
    weight = torch.zeros(size, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss(weight)
        torch.autograd.backward(value)
        return value

    optimizer.step(closure)  # type: ignore[no-untyped-call]  # torch leaves LBFGS untyped
    return weight.detach()


_COVERAGE, _GIVEN = GATE_FEATURES.index("coverage"), GATE_FEATURES.index("given")


def _padded(rows: Sequence[np.ndarray], value: float = PADDING) -> np.ndarray:
    padded = np.full((len(rows), max(map(len, rows))), value, dtype=np.float32)
    for i, row in enumerate(rows):
        padded[i, : len(row)] = row
    return padded
