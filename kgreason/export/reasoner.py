"""Answers from an exported model and a graph, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Self

import numpy as np
import numpy.typing as npt

from kgreason.asking import BaseReasoner, Request, chosen
from kgreason.export.runtime import ExportedModel
from kgreason.front import Front, Read
from kgreason.graph import KnowledgeGraph
from kgreason.records import Answer, Question, Triple

__all__ = ["ExportedReasoner"]

_NOTE = "an exported model does not tell what a path adds"

Floats = npt.NDArray[np.float32]


class ExportedReasoner(BaseReasoner):
    """Answers closed questions from an exported model and a graph; a :class:`kgreason.engine.Reasoner` without torch.

    Its evidence is what proves an option and the paths that connect it with the question. What a path adds to a score
    is known inside K alone, and is 0 here.

    Args:
        model: an exported model.
        front: the stages before it, with their graph; without one a question's own facts are it.

    Example:
        >>> reasoner = ExportedReasoner.from_pretrained("mini-onnx")  # doctest: +SKIP
        >>> reasoner.ask("Where would you find a penguin?", ["zoo", "desert", "oven"]).choice  # doctest: +SKIP
        'zoo'
    """

    lacks = frozenset({"context", "open"})
    model: ExportedModel

    def __init__(self, model: ExportedModel, front: Front) -> None:
        self.model, self.graph, self.stages = model, front.graph, front

    @classmethod
    def from_pretrained(
        cls, folder: str | Path, graph: KnowledgeGraph | str | Path | None = "default", *, threads: int = 0
    ) -> Self:
        """A reasoner from what :func:`kgreason.export.graphs.export_model` wrote.

        Args:
            folder: of the export.
            graph: an open graph, a graph's folder, "default", or None (also "none").
            threads: of onnxruntime; 0 for OMP_NUM_THREADS, and without it for as many as there are cores.

        Raises:
            CheckpointError: the folder cannot be used; GraphImageError: the graph cannot.
        """
        if isinstance(graph, str | Path):
            graph = None if str(graph) == "none" else KnowledgeGraph.open(graph)
        return cls(ExportedModel(folder, threads=threads), Front(graph))

    def over(self, graph: KnowledgeGraph | None, *, hidden: Sequence[Triple] = ()) -> Self:
        """The same model over another graph; what else it was given is as it is by default."""
        return type(self)(self.model, Front(graph, hidden=tuple(hidden)))

    def _check(self, question: Question) -> None:
        self.model.check(question)

    def _begin(self, request: Request) -> Read:
        read = super()._begin(request)
        self.model.check(read.question, read.subgraph)
        return read

    def _scored(self, reads: Sequence[Read]) -> list[tuple[float, Floats, Floats]]:
        """Gate, scores and what the text alone says, of each question."""
        start = perf_counter()
        scores = self.model.scores([(read.question, read.subgraph) for read in reads])
        for read in reads:
            read.trace["model_ms"] = 1000 * (perf_counter() - start)
        ends = np.cumsum([len(read.question.options) for read in reads])[:-1]
        parts = (np.split(scores[name], ends) for name in ("logits", "text"))
        return list(zip(scores["gate"].tolist(), *parts, strict=True))

    def _told(self, read: Read, said: tuple[float, Floats, Floats]) -> Answer:
        gate, logits, text = said
        evidence = self.stages.connections(read, range(len(logits)))
        return chosen(read, logits, text, gate, evidence, self.model.settings.temperature, note=_NOTE)

    def _judged(self, reads: Sequence[Read], trace: dict[str, float]) -> tuple[Floats, Floats | None]:
        start = perf_counter()
        scores = self.model.scores([(read.question, read.subgraph) for read in reads])
        trace["model_ms"] = 1000 * (perf_counter() - start)
        return scores["logits"], scores.get("affect")
