"""One model on one file, beside itself with the graph switched off."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np
import torch

from kgreason.config import RetrievalConfig
from kgreason.errors import InputError
from kgreason.evaluation.ensemble import Ensemble
from kgreason.graph import KnowledgeGraph
from kgreason.metrics import best_rank, ci95, hits_at_k, macro_f1, risk_coverage, wilson_interval
from kgreason.nn.batch import Item
from kgreason.nn.confidence import confidence
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import Prediction, predict
from kgreason.records import Question
from kgreason.retrieval import Pairs
from kgreason.training.report import (
    Rows,
    affects,
    answer_rank,
    decisions,
    mean_pearson,
    open_questions,
    report,
    single_choices,
)

__all__ = ["evaluate", "figures"]

Progress = Callable[[str, int, int], None]
HITS = (1, 3, 10)
#: Percent of the questions that are answered, the surest first, at which the share of wrong answers is given.
COVERAGE = tuple(range(10, 101, 10))


def evaluate(
    model: ReasoningModel | Ensemble,
    questions: Sequence[Question],
    graph: KnowledgeGraph | None,
    *,
    name: str = "",
    config: RetrievalConfig | None = None,
    autocast: torch.dtype | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Figures of a model on questions whose truth is known; the others are left out.

    A model without K reads no graph, so that its figures with and without are the same ones.

    Args:
        model: a trained model, or several together.
        questions: with their truth.
        graph: the graph, or None; then the questions' own facts alone are read.
        name: how the result calls the questions.
        config: of the retrieval.
        autocast: type in which M runs; None for float32.
        progress: called with (stage, done, total).

    Returns:
        file, task, n; accuracy (of all labels at once, where there are several; hits at 1 of open questions), macro_f1,
        ece, hits (choice and open), risk (the same: percent of the questions that are answered, the surest first, to
        the share of wrong answers among them), set_f1 (open), or
        pearson, pearson_v, pearson_a, pearson_d, as far as the truth allows them; ci95 of the main figure: pearson,
        macro_f1 of several labels, else accuracy; seconds; and under ``text`` the same figures without the graph.
        A figure that is not defined (a correlation with what does not vary) is None.

    Raises:
        InputError: no question's truth is known.
    """
    known = [q for q in questions if q.labelled or q.vad is not None]
    if not known:
        raise InputError(
            f"none of the {len(questions)} questions{name and f' of {name}'} says its answer",
            fix="Give samples with answer, answers, label, labels or vad.",
        )

    def arm(items: Sequence[Item], stage: str) -> dict[str, Any]:
        def scored(done: int, total: int) -> None:
            if progress is not None:
                progress(stage, done, total)

        start = perf_counter()
        if isinstance(model, Ensemble):
            predictions = model.predict(items, autocast=autocast, progress=scored)
        else:
            predictions = predict(model, items, autocast=autocast, progress=scored)
        return figures(model, known, predictions) | {"seconds": round(perf_counter() - start, 2)}

    tasks = {question.task for question in known}
    head = {"file": name, "task": tasks.pop() if len(tasks) == 1 else "mixed", "n": len(known)}
    text = arm([(question, None) for question in known], "score without the graph")
    able = model.reads_graphs if isinstance(model, Ensemble) else model.knowledge is not None
    reads = able and (graph is not None or any(question.facts for question in known))
    found = arm(Pairs(known, graph, config, progress), "score") if reads else text
    return {**head, **found, "text": text}


def figures(
    model: ReasoningModel | Ensemble, questions: Sequence[Question], predictions: Sequence[Prediction]
) -> dict[str, Any]:
    """Figures of predictions, named as :func:`evaluate` names them.

    Args:
        model: which made the predictions; its temperatures and thresholds are used.
        questions: the questions.
        predictions: in the same order.
    """
    threshold = model.settings.threshold
    found: dict[str, Any] = dict(
        report(questions, predictions, temperature=model.settings.temperature, threshold=threshold)
    )
    if "multi_f1" in found and "accuracy" not in found:
        found = {"accuracy": found.pop("exact"), "macro_f1": found.pop("multi_f1"), **found}
    if opened := open_questions(questions, predictions):
        places = [answer_rank(prediction) for _, prediction in opened]
        found.setdefault("accuracy", found.pop("hits1"))
        found |= {"hits": {str(k): hits_at_k(places, k) for k in HITS}}
        found.pop("hits10")
    found["ci95"] = _interval(questions, predictions, threshold)
    choices = [(q, p) for q, p in single_choices(questions, predictions) if q.task == "choice"]
    if choices:
        ranks = np.array([best_rank(p.logits, np.arange(len(p.logits)) == q.answer) for q, p in choices])
        most = max(len(q.options) for q, _ in choices)
        found["hits"] = {str(k): hits_at_k(ranks, k) for k in HITS if k == 1 or k < most}
    if risk := _risk(model, choices, opened):
        found["risk"] = risk
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in found.items()}


def _risk(model: ReasoningModel | Ensemble, choices: Rows, opened: Rows) -> dict[str, float]:
    """Risk at every coverage of choice and open questions together; empty without any."""
    temperature = model.settings.temperature
    sure = [float(confidence(q, p.logits, temperature).max()) for q, p in choices]
    sure += [0.0 if p.nodes is None else p.nodes.answerable for _, p in opened]
    right = [int(p.logits.argmax()) == q.answer for q, p in choices] + [answer_rank(p) == 1 for _, p in opened]
    if not sure:
        return {}
    curve = risk_coverage(sure, right)
    return {str(share): curve.at(share / 100) for share in COVERAGE}


def _interval(
    questions: Sequence[Question], predictions: Sequence[Prediction], threshold: dict[str, float]
) -> list[float] | None:
    """95 % interval of the figure that :func:`kgreason.training.report.main_score` takes; None without a figure."""
    right, seen = affects(questions, predictions)
    truth, chosen = decisions(questions, predictions, threshold)
    rows = single_choices(questions, predictions)
    if len(right) > 1:
        ends = ci95(mean_pearson, seen, right)
    elif len(truth):
        ends = ci95(macro_f1, chosen, truth)
    elif rows:
        ends = wilson_interval(sum(int(p.logits.argmax()) == q.answer for q, p in rows), len(rows))
    elif opened := open_questions(questions, predictions):
        ends = wilson_interval(sum(answer_rank(p) == 1 for _, p in opened), len(opened))
    else:
        return None
    return None if math.isnan(ends[0]) else list(ends)
