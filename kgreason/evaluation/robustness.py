"""Graphs changed in ways that should leave an answer as it is; changes of samples are :mod:`kgreason.tasks.changes`."""

from __future__ import annotations

from random import Random

from kgreason.records import ORIGINS, Subgraph, Triple
from kgreason.retrieval import Retriever

__all__ = ["noisy"]

#: Share of the edges that are noise, and how many at most.
NOISE, MOST_NOISE = 0.1, 64


def noisy(subgraph: Subgraph, random: Random, retriever: Retriever) -> Subgraph:
    """What is retrieved where some edges of the graph lead elsewhere; itself where it holds too few.

    A share :data:`NOISE` of the subgraph's edges, :data:`MOST_NOISE` at most, are hidden, and edges of the same
    relations from the same concepts to others of the subgraph take their places. Paths are counted anew.
    """
    half = subgraph.edge_index.shape[1] // 2
    own = [edge for edge in range(half) if subgraph.edge_origin[edge] == ORIGINS.index("graph")]
    if len(subgraph) < 3 or not own:
        return subgraph
    remove: list[Triple] = []
    add: list[Triple] = []
    for edge in random.sample(own, min(MOST_NOISE, max(1, round(NOISE * len(own))))):
        source, target = subgraph.edge_index[:, edge].tolist()
        start, relation = subgraph.keys[source], subgraph.relations[int(subgraph.edge_relation[edge])]
        other = random.choice([node for node in range(len(subgraph)) if node not in (source, target)])
        remove.append((start, relation, subgraph.keys[target]))
        add.append((start, relation, subgraph.keys[other]))
    return retriever.retrieve(subgraph.grounding, add=add, remove=remove)
