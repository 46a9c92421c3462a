"""Retrieval by definition, over plain triples, and random graphs and questions to compare with it."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import networkx as nx
import numpy as np
from hypothesis import strategies as st

from kgreason.graph import KnowledgeGraph
from kgreason.graph.derive import is_symmetric as is_symmetric
from kgreason.records import Question, Subgraph

#: No inflections of one another, no stop words.
NAMES = ("zorb", "quix", "plam", "drent", "fosk", "gluv", "hink", "jalp", "krud", "lomp", "mazz")
RELATIONS = ("IsA", "Antonym", "NotDesires", "Desires", "madeOf")

weights = st.sampled_from([0.25, 1.0, 1.0, 2.0, 5.0])
triples = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(RELATIONS), st.sampled_from(NAMES), weights),
    min_size=1,
    max_size=37,
)
questions = st.builds(
    lambda text, options: Question(" ".join(text), tuple(" or ".join(option) for option in options)),
    st.lists(st.sampled_from(NAMES), max_size=5),
    st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True), max_size=3),
)


def build(facts: Iterable[tuple[Any, ...]]) -> KnowledgeGraph:
    """A graph that knows all names, whether a fact has them or not."""
    return KnowledgeGraph.from_triples(facts, labels={name: name for name in NAMES})


def merged(facts: Iterable[tuple[Any, ...]]) -> dict[tuple[str, str, str], float]:
    """Weight of every edge; of a symmetric relation the smaller key comes first."""
    edges: dict[tuple[str, str, str], float] = defaultdict(float)
    for source, relation, target, *weight in facts:
        if source != target:
            ends = sorted((source, target)) if is_symmetric(relation) else (source, target)
            edges[ends[0], relation, ends[1]] += weight[0] if weight else 1.0
    return dict(edges)


def as_networkx(edges: Mapping[tuple[str, str, str], float]) -> nx.MultiGraph:
    """The edges without direction, and with the name of what walks them from either end."""
    graph = nx.MultiGraph()
    graph.add_nodes_from(NAMES)
    for (source, relation, target), weight in edges.items():
        graph.add_edge(source, target, relation=relation, source=source, weight=weight)
    return graph


def step(data: Mapping[str, Any], start: str) -> str:
    """Name of an edge walked from one of its ends."""
    return data["relation"] if data["source"] == start or is_symmetric(data["relation"]) else f"{data['relation']}-"


def between(graph: nx.MultiGraph, seeds: Sequence[str]) -> set[str]:
    """Nodes on a path of two steps between two different seeds."""
    near = {seed: set(graph.neighbors(seed)) for seed in seeds}
    return {node for a in seeds for b in seeds if a < b for node in near[a] & near[b]} - set(seeds)


def path_values(
    graph: nx.MultiGraph, starts: Iterable[str], ends: Iterable[str], degree: Mapping[str, int]
) -> dict[tuple[str, ...], float]:
    """Value of each path type from some concepts to others."""
    values: Counter[tuple[str, ...]] = Counter()
    for start in set(starts) - set(ends):
        for _, middle, first in graph.edges(start, data=True):
            if middle in ends:
                values[(step(first, start),)] += min(first["weight"], 1.0)
            for _, end, second in graph.edges(middle, data=True):
                if end in ends:
                    value = min(first["weight"], 1.0) * min(second["weight"], 1.0) / math.sqrt(degree[middle])
                    values[step(first, start), step(second, middle)] += value
    return dict(values)


def named(subgraph: Subgraph) -> dict[str, Any]:
    """A subgraph by names alone: what is left when ids, codes and orders are forgotten."""
    keys, count = subgraph.keys, len(subgraph.relations)

    def walk(code: int) -> str:
        return subgraph.relations[code % count] + ("-" if code >= count else "")

    edges = zip(
        *subgraph.edge_index.tolist(), subgraph.edge_relation.tolist(), subgraph.edge_weight.tolist(), strict=True
    )
    paths = zip(subgraph.path_option.tolist(), subgraph.path_type.tolist(), subgraph.path_value.tolist(), strict=True)
    return {
        "nodes": {key: (int(r), float(p)) for key, r, p in zip(keys, subgraph.role, subgraph.prior, strict=True)},
        "edges": {(keys[s], walk(r), keys[t]): w for s, t, r, w in edges},
        "options": {(o, keys[n]) for o, n in subgraph.option_node.T.tolist()},
        "mentions": {(m, keys[n]) for m, n in subgraph.mention_node.T.tolist()},
        "paths": {(o, *(walk(c) for c in types if c >= 0)): round(v, 4) for o, types, v in paths},
    }


def check(subgraph: Subgraph) -> None:
    """What the record promises of every subgraph."""
    n, half = len(subgraph), subgraph.edge_index.shape[1] // 2
    assert len(subgraph.keys) == len(subgraph.labels) == len(set(subgraph.keys)) == n
    for array, dtype, shape in (
        (subgraph.nodes, np.int64, (n,)),
        (subgraph.role, np.uint8, (n,)),
        (subgraph.prior, np.float32, (n,)),
        (subgraph.relevance, np.float32, (n,)),
        (subgraph.vectors, np.int8, (n, 128)),
        (subgraph.edge_index, np.int32, (2, 2 * half)),
        (subgraph.edge_relation, np.uint16, (2 * half,)),
        (subgraph.edge_weight, np.float32, (2 * half,)),
        (subgraph.edge_origin, np.uint8, (2 * half,)),
        (subgraph.option_node, np.int32, (2, subgraph.option_node.shape[1])),
        (subgraph.path_option, np.int32, (len(subgraph.path_value),)),
        (subgraph.path_type, np.int32, (len(subgraph.path_value), 2)),
        (subgraph.path_value, np.float32, (len(subgraph.path_value),)),
        (subgraph.mention_node, np.int32, (2, subgraph.mention_node.shape[1])),
        (subgraph.gold, np.int32, (len(subgraph.gold),)),
    ):
        assert array.dtype == dtype
        assert array.shape == shape
    source, target = subgraph.edge_index
    assert (source != target).all()
    assert np.array_equal(source[:half], target[half:])
    assert np.array_equal(target[:half], source[half:])
    assert np.array_equal(subgraph.edge_weight[:half], subgraph.edge_weight[half:])
    symmetric = np.array([is_symmetric(name) for name in subgraph.relations], np.bool_)
    code = subgraph.edge_relation[:half].astype(int)
    assert (code < len(subgraph.relations)).all()
    assert np.array_equal(
        subgraph.edge_relation[half:], np.where(symmetric[code], code, code + len(subgraph.relations))
    )
    assert np.array_equal(subgraph.role > 0, subgraph.prior > 0)
    assert (subgraph.path_value > 0).all()
    assert set(subgraph.option_node[1].tolist()) == set(np.flatnonzero(subgraph.role & 2).tolist())
    assert set(subgraph.mention_node[1].tolist()) == set(np.flatnonzero(subgraph.role).tolist())
