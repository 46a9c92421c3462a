"""Questions joined with their subgraphs, computed once and mapped from the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

from kgreason.config import RetrievalConfig
from kgreason.graph import KnowledgeGraph
from kgreason.records import Question, Subgraph
from kgreason.retrieval.file import SubgraphFile

__all__ = ["Pairs"]

Pair = tuple[Question, Subgraph | None]


class Pairs(Sequence[Pair]):
    """``(question, subgraph)`` for each question; the subgraph is None without a graph.

    Args:
        questions: the questions.
        graph: the graph, or None.
        config: of the retrieval.
        progress: called with (stage, done, total) while subgraphs are computed.

    Example:
        >>> Pairs([Question("Why?")])[0][1] is None
        True
    """

    def __init__(
        self,
        questions: Sequence[Question],
        graph: KnowledgeGraph | None = None,
        config: RetrievalConfig | None = None,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> None:
        self.questions = questions
        self.subgraphs = None if graph is None else SubgraphFile(graph, questions, config, progress=progress)

    def __len__(self) -> int:
        return len(self.questions)

    @overload
    def __getitem__(self, index: int) -> Pair: ...
    @overload
    def __getitem__(self, index: slice) -> list[Pair]: ...
    def __getitem__(self, index: int | slice) -> Pair | list[Pair]:
        """One pair, or those of a slice."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        return self.questions[index], None if self.subgraphs is None else self.subgraphs[index]
