"""Questions joined with their subgraphs, computed once and mapped from the cache, or made when they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

from kgreason.config import RetrievalConfig
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.records import Question, Subgraph
from kgreason.retrieval.file import SubgraphFile
from kgreason.retrieval.subgraph import Retriever

__all__ = ["Pairs"]

Pair = tuple[Question, Subgraph | None]


class Pairs(Sequence[Pair]):
    """``(question, subgraph)`` for each question; the subgraph is None without a graph.

    Args:
        questions: the questions.
        graph: the graph, or None.
        config: of the retrieval.
        progress: called with (stage, done, total) while subgraphs are computed.
        stored: compute all subgraphs now and keep them in the cache; otherwise each when it is read.

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
        *,
        stored: bool = True,
    ) -> None:
        self.questions = questions
        self._subgraph: Callable[[int], Subgraph | None] = lambda _: None
        if graph is not None and stored:
            self._subgraph = SubgraphFile(graph, questions, config, progress=progress).__getitem__
        elif graph is not None:
            grounder, retriever = Grounder(graph, config), Retriever(graph, config)
            self._subgraph = lambda i: retriever.retrieve(grounder.ground(questions[i]))

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
        return self.questions[index], self._subgraph(index)
