"""How near concepts are to a text: cosine of static token vectors, which no training changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from kgreason.graph.schema import default_label
from kgreason.graph.vectors import DIMENSIONS, StaticVectors

if TYPE_CHECKING:
    from kgreason.graph import KnowledgeGraph

__all__ = ["Relevance"]

_Vectors = npt.NDArray[np.int8]
#: Unit vectors are stored times 127.
_SCALE = np.float32(127.0 * 127.0)


class Relevance:
    """Static vectors of labels and texts, and their cosine.

    An image holds the vectors of its labels as the column ``text``; those of a graph without it are computed when
    they are first asked for, and kept.

    Args:
        graph: the graph.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.graph = graph
        self._column = graph.column("text")
        if self._column is None:
            self._computed = np.zeros((graph.num_nodes, DIMENSIONS), np.int8)
            self._known = np.zeros(graph.num_nodes, np.bool_)

    def of_text(self, text: str) -> _Vectors:
        """Vector of a text. Shape: [128]."""
        vector: _Vectors = StaticVectors.load().encode([text])[0]
        return vector

    def of_names(self, names: Sequence[str]) -> _Vectors:
        """Vectors of concepts that a question alone knows, by their keys. Shape: [n, 128]."""
        return StaticVectors.load().encode(map(default_label, names))

    def of_nodes(self, nodes: npt.NDArray[np.integer], own: _Vectors) -> _Vectors:
        """Vectors of labels.

        Args:
            nodes: ids; those after the graph's last are of ``own``.
            own: of the question's own concepts.

        Shapes:
            nodes [k], own [j, 128] -> [k, 128]
        """
        size = self.graph.num_nodes
        if not len(own):
            return self._of_graph(nodes)
        inside = nodes < size
        vectors: _Vectors = own[np.maximum(nodes - size, 0)]
        vectors[inside] = self._of_graph(nodes[inside])
        return vectors

    def _of_graph(self, nodes: npt.NDArray[np.integer]) -> _Vectors:
        vectors: _Vectors = self._table(nodes).take(nodes, axis=0)
        return vectors

    def _table(self, nodes: npt.NDArray[np.integer]) -> _Vectors:
        """A table of vectors in which those of some nodes are there."""
        if self._column is not None:
            return self._column
        if not self._known[nodes].all():
            missing = np.unique(nodes[~self._known[nodes]])
            self._computed[missing] = StaticVectors.load().encode([self.graph.label(node) for node in missing.tolist()])
            self._known[missing] = True
        return self._computed

    def cosine(self, nodes: npt.NDArray[np.integer], own: _Vectors, text: _Vectors) -> npt.NDArray[np.float32]:
        """Cosine of the labels of nodes and one text, exact up to the last division.

        Shapes:
            nodes [k], own [j, 128], text [128] -> [k]
        """
        from kgreason.retrieval.kernels import cosines  # numba is slow to import

        table = self._table(nodes[nodes < self.graph.num_nodes] if len(own) else nodes)
        found: npt.NDArray[np.float32] = cosines(table, own, nodes, text, _SCALE)
        return found
