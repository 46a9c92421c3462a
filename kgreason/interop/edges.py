"""The edges of a graph as arrays and by name, each once: what every form of exchange begins with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kgreason.graph import KnowledgeGraph

__all__ = ["Edges", "NamedEdge", "edges_of", "named_edges", "names_of"]

#: An edge by name: source, relation, target, weight.
NamedEdge = tuple[str, str, str, float]


class Edges(NamedTuple):
    """Every edge once, in its own direction. Shapes: all [e]; relation counts from 0 to R − 1."""

    source: npt.NDArray[np.int64]
    target: npt.NDArray[np.int64]
    relation: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float32]


def edges_of(graph: KnowledgeGraph) -> Edges:
    """Every edge of a graph once; of a symmetric relation, from the smaller key to the larger."""
    rows = np.repeat(np.arange(graph.num_nodes), np.diff(graph.ptr))
    rank = np.empty(graph.num_nodes, np.int64)
    rank[graph.arrays.key_order] = np.arange(graph.num_nodes)
    code, others = graph.rel.astype(np.int64), graph.idx.astype(np.int64)
    both = graph.symmetric[code % max(len(graph.relations), 1)]
    kept = np.where(both, rank[rows] < rank[others], code < len(graph.relations))
    return Edges(rows[kept], others[kept], code[kept], graph.weight[kept].astype(np.float32))


def names_of(graph: KnowledgeGraph) -> tuple[list[str], list[str]]:
    """Keys and labels of all nodes."""
    return graph.arrays.keys.to_list(), graph.arrays.labels.to_list()


def named_edges(graph: KnowledgeGraph, keys: Sequence[str]) -> Iterator[NamedEdge]:
    """Edges by name, with weights that give the same float16 again."""
    for source, target, relation, weight in zip(*(column.tolist() for column in edges_of(graph)), strict=True):
        yield keys[source], graph.relations[relation], keys[target], round(weight, 3)
