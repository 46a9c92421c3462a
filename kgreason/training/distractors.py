"""Graphs with edges that say nothing: what is drawn from a graph has to be what bears on the question."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kgreason.records import Subgraph

__all__ = ["with_distractors"]


def with_distractors(subgraph: Subgraph, share: float, random: np.random.Generator) -> Subgraph:
    """The subgraph with edges between random nodes of its own.

    Relation, weight and origin of a distractor are those of an edge drawn from the subgraph, so that nothing but its
    ends gives it away. It stands there in both directions, as every edge does. A draw that gives a loop or an edge that
    is there already is let go. Paths were counted over the whole graph and stay as they are.

    Args:
        subgraph: whose second half of edges is the first walked backward.
        share: so many distractors for each edge.
        random: what they are drawn by.
    """
    half, size = subgraph.edge_index.shape[1] // 2, len(subgraph)
    count = round(share * half)
    ends, drawn = random.integers(0, max(size, 1), (2, count)), random.integers(0, max(half, 1), count)
    code = subgraph.edge_relation.astype(np.int64).reshape(2, half)  # forward, backward

    def named(ends: np.ndarray, code: np.ndarray) -> np.ndarray:
        """One number for an edge, whichever way it is walked."""
        ways = (ends.astype(np.int64) * size + ends[::-1]) * 2 * len(subgraph.relations) + code
        return ways.min(0)

    names = named(ends, code[:, drawn])
    first = np.sort(np.unique(names, return_index=True)[1])
    there = named(subgraph.edge_index[:, :half], code)
    kept = first[(ends[0] != ends[1])[first] & ~np.isin(names[first], there)]
    ends, drawn = ends[:, kept], drawn[kept]

    def laid(values: np.ndarray, more: np.ndarray, mates: np.ndarray) -> np.ndarray:
        parts = (values[..., :half], more, values[..., half:], mates)
        return np.concatenate([part.astype(values.dtype) for part in parts], axis=-1)

    weight, origin = subgraph.edge_weight[drawn], subgraph.edge_origin[drawn]
    return replace(
        subgraph,
        edge_index=laid(subgraph.edge_index, ends, ends[::-1]),
        edge_relation=laid(subgraph.edge_relation, *code[:, drawn]),
        edge_weight=laid(subgraph.edge_weight, weight, weight),
        edge_origin=laid(subgraph.edge_origin, origin, origin),
    )
