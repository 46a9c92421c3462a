"""kgreason: a reasoning engine that grounds a pretrained language model in a knowledge graph.

The public names are loaded when they are first used, so that ``import kgreason`` costs next to nothing.

Example:
    >>> import kgreason as kr
    >>> graph = kr.KnowledgeGraph.from_triples([("penguin", "AtLocation", "zoo")])
    >>> graph.num_nodes
    2
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kgreason.config import RetrievalConfig
    from kgreason.engine import Reasoner
    from kgreason.errors import KGReasonError
    from kgreason.graph import KnowledgeGraph
    from kgreason.grounding import Grounder
    from kgreason.nn.meaning import MeaningIndex
    from kgreason.records import Answer, Grounding, Mood, Question, Subgraph
    from kgreason.retrieval import Retriever

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "Grounder",
    "Grounding",
    "KGReasonError",
    "KnowledgeGraph",
    "MeaningIndex",
    "Mood",
    "Question",
    "Reasoner",
    "RetrievalConfig",
    "Retriever",
    "Subgraph",
    "__version__",
]

_ROOMS = {
    "config": ("RetrievalConfig",),
    "engine": ("Reasoner",),
    "errors": ("KGReasonError",),
    "graph": ("KnowledgeGraph",),
    "grounding": ("Grounder",),
    "nn.meaning": ("MeaningIndex",),
    "records": ("Answer", "Grounding", "Mood", "Question", "Subgraph"),
    "retrieval": ("Retriever",),
}
_HOME = {name: f"{__name__}.{room}" for room, names in _ROOMS.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
