"""All that is found for a question before a model reads it: its subgraph, and the best paths of each option."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kgreason.records import Grounding, Path, Subgraph, Triple
from kgreason.retrieval.subgraph import Retriever
from kgreason.retrieval.wording import worded

__all__ = ["Gathered", "gather"]


@dataclass(frozen=True, eq=False, slots=True)
class Gathered:
    """A subgraph, and for each option its paths, strongest first."""

    subgraph: Subgraph
    paths: Mapping[str, tuple[Path, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Mentions, sizes and paths as JSON-ready values."""
        return {
            "question": self.subgraph.question.text,
            "mentions": self.subgraph.grounding.to_dict()["mentions"],
            "nodes": len(self.subgraph),
            "edges": self.subgraph.edge_index.shape[1],
            "paths": {option: [asdict(path) for path in found] for option, found in self.paths.items()},
        }


def gather(
    retriever: Retriever, grounding: Grounding, *, add: Sequence[Triple] = (), remove: Sequence[Triple] = ()
) -> Gathered:
    """Retrieves the evidence of a question.

    Args:
        retriever: of the graph.
        grounding: of the question.
        add: edges that hold for this question, too.
        remove: edges that do not hold for it.

    Raises:
        InputError: ``remove`` names an edge that is not there.

    Example:
        >>> from kgreason.graph import KnowledgeGraph
        >>> from kgreason.grounding import Grounder
        >>> from kgreason.records import Question
        >>> graph = KnowledgeGraph.from_triples([("penguin", "AtLocation", "zoo"), ("zoo", "IsA", "park")])
        >>> grounding = Grounder(graph).ground(Question("Where is a penguin?", ("zoo", "park")))
        >>> [str(path) for path in gather(Retriever(graph), grounding).paths["zoo"]]
        ['penguin is found at zoo']
    """
    subgraph = retriever.retrieve(grounding, add=add, remove=remove)
    options = enumerate(grounding.question.options)
    paths = {option: retriever.paths(subgraph, index, add=add, remove=remove) for index, option in options}
    return Gathered(subgraph, {each: worded(found, retriever.graph, grounding) for each, found in paths.items()})
