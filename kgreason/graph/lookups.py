"""What is looked up in a graph by name, as JSON-ready values: what services answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kgreason.graph.walk import path_between
from kgreason.language.english import lemmas

if TYPE_CHECKING:
    from kgreason.graph.image import KnowledgeGraph

__all__ = ["find_concepts", "neighbors", "paths"]


def find_concepts(graph: KnowledgeGraph, name: str, *, limit: int = 10) -> list[dict[str, Any]]:
    """The concepts that a name may mean, likeliest first.

    Args:
        graph: where to look.
        name: a word or several, of which the last may be inflected, or a key.
        limit: at most so many.

    Returns:
        Of each its key, label, degree, and how likely it is meant (prior).

    Example:
        >>> from kgreason.graph import KnowledgeGraph
        >>> find_concepts(KnowledgeGraph.from_triples([("penguin", "AtLocation", "zoo")]), "Penguins")
        [{'concept': 'penguin', 'label': 'penguin', 'degree': 1, 'prior': 1.0}]
    """
    node = graph.find(name)
    found = [(node, 1.0)] if node is not None else next(filter(None, map(graph.lookup, _spellings(name))), [])
    return [{**_named(graph, node), "prior": round(float(prior), 4)} for node, prior in found[:limit]]


def neighbors(
    graph: KnowledgeGraph, name: str, relation: str | None = None, *, offset: int = 0, limit: int = 20
) -> dict[str, Any]:
    """The edges of a concept, heaviest first.

    Args:
        graph: where to look.
        name: a concept's name or key.
        relation: edges of this one alone.
        offset: pass over so many.
        limit: at most so many.

    Returns:
        The concept with its key, label and degree, its edges, and whether there are more.

    Raises:
        InputError: there is no such concept or relation.
    """
    node = graph.resolve(name)
    edges = graph.match(node=graph.key(node), relation=relation, offset=offset, limit=limit + 1)
    return {**_named(graph, node), "edges": list(map(asdict, edges[:limit])), "more": len(edges) > limit}


def paths(graph: KnowledgeGraph, start: str, end: str, *, max_hops: int = 4, limit: int = 5) -> dict[str, Any]:
    """The shortest chains of edges between two concepts, strongest first.

    Args:
        graph: where to look.
        start: a concept's name or key.
        end: another's.
        max_hops: edges of a path at most.
        limit: at most so many paths.

    Returns:
        Both keys, and of each path its edges, its value (contribution) and its words (text).

    Raises:
        InputError: there is no such concept.
    """
    first, last = graph.resolve(start), graph.resolve(end)
    found = path_between(graph, first, last, max_hops=max_hops, limit=limit)
    told = [{**asdict(path), "text": str(path)} for path in found]
    return {"from": graph.key(first), "to": graph.key(last), "paths": told}


def _spellings(name: str) -> Iterator[str]:
    """The name, then its last word without inflections."""
    yield name
    *words, last = name.casefold().split() or [""]
    yield from (" ".join([*words, lemma]) for lemma in lemmas(last))


def _named(graph: KnowledgeGraph, node: int) -> dict[str, Any]:
    return {"concept": graph.key(node), "label": graph.label(node), "degree": graph.degree(node)}
