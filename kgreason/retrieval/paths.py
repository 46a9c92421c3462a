"""Typed paths of one and two steps from the question's concepts to an option's: counted, and the best ones told.

The counts are the features of a soft counter over path types (Wang et al., "GNN is a Counter?", ICLR 2022, eq. 3
unrolled for two layers), here divided by the square root of a middle node's degree and taken over the whole graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from kgreason.records import ORIGINS, ROLE_QUESTION, Edge, Path
from kgreason.retrieval.edits import Degrees, GraphView, Rows, edge_text
from kgreason.retrieval.relevance import Relevance
from kgreason.retrieval.scratch import Scratch
from kgreason.retrieval.seeds import Seeds

__all__ = ["Links", "count_types"]


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


class Links:
    """All paths of one and two steps that lead to the options of a question, found once for all of them.

    They are kept by option, strongest first, in seven numbers each: the entries that a path walks, of the start's row
    (−1 for one step) and of the end's row; start, middle (−1 for one step), end; the codes of its steps (the last −1).

    Args:
        view: the graph.
        seeds: concepts of question and options.
        rows: their adjacency.
        row_of: the row each entry stands in.
        relevance: vectors of labels.
        text: vector of the question.
        scratch: memory of this thread.

    Shapes:
        row_of [m].
    """

    def __init__(
        self,
        view: GraphView,
        seeds: Seeds,
        rows: Rows,
        row_of: npt.NDArray[np.int32],
        relevance: Relevance,
        text: npt.NDArray[np.int8],
        scratch: Scratch,
    ) -> None:
        self._view, self._rows = view, rows
        option, first, second = _all_paths(view, seeds, rows, row_of, scratch)
        two = first >= 0
        middle = rows.idx[first[two]]
        evenness, scale = np.ones((2, len(option)))
        evenness[two] = 1 / np.sqrt(view.degrees(middle))
        vectors = relevance.of_nodes(middle, relevance.of_names(view.names))
        scale[two] = evenness[two] * (1 + relevance.cosine(vectors, text)) / 2
        weights = rows.weight.astype(np.float64)
        strength = np.where(two, weights[first], 1.0) * weights[second] * scale
        ends, last = rows.idx[second], view.inverse[rows.code[second]]
        steps = np.empty((7, len(option)), np.int32)
        steps[0], steps[1] = first, second
        steps[2] = np.where(two, seeds.nodes[row_of[first]], ends)
        steps[3], steps[4] = np.where(two, ends, -1), seeds.nodes[row_of[second]]
        steps[5], steps[6] = np.where(two, rows.code[first], last), np.where(two, last, -1)
        ranks = view.ranks(np.maximum(steps[2:5], 0).ravel()).reshape(3, -1)
        order = np.lexsort((*steps[5:], *ranks, -strength, option))
        self._steps, self._strength, self._evenness = steps[:, order], strength[order], evenness[order]
        self._bounds = np.searchsorted(option, np.arange(option.max(initial=-1) + 2)).tolist()
        self._edges: dict[int, Edge] = {}
        self._named = cache(lambda node: (view.key(node), view.label(node)))

    def best(
        self, option: int, limit: int, type_weights: Mapping[tuple[int, int], float] | None = None
    ) -> tuple[Path, ...]:
        """The paths from a concept of the question to a concept of an option that say most.

        Args:
            option: which option.
            limit: how many paths.
            type_weights: what each path type contributes to the option's score; the paths of a type share it by their
                values, and those of a type that contributes nothing are left out. Without it a path counts the product
                of its weights / sqrt(degree of the middle node) × (1 + cosine of that node and the question) / 2.

        Returns:
            Paths by contribution, then by that product, then by the ids of their nodes and relations.
        """
        if option + 1 >= len(self._bounds):
            return ()
        own = slice(self._bounds[option], self._bounds[option + 1])
        score, steps = self._strength[own], self._steps[:, own]
        if type_weights is not None:
            score = _shared(steps[5:], self._least(steps) * self._evenness[own], type_weights)
            order = np.argsort(-score, kind="stable")
            score, steps = score[order], steps[:, order]
        size = min(limit, int(np.count_nonzero(score > 0)))
        return tuple(self._paths(steps[:, :size].T.tolist(), score[:size].tolist()))

    def _least(self, steps: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        """The product of min(weight, 1) over the steps of some paths. Shapes: [7, p] -> [p]."""
        least = np.minimum(self._rows.weight, np.float32(1)).astype(np.float64)
        found: npt.NDArray[np.float64] = np.where(steps[0] >= 0, least[steps[0]], 1.0) * least[steps[1]]
        return found

    def _paths(self, steps: list[list[int]], contribution: list[float]) -> Iterator[Path]:
        """Some paths as records."""
        for (first, second, start, middle, end, code, last), share in zip(steps, contribution, strict=True):
            if first < 0:
                yield Path((self._edge(second, start, end, code),), share)
            else:
                yield Path((self._edge(first, start, middle, code), self._edge(second, middle, end, last)), share)

    def _edge(self, entry: int, start: int, end: int, code: int) -> Edge:
        """The edge that an entry stands for, in its own direction; paths share it."""
        if (made := self._edges.get(entry)) is None:
            weight, origin = float(self._rows.weight[entry]), int(self._rows.origin[entry])
            made = self._edges[entry] = _edge(self._view, self._named(start), self._named(end), code, weight, origin)
        return made


def _all_paths(
    view: GraphView, seeds: Seeds, rows: Rows, row_of: npt.NDArray[np.int32], scratch: Scratch
) -> npt.NDArray[np.int32]:
    """Option and entries of every path, by option; see :func:`kernels.link_paths`. Shape: [3, p]."""
    from kgreason.retrieval.kernels import link_paths  # numba is slow to import

    is_question = (seeds.role & ROLE_QUESTION).astype(np.bool_)
    scratch.fit(view.num_nodes, len(rows.idx))
    pairs = np.empty((3, 1 << 12), np.int32)
    while True:
        size = link_paths(seeds.nodes, rows, row_of, is_question, seeds.of_options, scratch.lists, pairs)
        if size <= pairs.shape[1]:
            return pairs[:, :size]
        pairs = np.empty((3, size), np.int32)


def _shared(
    code: npt.NDArray[np.int32], value: npt.NDArray[np.float64], type_weights: Mapping[tuple[int, int], float]
) -> npt.NDArray[np.float64]:
    """Each path's share of what its type contributes."""
    codes = int(code.max(initial=0)) + 2
    types, which = np.unique(code[0].astype(np.int64) * codes + code[1] + 1, return_inverse=True)
    weights = np.array([type_weights.get((type_ // codes, type_ % codes - 1), 0.0) for type_ in types.tolist()])
    return weights[which] * value / np.bincount(which, value)[which]


def _edge(
    view: GraphView, first: tuple[str, str], last: tuple[str, str], code: int, weight: float, origin: int
) -> Edge:
    """The edge that a step walks, in its own direction; ``first`` and ``last`` are key and label of its ends."""
    count = len(view.relations)
    if first[0].encode() > last[0].encode() if view.symmetric[code % count] else code >= count:
        first, last = last, first
    name = view.relations[code % count]
    text = edge_text(view.graph, view.question, first[1], name, last[1])
    return Edge(first[0], name, last[0], weight, ORIGINS[origin], text)
