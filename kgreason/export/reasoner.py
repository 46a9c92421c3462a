"""Answers from an exported model and a graph, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Self

import numpy as np
import numpy.typing as npt

from kgreason.asking import BaseReasoner, Request, attempt, chosen, together
from kgreason.config import RetrievalConfig
from kgreason.errors import KGReasonError
from kgreason.export.runtime import ExportedModel
from kgreason.front import Front, Read
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Rules
from kgreason.grounding.unknown import Meaning
from kgreason.records import Answer, Evidence, Triple
from kgreason.tasks import validate

__all__ = ["ExportedReasoner"]

_NOTE = "an exported model does not tell what a path adds"

Floats = npt.NDArray[np.float32]


class ExportedReasoner(BaseReasoner):
    """Answers closed questions from an exported model and a graph; a :class:`kgreason.engine.Reasoner` without torch.

    Its evidence is what proves an option and the paths that connect it with the question. What a path adds to a score
    is known inside K alone, and is 0 here.

    Args:
        model: an exported model.
        graph: the graph, or None: then a question's own facts are it.
        config: of the retrieval.
        index: of the graph, to link names that it does not know.
        stated: whether edges that texts state are read.
        rules: what follows from them; the packaged rules if None.
        hidden: edges of the graph that no question reads.

    Example:
        >>> reasoner = ExportedReasoner.from_pretrained("mini-onnx")  # doctest: +SKIP
        >>> reasoner.ask("Where would you find a penguin?", ["zoo", "desert", "oven"]).choice  # doctest: +SKIP
        'zoo'
    """

    lacks = frozenset({"context", "open"})
    model: ExportedModel

    def __init__(
        self,
        model: ExportedModel,
        graph: KnowledgeGraph | None,
        config: RetrievalConfig | None = None,
        *,
        index: Meaning | None = None,
        stated: bool = True,
        rules: Rules | None = None,
        hidden: Sequence[Triple] = (),
    ) -> None:
        self.model, self.graph = model, graph
        self.stages = Front(graph, config, index, stated, rules, tuple(hidden))

    @classmethod
    def from_pretrained(
        cls, folder: str | Path, graph: KnowledgeGraph | str | Path | None = "default", *, threads: int = 0
    ) -> Self:
        """A reasoner from what :func:`kgreason.export.graphs.export_model` wrote.

        Args:
            folder: of the export.
            graph: an open graph, a graph's folder, "default", or None (also "none").
            threads: of onnxruntime; 0 for as many as there are cores.

        Raises:
            CheckpointError: the folder cannot be used; GraphImageError: the graph cannot.
        """
        if isinstance(graph, str | Path):
            graph = None if str(graph) == "none" else KnowledgeGraph.open(graph)
        return cls(ExportedModel(folder, threads=threads), graph)

    def over(self, graph: KnowledgeGraph | None, *, hidden: Sequence[Triple] = ()) -> Self:
        """The same model over another graph; what else it was given is as it is by default."""
        return type(self)(self.model, graph, hidden=hidden)

    def answers(self, requests: Sequence[Request]) -> list[Answer | KGReasonError]:
        """Answer several questions, in as few steps of the model as there can be.

        Returns:
            The answer of each request, or what was wrong with it.
        """
        begun: dict[int, tuple[Read, list[Evidence]]] = {}
        found: dict[int, Answer | KGReasonError] = {}
        for i, request in enumerate(requests):
            if isinstance(step := attempt(self._begin, request), KGReasonError):
                found[i] = step
            else:
                begun[i] = step
        for rows in together({i: read for i, (read, _) in begun.items()}):
            late = {i: error for i in rows if (error := attempt(requests[i].check)) is not None}
            rows = [i for i in rows if i not in late]
            found |= late | dict(zip(rows, self._scored([begun[i] for i in rows]), strict=True))
        return [found[i] for i in range(len(requests))]

    def _begin(self, request: Request) -> tuple[Read, list[Evidence]]:
        request.check()
        question = validate(request.question)
        self.model.check(question)
        read = self.stages.read(
            self.stages.with_stated(question, request.add, request.remove), request.add, request.remove
        )
        self.model.check(read.question, read.subgraph)
        return read, self.stages.connections(read, range(len(question.options)))

    def _scored(self, begun: Sequence[tuple[Read, list[Evidence]]]) -> list[Answer]:
        """Answers from one step of the model."""
        if not begun:
            return []
        start = perf_counter()
        scores = self.model.scores([(read.question, read.subgraph) for read, _ in begun])
        took = 1000 * (perf_counter() - start)
        ends = np.cumsum([len(read.question.options) for read, _ in begun])[:-1]
        parts = (np.split(scores[name], ends) for name in ("logits", "text"))
        answers = []
        for (read, evidence), gate, logits, text in zip(begun, scores["gate"], *parts, strict=True):
            read.trace["model_ms"] = took
            temperature = self.model.settings.temperature
            answers.append(chosen(read, logits, text, float(gate), evidence, temperature, note=_NOTE))
        return answers

    def _judged(self, reads: Sequence[Read], trace: dict[str, float]) -> tuple[Floats, Floats | None]:
        start = perf_counter()
        scores = self.model.scores([(read.question, read.subgraph) for read in reads])
        trace["model_ms"] = 1000 * (perf_counter() - start)
        return scores["logits"], scores.get("affect")
