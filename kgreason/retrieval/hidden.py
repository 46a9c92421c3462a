"""Edges of a graph that no question reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kgreason.records import Grounding, Triple

if TYPE_CHECKING:
    from kgreason.graph import KnowledgeGraph

__all__ = ["Hidden"]


class Hidden:
    """Which hidden edges a question could read: hiding one costs time, so that the others are left alone.

    Args:
        graph: the graph.
        edges: keys or names of its concepts, and names of relations.

    Raises:
        InputError: the graph has no such concept.
    """

    def __init__(self, graph: KnowledgeGraph, edges: Sequence[Triple]) -> None:
        self._edges = tuple(edges)
        ends = [(graph.resolve(source), graph.resolve(target)) for source, _, target in self._edges]
        self._ends = np.array(ends, np.int64).reshape(-1, 2)

    def at(self, grounding: Grounding) -> tuple[Triple, ...]:
        """The edges at its concepts, over which every path runs, but for those that the question brings itself."""
        seeds = [candidate.node for mention in grounding.mentions for candidate in mention.candidates]
        return self._chosen(np.flatnonzero(np.isin(self._ends, seeds).any(axis=1)), grounding)

    def within(self, nodes: npt.NDArray[np.int64], grounding: Grounding) -> tuple[Triple, ...]:
        """The edges between nodes, but for those that the question brings itself. Shape: nodes [n]."""
        return self._chosen(np.flatnonzero(np.isin(self._ends, nodes).all(axis=1)), grounding)

    def _chosen(self, places: npt.NDArray[np.int64], grounding: Grounding) -> tuple[Triple, ...]:
        question = grounding.question
        brought = {*question.facts, *((edge.source, edge.relation, edge.target) for edge in question.edges)}
        return tuple(edge for i in places.tolist() if (edge := self._edges[i]) not in brought)
