"""The best facts of a graph in words, for the arm that reads them as text instead of passing messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from itertools import zip_longest

from kgreason import storage
from kgreason.config import RetrievalConfig
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.records import Question
from kgreason.retrieval import Retriever

__all__ = ["with_facts"]

PATHS = 2
FACTS = 8


def with_facts(
    questions: Sequence[Question],
    graph: KnowledgeGraph,
    config: RetrievalConfig | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[Question]:
    """The questions with the facts on their best paths written behind them; found once and kept in the cache.

    Args:
        questions: the questions.
        graph: the graph.
        config: of the retrieval.
        progress: called with (stage, done, total).

    Returns:
        Questions whose text ends in at most eight facts: those of each option's best path first, then of its second.
    """
    config = config or RetrievalConfig()
    head = json.dumps([graph.digest, asdict(config), [(q.text, q.options, q.facts) for q in questions]])
    path = storage.cache_home() / "facts" / f"{storage.digest_bytes(head.encode())}.json"
    if not path.is_file():
        storage.write_json(path, _all_facts(questions, graph, config, progress))
    facts: list[str] = storage.read_json(path)
    return [replace(q, text=f"{q.text} {told}".rstrip()) for q, told in zip(questions, facts, strict=True)]


def _all_facts(
    questions: Sequence[Question],
    graph: KnowledgeGraph,
    config: RetrievalConfig,
    progress: Callable[[str, int, int], None] | None,
) -> list[str]:
    grounder, retriever = Grounder(graph, config), Retriever(graph, config)
    found = []
    for done, question in enumerate(questions):
        subgraph = retriever.retrieve(grounder.ground(question))
        by_option = [retriever.paths(subgraph, option, limit=PATHS) for option in range(len(question.options))]
        paths = [path for rank in zip_longest(*by_option) for path in rank if path is not None]
        facts = dict.fromkeys(str(edge) for path in paths for edge in path.edges)
        found.append(" ".join(f"{fact}." for fact in list(facts)[:FACTS]))
        if progress is not None and done % 100 == 0:
            progress("write facts", done, len(questions))
    return found
