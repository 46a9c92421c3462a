"""The audit log: that a question was answered, by which model and graph, and how surely; no text unless it is wanted.

The digest of a question tells whether it is one that is known already. It hides no question that can be guessed, so a
log is to be kept as carefully as the questions deserve.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgreason import journal, storage
from kgreason.records import Answer, Mood, Question

if TYPE_CHECKING:
    from kgreason.graph import KnowledgeGraph
    from kgreason.nn.model import ReasoningModel

__all__ = ["AuditLog", "flags", "model_digest", "question_digest"]


class AuditLog:
    """Writes a line for every answer; see :func:`kgreason.journal.append` for what a crash leaves.

    Args:
        path: the log.
        model: that answers.
        graph: that it reads, or None.
        text: whether the lines hold the question, its options, the choice and the edges of its evidence.
        limit: bytes from which on the log begins anew.
    """

    def __init__(
        self,
        path: str | Path,
        model: ReasoningModel,
        graph: KnowledgeGraph | None,
        *,
        text: bool = False,
        limit: int = journal.LIMIT,
    ) -> None:
        self.path = Path(path)
        self._model, self._graph = model, graph
        self._text, self._limit = text, limit

    @cached_property
    def _read_by(self) -> dict[str, Any]:
        """Digests of model and graph: either can be edited between two lines, never for one reasoner."""
        return {"model": model_digest(self._model), "graph": None if self._graph is None else self._graph.digest}

    def answered(self, question: Question, answer: Answer, *, edits: int = 0) -> None:
        """Adds an answer.

        Args:
            question: as it was asked.
            answer: what was said.
            edits: edges that were added or removed for this answer.

        Raises:
            StorageError: the log cannot be written.
        """
        first, second = ([option.probability for option in answer.options] + [0.0, 0.0])[:2]
        row = {
            "index": answer.index if question.options else None,
            "confidence": answer.confidence,
            "margin": first - second,
            "gate": answer.gate,
            "abstained": answer.abstained,
            "graph_used": answer.graph_used,
            "paths": len(answer.evidence.paths),
            "edits": edits,
            "flags": list(flags(answer)),
        }
        edges = [list(e.triple) for path in answer.evidence.paths for e in path.edges]
        self._append(question, row, {"choice": answer.choice, "edges": edges})

    def felt(self, question: Question, mood: Mood) -> None:
        """Adds the sentiment of a text.

        Args:
            question: the text, and the two sentiments as its options.
            mood: what was said.

        Raises:
            StorageError: the log cannot be written.
        """
        row = {
            "index": question.options.index(mood.sentiment),
            "confidence": mood.confidence,
            "margin": abs(2 * mood.confidence - 1),
            "graph_used": mood.graph_used,
            "flags": [],
        }
        self._append(question, row, {"choice": mood.sentiment})

    def _append(self, question: Question, row: dict[str, Any], texts: dict[str, Any]) -> None:
        head = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "task": question.task,
            "question": question_digest(question),
            "options": len(question.options),
        }
        told = {"asked": _asked(question), **texts} if self._text else {}
        journal.append(self.path, {**head, **self._read_by, **row, **told}, limit=self._limit)


def flags(answer: Answer) -> Sequence[str]:
    """What a person may want to look at in an answer, however sure it is.

    Args:
        answer: any answer.

    Returns:
        "abstained" where no answer was given, "turned" where the graph made the model choose what the text alone would
        not have.
    """
    found = ["abstained"] if answer.abstained else []
    best = max(answer.options, key=lambda option: option.text_score, default=None)
    if best is not None and answer.options[0].text_score < best.text_score:
        found.append("turned")
    return found


def _asked(question: Question) -> dict[str, Any]:
    """What was asked, as far as the answer depends on it; what is unknown is left out."""
    parts = {
        "text": question.text,
        "hypothesis": question.hypothesis,
        "options": list(question.options),
        "context": question.context,
        "facts": [list(fact) for fact in question.facts],
        "language": question.language,
    }
    return {name: part for name, part in parts.items() if part}


def question_digest(question: Question) -> str:
    """A digest of what was asked: text, hypothesis, options, context, facts and language."""
    return storage.digest_bytes(json.dumps([question.task, _asked(question)], sort_keys=True).encode())[:32]


def model_digest(model: ReasoningModel) -> str:
    """A digest of all weights of a model, its base's too, wherever they lie."""
    weights = sorted(model.state_dict().items())
    return storage.digest_bytes(*(f"{name} {storage.digest_bytes(_bytes(each))}\n".encode() for name, each in weights))


def _bytes(tensor: Any) -> Any:
    import torch

    return tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy()
