"""Typed paths of one and two steps from the question's concepts to an option's: counted, and the best ones told.

The counts are the features of a soft counter over path types (Wang et al., "GNN is a Counter?", ICLR 2022, eq. 3
unrolled for two layers), here divided by the square root of a middle node's degree and taken over the whole graph.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kgreason.records import ORIGINS, ROLE_QUESTION, Edge, Path
from kgreason.retrieval.edits import Degrees, GraphView, Rows
from kgreason.retrieval.relevance import Relevance
from kgreason.retrieval.scratch import Scratch
from kgreason.retrieval.seeds import Seeds

__all__ = ["best_paths", "count_types"]


def count_types(
    view: GraphView, seeds: Seeds, rows: Rows, row_of: npt.NDArray[np.int32], scratch: Scratch
) -> dict[str, npt.NDArray[Any]]:
    """Weighted counts of the path types that reach each option.

    A path type is the relation code of its first step and that of its second, −1 where there is none. Its value is
    the sum over its paths of min(weight, 1) for each step, divided by the square root of the middle node's degree.
    Concepts of the question that are concepts of an option too are skipped for that option.

    Args:
        view: the graph.
        seeds: concepts of question and options.
        rows: their adjacency.
        row_of: the row each entry stands in.
        scratch: memory of this thread.

    Returns:
        ``path_option``, ``path_type`` and ``path_value`` of :class:`kgreason.records.Subgraph`, sorted.
    """
    from kgreason.retrieval.kernels import count_paths  # numba is slow to import

    scratch.fit(view.num_nodes, len(rows.idx))
    patched = view.patched
    degrees = Degrees(view.graph.ptr, patched, view.degrees(patched))
    is_question = (seeds.role & ROLE_QUESTION).astype(np.bool_)
    of_options = seeds.of_options
    while True:
        lists, table = scratch.lists, scratch.table
        size = count_paths(seeds.nodes, rows, row_of, is_question, of_options, view.inverse, degrees, lists, table)
        if size >= 0:
            break
        scratch.fit_types(2 * len(table.keys))
    used = table.used[:size]
    keys, values = table.keys[used], table.sums[used]
    table.keys[used] = -1
    order = np.argsort(keys)
    codes = len(view.inverse) + 1
    of_option, types = np.divmod(keys[order], codes * codes)
    return {
        "path_option": of_option.astype(np.int32),
        "path_type": np.stack([types // codes, types % codes - 1], axis=1).astype(np.int32),
        "path_value": values[order].astype(np.float32),
    }


def best_paths(
    view: GraphView,
    seeds: Seeds,
    rows: Rows,
    row_of: npt.NDArray[np.int32],
    option: int,
    relevance: Relevance,
    text: npt.NDArray[np.int8],
    scratch: Scratch,
    *,
    limit: int,
    type_weights: Mapping[tuple[int, int], float] | None = None,
) -> tuple[Path, ...]:
    """The paths from a concept of the question to a concept of an option that say most.

    Args:
        view: the graph.
        seeds: concepts of question and options.
        rows: their adjacency.
        row_of: the row each entry stands in.
        option: which option.
        relevance: vectors of labels.
        text: vector of the question.
        scratch: memory of this thread.
        limit: how many paths.
        type_weights: what each path type contributes to the option's score; the paths of a type share it by their
            values, and those of a type that contributes nothing are left out. Without it a path counts the product
            of its weights / sqrt(degree of the middle node) × (1 + cosine of that node and the question) / 2.

    Returns:
        Paths by contribution, then by that product, then by the ids of their nodes and relations.
    """
    first, second = _all_paths(view, seeds, rows, option, scratch).T
    weights = rows.weight.astype(np.float64)
    two = first >= 0
    middle = rows.idx[first[two]]
    scale = np.ones((2, len(first)))
    scale[0, two] = 1 / np.sqrt(view.degrees(middle))
    vectors = relevance.of_nodes(middle, relevance.of_names(view.names))
    scale[1, two] = scale[0, two] * (1 + relevance.cosine(vectors, text)) / 2
    strength = np.where(two, weights[first], 1.0) * weights[second] * scale[1]
    found = _Found(view, seeds, rows, row_of, first, second)
    if type_weights is None:
        score = strength
    else:
        least = np.minimum(weights, 1.0)
        score = _shared(found.codes(), np.where(two, least[first], 1.0) * least[second] * scale[0], type_weights)
    kept = np.flatnonzero(score > 0)
    if 0 < limit < len(kept):
        # Only paths that may be among the best need to be told apart.
        kept = kept[score[kept] >= np.partition(score[kept], len(kept) - limit)[len(kept) - limit]]
    best = found.take(kept)
    ranks = [view.ranks(np.maximum(nodes, 0)) for nodes in best.nodes().T]
    order = np.lexsort((*best.codes().T, *ranks, -strength[kept], -score[kept]))[:limit]
    return tuple(best.take(order).paths(score[kept[order]]))


class _Found(NamedTuple):
    """Paths by the entries that they walk, of the start's row (−1 for one step) and of the end's row.

    Shapes:
        row_of [m], first and second [p].
    """

    view: GraphView
    seeds: Seeds
    rows: Rows
    row_of: npt.NDArray[np.int32]
    first: npt.NDArray[np.int32]
    second: npt.NDArray[np.int32]

    def take(self, which: npt.NDArray[np.int64]) -> _Found:
        """Some of them."""
        return self._replace(first=self.first[which], second=self.second[which])

    def nodes(self) -> npt.NDArray[np.int32]:
        """Start, middle (−1 for one step) and end. Shape: [p, 3]."""
        two, nodes, others = self.first >= 0, self.seeds.nodes, self.rows.idx[self.second]
        start = np.where(two, nodes[self.row_of[self.first]], others)
        return np.stack([start, np.where(two, others, -1), nodes[self.row_of[self.second]]], axis=1)

    def codes(self) -> npt.NDArray[np.int32]:
        """Relation codes of the steps, the second −1 for one step. Shape: [p, 2]."""
        two, last = self.first >= 0, self.view.inverse[self.rows.code[self.second]]
        codes: npt.NDArray[np.int32] = np.stack(
            [np.where(two, self.rows.code[self.first], last), np.where(two, last, -1)], axis=1
        )
        return codes

    def paths(self, contribution: npt.NDArray[np.float64]) -> Iterator[Path]:
        """The paths as records."""
        weight, origin = self.rows.weight, self.rows.origin
        named = cache(lambda node: (self.view.key(node), self.view.label(node)))
        each = (self.nodes(), self.codes(), self.first, self.second, contribution)
        for nodes, codes, first, second, share in zip(*(column.tolist() for column in each), strict=True):
            stops, entries = ([nodes[0], nodes[2]], [second]) if first < 0 else (nodes, [first, second])
            steps = zip(itertools.pairwise(stops), codes, entries, strict=False)
            edges = (
                _edge(self.view, named, *ends, code, float(weight[at]), int(origin[at])) for ends, code, at in steps
            )
            yield Path(tuple(edges), share)


def _all_paths(view: GraphView, seeds: Seeds, rows: Rows, option: int, scratch: Scratch) -> npt.NDArray[np.int32]:
    """Paths to an option by the entries that they walk, see :func:`kernels.link_paths`. Shape: [p, 2]."""
    from kgreason.retrieval.kernels import link_paths  # numba is slow to import

    is_end = np.zeros(len(seeds), np.bool_)
    is_end[seeds.of_options[1][seeds.of_options[0] == option]] = True
    is_start = (seeds.role & ROLE_QUESTION).astype(np.bool_) & ~is_end
    scratch.fit(view.num_nodes, len(rows.idx))
    pairs = np.empty((1 << 10, 2), np.int32)
    while (size := link_paths(seeds.nodes, rows, is_start, is_end, scratch.lists, pairs)) > len(pairs):
        pairs = np.empty((size, 2), np.int32)
    return pairs[:size]


def _shared(
    code: npt.NDArray[np.int32], value: npt.NDArray[np.float64], type_weights: Mapping[tuple[int, int], float]
) -> npt.NDArray[np.float64]:
    """Each path's share of what its type contributes."""
    types, which = np.unique(code, axis=0, return_inverse=True)
    total = np.bincount(which, value)
    weights = np.array([type_weights.get((first, second), 0.0) for first, second in types.tolist()])
    return weights[which] * value / total[which]


def _edge(
    view: GraphView,
    named: Callable[[int], tuple[str, str]],
    start: int,
    end: int,
    code: int,
    weight: float,
    origin: int,
) -> Edge:
    """A step as the edge it walks, in the edge's own direction; ``named`` gives key and label of a node."""
    count = len(view.relations)
    first, last = named(start), named(end)
    if first[0].encode() > last[0].encode() if view.symmetric[code % count] else code >= count:
        first, last = last, first
    name = view.relations[code % count]
    text = view.graph.relation_table.sentence(name, first[1], last[1])
    return Edge(first[0], name, last[0], weight, ORIGINS[origin], text)
