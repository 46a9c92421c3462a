"""What the literature's preparation does, written anew and as plainly: a peer to measure against.

QA-GNN (Yasunaga et al. 2021) keeps ConceptNet in networkx, one rule of words for each concept, and for each question a
set of common neighbours for every pair of concepts, then a look-up of an edge for every pair of nodes.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import networkx as nx

from kgreason import storage
from kgreason.graph import KnowledgeGraph

__all__ = ["adjacent_pairs", "match_rules", "multigraph", "plain_graph"]


def multigraph(path: Path) -> nx.MultiDiGraph[str]:
    """A dump of ConceptNet 5 as a multigraph, one edge a line."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    with storage.open_text(path) as lines:
        for line in filter(None, lines):
            _, relation, source, target, data = line.split("\t")
            start, end = ("/".join(key.split("/")[:4]) for key in (source, target))
            graph.add_edge(start, end, rel=relation, weight=json.loads(data)["weight"])
    return graph


def plain_graph(graph: KnowledgeGraph) -> nx.Graph[int]:
    """The concepts of a graph and whether two of them are neighbours."""
    plain: nx.Graph[int] = nx.Graph()
    rows, others = graph.ptr.tolist(), graph.idx.tolist()
    for node, (start, end) in enumerate(itertools.pairwise(rows)):
        plain.add_edges_from((node, other) for other in others[start:end] if other > node)
    return plain


def adjacent_pairs(plain: nx.Graph[int], seeds: Sequence[int], limit: int | None = None) -> list[tuple[int, int]]:
    """Neighbouring pairs among some concepts and their common neighbours, every pair looked up.

    Args:
        plain: the graph.
        seeds: the concepts.
        limit: keep so many nodes before pairs are looked up; QA-GNN keeps all.
    """
    between: set[int] = set()
    for first, second in itertools.permutations(seeds, 2):
        between |= set(plain[first]) & set(plain[second])
    nodes = [*seeds, *sorted(between - set(seeds))][:limit]
    return [(a, b) for a in nodes for b in nodes if plain.has_edge(a, b)]


def match_rules(rules: Iterable[tuple[str, ...]], words: Sequence[str]) -> list[tuple[int, int]]:
    """Where the words of a rule stand in a text, every rule tried at every word."""
    spans = []
    for rule in rules:
        size = len(rule)
        spans += [(i, i + size) for i in range(len(words) - size + 1) if tuple(words[i : i + size]) == rule]
    return spans
