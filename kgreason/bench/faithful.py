"""Whether the evidence that a finished model names is what made it choose, on public choice questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kgreason.bench.rows import Book
from kgreason.evaluation.faithfulness import faithfulness
from kgreason.graph import KnowledgeGraph
from kgreason.nn.model import ReasoningModel
from kgreason.records import Question
from kgreason.tasks import load

__all__ = ["CLAIMS", "measure_faithfulness", "questions"]

#: Names in the book of what is measured, its key, and what it is multiplied by.
CLAIMS = {
    "faithfulness: deleting the named edges hurts more": ("comprehensiveness", 100),
    "faithfulness: the named edges alone keep the choice": ("sufficiency", 100),
    "faithfulness: contributions differ from the score": ("error", 1),
}
_SETS = (
    ("commonsenseqa", "dev"), ("commonsenseqa", "test"), ("openbookqa", "dev"), ("openbookqa", "test"),
    ("socialiqa", "dev"), ("ecare", "dev"), ("arc-challenge", "test"),
)  # fmt: skip


def questions(data: str | Path | None = None, limit: int = 0) -> list[Question]:
    """Questions that no shipped model was trained on; the first of each set where there is a limit."""
    found = (load(name, split, data=data) for name, split in _SETS)
    return [question for part in found for question in part[: limit or None]]


def measure_faithfulness(
    model: ReasoningModel,
    asked: Sequence[Question],
    graph: KnowledgeGraph,
    book: Book,
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, Any]:
    """Measure, and write down what there is to claim.

    Args:
        model: a finished model.
        asked: choice questions.
        graph: the graph.
        book: where results go.
        progress: called with (stage, done, total).

    Returns:
        As :func:`kgreason.evaluation.faithfulness.faithfulness`.
    """
    found = faithfulness(model, asked, graph, progress=progress)
    for claim, (key, factor) in CLAIMS.items():
        if found[key] is not None:
            more = {name: found[name] for name in ("questions", "n", "edges")}
            book.note(claim, factor * found[key], ci95=found.get(f"{key}_ci95"), graph=graph.digest[:16], **more)
    return found
