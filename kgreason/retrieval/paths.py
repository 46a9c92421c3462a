"""Typed paths of one and two steps from the question's concepts to an option's: counted, and the best ones told.

The counts are the features of a soft counter over path types (Wang et al., "GNN is a Counter?", ICLR 2022, eq. 3
unrolled for two layers), here divided by the square root of a middle node's degree and taken over the whole graph.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kgreason.records import ORIGINS, ROLE_QUESTION, Edge, Path
from kgreason.retrieval.edits import Degrees, GraphView, Rows
from kgreason.retrieval.relevance import Relevance
from kgreason.retrieval.scratch import Scratch
from kgreason.retrieval.seeds import Seeds

__all__ = ["best_paths", "count_types"]


def count_types(view: GraphView, seeds: Seeds, rows: Rows, scratch: Scratch) -> dict[str, npt.NDArray[Any]]:
    """Weighted counts of the path types that reach each option.

    A path type is the relation code of its first step and that of its second, −1 where there is none. Its value is
    the sum over its paths of min(weight, 1) for each step, divided by the square root of the middle node's degree.
    Concepts of the question that are concepts of an option too are skipped for that option.

    Args:
        view: the graph.
        seeds: concepts of question and options.
        rows: their adjacency.
        scratch: memory of this thread.

    Returns:
        ``path_option``, ``path_type`` and ``path_value`` of :class:`kgreason.records.Subgraph`, sorted.
    """
    from kgreason.retrieval.kernels import count_paths  # numba is slow to import

    scratch.fit(view.num_nodes, len(rows.idx))
    patched = view.patched
    degrees = Degrees(view.graph.ptr, patched, view.degrees(patched))
    is_question = (seeds.role & ROLE_QUESTION).astype(np.bool_)
    row_of, of_options = rows.row_of(), seeds.of_options
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
    found = _all_paths(view, seeds, rows, option, scratch)
    value = np.minimum(found.weight, 1.0).prod(axis=1)
    strength = found.weight.prod(axis=1)
    two = np.flatnonzero(found.nodes[:, 1] >= 0)
    middle = found.nodes[two, 1]
    scale = 1 / np.sqrt(view.degrees(middle))
    vectors = relevance.of_nodes(middle, relevance.of_names(view.names))
    value[two] *= scale
    strength[two] *= scale * (1 + relevance.cosine(vectors, text)) / 2
    score = strength if type_weights is None else _shared(found.code, value, type_weights)
    kept = np.flatnonzero(score > 0)
    ranks = [view.ranks(np.maximum(found.nodes[kept, column], 0)) for column in range(3)]
    order = np.lexsort((*found.code[kept].T, *ranks, -strength[kept], -score[kept]))[:limit]
    return tuple(_as_path(view, found, i, float(score[i])) for i in kept[order].tolist())


@dataclass(frozen=True, eq=False, slots=True)
class _Found:
    """Paths side by side.

    Shapes:
        nodes [p, 3] int64 (start, middle or −1, end), code [p, 2] int32 (second −1 for one step), weight [p, 2]
        float64 (second 1 for one step), origin [p, 2] uint8.
    """

    nodes: npt.NDArray[np.int64]
    code: npt.NDArray[np.int32]
    weight: npt.NDArray[np.float64]
    origin: npt.NDArray[np.uint8]


def _all_paths(view: GraphView, seeds: Seeds, rows: Rows, option: int, scratch: Scratch) -> _Found:
    is_end = np.zeros(len(seeds), np.bool_)
    is_end[seeds.of_options[1][seeds.of_options[0] == option]] = True
    is_start = (seeds.role & ROLE_QUESTION).astype(np.bool_) & ~is_end
    row = rows.row_of()
    one = np.flatnonzero(is_end[row] & np.isin(rows.idx, seeds.nodes[is_start]))
    first, second = _pairs(view, rows, is_start, is_end, scratch).T
    none = np.full(len(one), -1)
    nodes = (
        np.concatenate([rows.idx[one], seeds.nodes[row[first]]]),
        np.concatenate([none, rows.idx[first]]),
        seeds.nodes[row[np.concatenate([one, second])]],
    )
    backward = view.inverse[rows.code]
    code = np.concatenate([backward[one], rows.code[first]]), np.concatenate([none, backward[second]])
    weight = rows.weight[np.concatenate([one, first])], np.concatenate([np.ones(len(one)), rows.weight[second]])
    origin = rows.origin[np.concatenate([one, first])], np.concatenate([np.zeros(len(one)), rows.origin[second]])
    return _Found(
        np.stack(nodes, axis=1).astype(np.int64),
        np.stack(code, axis=1).astype(np.int32),
        np.stack(weight, axis=1).astype(np.float64),
        np.stack(origin, axis=1).astype(np.uint8),
    )


def _pairs(
    view: GraphView, rows: Rows, is_start: npt.NDArray[np.bool_], is_end: npt.NDArray[np.bool_], scratch: Scratch
) -> npt.NDArray[np.int32]:
    """Pairs of row entries that make a path of two steps. Shape: [p, 2]."""
    from kgreason.retrieval.kernels import link_pairs  # numba is slow to import

    scratch.fit(view.num_nodes, len(rows.idx))
    pairs = np.empty((1 << 10, 2), np.int32)
    while True:
        size = link_pairs(rows, is_start, is_end, scratch.lists.head, scratch.lists.following, pairs)
        if size <= len(pairs):
            return pairs[:size]
        pairs = np.empty((size, 2), np.int32)


def _shared(
    code: npt.NDArray[np.int32], value: npt.NDArray[np.float64], type_weights: Mapping[tuple[int, int], float]
) -> npt.NDArray[np.float64]:
    """Each path's share of what its type contributes."""
    types, which = np.unique(code, axis=0, return_inverse=True)
    total = np.bincount(which, value)
    weights = np.array([type_weights.get((first, second), 0.0) for first, second in types.tolist()])
    return weights[which] * value / total[which]


def _as_path(view: GraphView, found: _Found, i: int, contribution: float) -> Path:
    start, middle, end = found.nodes[i].tolist()
    stops = [start, end] if middle < 0 else [start, middle, end]
    edges = (
        _edge(view, source, target, int(found.code[i, step]), float(found.weight[i, step]), int(found.origin[i, step]))
        for step, (source, target) in enumerate(itertools.pairwise(stops))
    )
    return Path(tuple(edges), contribution)


def _edge(view: GraphView, start: int, end: int, code: int, weight: float, origin: int) -> Edge:
    """A step as the edge it walks, in the edge's own direction."""
    count = len(view.relations)
    backward = code >= count
    if view.symmetric[code % count]:
        backward = view.key(start).encode() > view.key(end).encode()
    source, target = (end, start) if backward else (start, end)
    name = view.relations[code % count]
    text = view.graph.relation_table.sentence(name, view.label(source), view.label(target))
    return Edge(view.key(source), name, view.key(target), weight, ORIGINS[origin], text)
