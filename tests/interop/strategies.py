"""Graphs that go out and come back."""

from __future__ import annotations

from hypothesis import strategies as st

from kgreason.graph import KnowledgeGraph
from tests.graph.strategies import NAMES, RELATIONS

ODD = ["<&>", 'a "quoted", one', "urn:kgreason:concept:a", "http://e.org/a b", "/c/en/dog/n", "_:b", "50%20", "a\tb"]
LABELS = {"lone": "Lone <one>", "a": "Alpha", "http://e.org/x#Y": "Why?"}

_names = st.sampled_from([*NAMES, *ODD])
_weights = st.one_of(st.integers(1, 70_000_000), st.integers(-9999, 9999)).map(lambda size: size / 1000)
_edges = st.tuples(_names, st.sampled_from([*RELATIONS, "http://e.org/r#x"]), _names, _weights)
#: Edges without loops, which leave nothing that could travel but their relation's name.
edges = st.lists(_edges.filter(lambda edge: edge[0] != edge[2]), max_size=17)


def labelled(rows) -> KnowledgeGraph:
    """A graph with labels, one of which is of a concept without an edge."""
    return KnowledgeGraph.from_triples(rows, labels=LABELS)


def connected(rows) -> KnowledgeGraph:
    """The same without concepts that have no edge."""
    used = {key for source, _, target, _ in rows for key in (source, target)}
    return KnowledgeGraph.from_triples(rows, labels={key: label for key, label in LABELS.items() if key in used})
