"""Questions joined with their subgraphs, computed once and mapped from the cache, or made when they are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, cached_property

from kgreason.config import RetrievalConfig
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.records import Question, Subgraph
from kgreason.retrieval.file import SubgraphFile
from kgreason.retrieval.lazy import Lazy
from kgreason.retrieval.subgraph import Retriever
from kgreason.retrieval.wide import is_wide

__all__ = ["Pairs", "facts_graph", "questions_of"]

Pair = tuple[Question, Subgraph | None]


@cache
def facts_graph() -> KnowledgeGraph:
    """The graph that knows nothing: over it, a question's own facts are the whole graph.

    Example:
        >>> question = Question("Who owns the zorb?", task="open", facts=(("a quix", "owns", "zorb"),))
        >>> list(Retriever(facts_graph()).retrieve(Grounder(facts_graph()).ground(question)).keys)
        ['zorb', 'a quix']
    """
    return KnowledgeGraph.from_triples([])


class Pairs(Lazy[Pair]):
    """``(question, subgraph)`` for each question.

    Without a graph, a question's own facts are the graph, and the subgraph of a question without facts is None.

    Args:
        questions: the questions.
        graph: the graph, or None.
        config: of the retrieval.
        progress: called with (stage, done, total) while subgraphs are computed.
        stored: compute subgraphs now and keep them in the cache; otherwise each when it is read. Wide subgraphs of a
            graph are never kept: they take longer to store than to make.

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
        self.questions, self.graph = questions, graph
        config = config or RetrievalConfig()
        read = [i for i, question in enumerate(questions) if stored and self._reads(question)]
        kept = [i for i in read if graph is None or not is_wide(graph, questions[i], config)]
        self._place = {i: place for place, i in enumerate(kept)}
        self._kept: Sequence[Subgraph] = ()
        self._config = config
        if kept:
            kept_questions = [questions[i] for i in kept]
            self._kept = SubgraphFile(self._base, kept_questions, config, progress=progress)

    def __len__(self) -> int:
        return len(self.questions)

    def make(self, i: int) -> Pair:
        """One pair."""
        question = self.questions[i]
        return (question, self._kept[self._place[i]]) if i in self._place else self.anew(question)

    def anew(self, question: Question) -> Pair:
        """A pair of another question, over the same graph."""
        if not self._reads(question):
            return question, None
        grounder, retriever = self._readers
        return question, retriever.retrieve(grounder.ground(question))

    def _reads(self, question: Question) -> bool:
        return self.graph is not None or bool(question.facts or question.edges)

    @property
    def _base(self) -> KnowledgeGraph:
        return facts_graph() if self.graph is None else self.graph

    @cached_property
    def _readers(self) -> tuple[Grounder, Retriever]:
        return Grounder(self._base, self._config), Retriever(self._base, self._config)


def questions_of(items: Sequence[Pair]) -> Sequence[Question]:
    """The questions alone; reading pairs would retrieve their subgraphs."""
    return items.questions if isinstance(items, Pairs) else [question for question, _ in items]
