"""Whether a prediction is right, whatever its task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kgreason.nn.batch import Item
from kgreason.nn.confidence import confidence, labels
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import Prediction, predict
from kgreason.training.report import answer_rank

__all__ = ["Judged", "judge"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One prediction: what was chosen, whether that is right, and how sure (None where several may be right)."""

    choice: tuple[str, ...]
    right: bool
    sure: float | None


def judge(
    model: ReasoningModel, items: Sequence[Item], progress: Callable[[int, int], None] | None = None
) -> list[Judged]:
    """Every question answered and compared with what is known to be right.

    Args:
        model: a trained model.
        items: questions whose answer is known, with their subgraphs.
        progress: called with (done, total).

    Returns:
        One a question. Where several labels may be right, all of them have to be found and no other.
    """
    predictions = predict(model, items, progress=progress)
    return [_judged(model, item, each) for item, each in zip(items, predictions, strict=True)]


def _judged(model: ReasoningModel, item: Item, prediction: Prediction) -> Judged:
    question, subgraph = item
    if question.task == "open":
        nodes = prediction.nodes
        best = () if nodes is None or subgraph is None else (subgraph.keys[int(nodes.node[0])],)
        follows = model.knowledge is not None and model.knowledge.follower is not None  # else nothing is answered
        return Judged(best, answer_rank(prediction) == 1, nodes.answerable if nodes is not None and follows else None)
    sure = confidence(question, prediction.logits, model.settings.temperature)
    if question.multi_label:
        chosen = labels(question, sure, model.settings.threshold)
        return Judged(tuple(question.options[i] for i in chosen), set(chosen) == set(question.answers or ()), None)
    best_option = int(sure.argmax())
    return Judged((question.options[best_option],), best_option == question.answer, float(sure[best_option]))
