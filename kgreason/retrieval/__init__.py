"""From concepts to evidence."""

from __future__ import annotations

from kgreason.retrieval.file import SubgraphFile
from kgreason.retrieval.gathered import Gathered, gather
from kgreason.retrieval.pairs import Pairs, facts_graph, questions_of
from kgreason.retrieval.subgraph import Retriever
from kgreason.retrieval.wording import worded

__all__ = ["Gathered", "Pairs", "Retriever", "SubgraphFile", "facts_graph", "gather", "questions_of", "worded"]
