"""Edges that demean a group of people, by a rule whose words are data (``kg_data/offensive.toml``).

Volunteers told a graph what they believe, and some of it is prejudice. An edge from a group is flagged where its target
holds a demeaning term; where it says of the group, by a relation of being or doing, a trait on a list or one that a
lexicon of valence finds bad, or that the group is there to be used. The rule reads labels alone, so that it
can be checked by reading, and takes no edge out of a graph: that is for its caller to do.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

import kg_data
from kgreason.graph.valence import lexicon
from kgreason.language import normal_form
from kgreason.records import Edge

if TYPE_CHECKING:
    from kgreason.graph.image import KnowledgeGraph

__all__ = ["Flag", "Rule", "flagged"]

Why = Literal["term", "trait", "valence", "use"]
_DENIALS = frozenset({"no", "not", "never"})


@dataclass(frozen=True, slots=True)
class Flag:
    """An edge that demeans, and which part of the rule says so."""

    edge: Edge
    why: Why


class Rule:
    """What demeans whom.

    Args:
        table: the words, as ``kg_data/offensive.toml`` names them.

    Example:
        >>> Rule.load().why("most women", "IsA", "stupid"), Rule.load().why("mexican", "IsA", "bad person")
        (None, 'valence')
    """

    def __init__(self, table: Mapping[str, Any]) -> None:
        def words(name: str) -> frozenset[str]:
            return frozenset(table[name])

        self.groups, self._quantifiers = words("groups"), words("quantifiers")
        self._terms, self._traits, self._harmless, self._uses = map(words, ("terms", "traits", "harmless", "uses"))
        self._says_trait, self._says_valence = words("trait_relations"), words("valence_relations")
        self._says_use = words("use_relations")
        self._limit = float(table["valence"])

    @classmethod
    @cache
    def load(cls) -> Rule:
        """The packaged rule, read once."""
        return cls(tomllib.loads(kg_data.path("offensive.toml").read_text(encoding="utf-8")))

    def names(self) -> Iterator[str]:
        """Every label that means a group."""
        for group in sorted(self.groups):
            yield group
            yield from (f"{word} {group}" for word in sorted(self._quantifiers))

    def is_group(self, label: str) -> bool:
        """Whether a label means a group, alone or after a quantifier."""
        first, _, rest = (label := normal_form(label)).partition(" ")
        return label in self.groups or (first in self._quantifiers and rest in self.groups)

    def why(self, source: str, relation: str, target: str) -> Why | None:
        """Which part of the rule an edge falls under, by the labels of its ends; None if none."""
        if not self.is_group(source):
            return None
        words = set(target.casefold().split())
        if words & self._terms:
            return "term"
        if words & _DENIALS:
            return None
        if relation in self._says_trait and words & self._traits:
            return "trait"
        if relation in self._says_valence and any(map(self._is_bad, words)):
            return "valence"
        return "use" if relation in self._says_use and words & self._uses else None

    def _is_bad(self, word: str) -> bool:
        return word not in self._harmless and lexicon().get(word, 0.0) <= self._limit


def flagged(graph: KnowledgeGraph) -> tuple[Flag, ...]:
    """The edges of a graph that demean a group by the packaged rule, by source and target.

    Args:
        graph: the graph.

    Example:
        >>> from kgreason.graph import KnowledgeGraph
        >>> graph = KnowledgeGraph.from_triples([("mexican", "IsA", "bad person"), ("mexican", "IsA", "person")])
        >>> [str(flag.edge) for flag in flagged(graph)]
        ['mexican is a kind of bad person']
    """
    rule = Rule.load()
    named = {node for name in rule.names() for node, _ in graph.surfaces.lookup(name)}
    found = []
    for node in sorted(named):
        start = int(graph.ptr[node])
        forward = np.flatnonzero(graph.rel[start : graph.ptr[node + 1]] < len(graph.relations))
        for entry in (start + forward).tolist():
            name, target = graph.relations[int(graph.rel[entry])], graph.label(int(graph.idx[entry]))
            if why := rule.why(graph.label(node), name, target):
                found.append(Flag(graph.edge(node, entry), why))
    return tuple(sorted(found, key=lambda flag: (flag.edge.source, flag.edge.target, flag.edge.relation)))
