"""Typed paths of one and two steps from the question's concepts to an option's: counted, and the best ones told.

The counts are the features of a soft counter over path types (Wang et al., "GNN is a Counter?", ICLR 2022, eq. 3
unrolled for two layers), here divided by the square root of a middle node's degree and taken over the whole graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from kgreason.records import ORIGINS, Edge, Path
from kgreason.retrieval.edits import GraphView, Rows, edge_text
from kgreason.retrieval.relevance import Relevance
from kgreason.retrieval.scratch import Scratch
from kgreason.retrieval.seeds import Seeds

__all__ = ["Links", "count_types"]


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
    from kgreason.retrieval.path_kernels import count_paths  # numba is slow to import

    scratch.fit(view.num_nodes, len(rows.idx))
    ends, degrees = seeds.of_options, view.all_degrees
    while True:
        lists, table = scratch.lists, scratch.table
        size = count_paths(seeds.nodes, rows, seeds.is_question, ends, view.inverse, degrees, lists, table)
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

    They are kept by option, strongest first, as :func:`path_kernels.link_paths` writes them.

    Args:
        view: the graph.
        seeds: concepts of question and options.
        rows: their adjacency.
        relevance: vectors of labels.
        text: vector of the question.
        scratch: memory of this thread.
    """

    def __init__(
        self,
        view: GraphView,
        seeds: Seeds,
        rows: Rows,
        relevance: Relevance,
        text: npt.NDArray[np.int8],
        scratch: Scratch,
    ) -> None:
        self._view, self._rows = view, rows
        paths = _all_paths(view, seeds, rows, scratch)
        two, nodes = paths[:, 1] >= 0, np.maximum(paths[:, 3:6].T, 0)  # a path of one step has no middle node
        near = relevance.cosine(nodes[1], relevance.of_names(view.names), text)
        evenness = np.where(two, 1 / np.sqrt(np.maximum(view.degrees(nodes[1]), 1)), 1.0)
        weights = rows.weight.astype(np.float64)
        first, second = weights.take(paths[:, 1], mode="clip"), weights[paths[:, 2]]
        strength = np.where(two, first * second * (evenness * (1 + near) / 2), second)
        ranks = view.ranks(nodes.ravel()).reshape(3, -1)
        order = np.lexsort((paths[:, 6], paths[:, 7], *ranks, -strength, paths[:, 0]))
        self._paths, self._strength, self._evenness = paths[order], strength[order], evenness[order]
        options = int(seeds.of_options[0].max(initial=-1)) + 1
        self._bounds = np.searchsorted(self._paths[:, 0], np.arange(options + 1)).tolist()
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
        score, paths = self._strength[own], self._paths[own]
        if type_weights is not None:
            score = _shared(paths[:, 6:].T, self._least(paths) * self._evenness[own], type_weights)
            order = np.argsort(-score, kind="stable")[:limit]
            score, paths = score[order], paths[order]
        kept = zip(paths[:limit].tolist(), score[:limit].tolist(), strict=True)
        return tuple([self._path(path, share) for path, share in kept if share > 0])

    def _least(self, paths: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
        """The product of min(weight, 1) over the steps of some paths. Shapes: [p, 8] -> [p]."""
        least = np.minimum(self._rows.weight, np.float32(1)).astype(np.float64)
        first, second = paths[:, 1], paths[:, 2]
        found: npt.NDArray[np.float64] = np.where(first >= 0, least[first], 1.0) * least[second]
        return found

    def _path(self, path: list[int], contribution: float) -> Path:
        """A path as a record."""
        _, first, second, start, middle, end, code, last = path
        if first < 0:
            return Path((self._edge(second, start, end, code),), contribution)
        return Path((self._edge(first, start, middle, code), self._edge(second, middle, end, last)), contribution)

    def _edge(self, entry: int, start: int, end: int, code: int) -> Edge:
        """The edge that an entry stands for, in its own direction; paths share it."""
        if (made := self._edges.get(entry)) is None:
            view = self._view
            (first, said), (last, told), count = self._named(start), self._named(end), len(view.relations)
            relation = code % count
            if first > last if view.symmetric.item(relation) else code >= count:  # by characters, as UTF-8 sorts
                first, said, last, told = last, told, first, said
            name, origin = view.relations[relation], ORIGINS[self._rows.origin.item(entry)]
            text = edge_text(view.graph, view.question, said, name, told)
            made = self._edges[entry] = Edge(first, name, last, self._rows.weight.item(entry), origin, text)
        return made


def _all_paths(view: GraphView, seeds: Seeds, rows: Rows, scratch: Scratch) -> npt.NDArray[np.int32]:
    """Every path, by option; in the memory of this thread. Shape: [p, 8]."""
    from kgreason.retrieval.path_kernels import link_paths  # numba is slow to import

    scratch.fit(view.num_nodes, len(rows.idx))
    given = seeds.nodes, rows, seeds.is_question, seeds.of_options, view.inverse, scratch.lists
    while (size := link_paths(*given, scratch.paths)) > len(scratch.paths):
        scratch.paths = np.empty((size, scratch.paths.shape[1]), np.int32)
    return scratch.paths[:size]


def _shared(
    code: npt.NDArray[np.int32], value: npt.NDArray[np.float64], type_weights: Mapping[tuple[int, int], float]
) -> npt.NDArray[np.float64]:
    """Each path's share of what its type contributes."""
    codes = int(code.max(initial=0)) + 2
    types, which = np.unique(code[0].astype(np.int64) * codes + code[1] + 1, return_inverse=True)
    weights = np.array([type_weights.get((type_ // codes, type_ % codes - 1), 0.0) for type_ in types.tolist()])
    return weights[which] * value / np.bincount(which, value)[which]
