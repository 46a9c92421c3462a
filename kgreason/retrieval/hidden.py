"""Edges of a graph that no question reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kgreason.errors import InputError
from kgreason.records import Grounding, Triple

if TYPE_CHECKING:
    from kgreason.graph import KnowledgeGraph

__all__ = ["Hidden"]


class Hidden:
    """Which hidden edges a question could read: hiding one costs time, so that the others are left alone.

    Args:
        graph: the graph.
        edges: keys or names of its concepts, and names of relations; those that it lacks are passed over.

    Raises:
        InputError: the graph has no such concept.
    """

    def __init__(self, graph: KnowledgeGraph, edges: Sequence[Triple]) -> None:
        self._graph = graph
        resolved = [(graph.resolve(source), relation, graph.resolve(target)) for source, relation, target in edges]
        there = [
            (edge.triple, source, target)
            for source, relation, target in resolved
            for edge in graph.match(source=graph.key(source), target=graph.key(target))
            if edge.relation == relation
        ]
        self._edges = tuple(triple for triple, _, _ in there)
        self._ends = np.array([ends for _, *ends in there], np.int64).reshape(-1, 2)

    def at(self, grounding: Grounding) -> tuple[Triple, ...]:
        """The edges at its concepts, over which every path runs, but for those that the question brings itself."""
        seeds = [candidate.node for mention in grounding.mentions for candidate in mention.candidates]
        return self._chosen(np.flatnonzero(np.isin(self._ends, seeds).any(axis=1)), grounding)

    def within(self, nodes: npt.NDArray[np.int64], grounding: Grounding) -> tuple[Triple, ...]:
        """The edges between nodes, but for those that the question brings itself. Shape: nodes [n]."""
        return self._chosen(np.flatnonzero(np.isin(self._ends, nodes).all(axis=1)), grounding)

    def _chosen(self, places: npt.NDArray[np.int64], grounding: Grounding) -> tuple[Triple, ...]:
        question = grounding.question
        told = (*question.facts, *(edge.triple for edge in question.edges))
        brought = {(self._key(source), relation, self._key(target)) for source, relation, target in told}
        return tuple(edge for i in places.tolist() if (edge := self._edges[i]) not in brought)

    def _key(self, name: str) -> str:
        """The concept that a name means, or the name where there is none."""
        try:
            return self._graph.key(self._graph.resolve(name))
        except InputError:
            return name
