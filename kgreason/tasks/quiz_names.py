"""Invented and borrowed names for the concepts and relations of a quiz."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache
from random import Random

import kg_data
from kgreason.graph import KnowledgeGraph
from kgreason.graph.relations import RelationTable
from kgreason.tasks.quiz_facts import Draft, Facts
from kgreason.tasks.wordings import Name, Wordings, is_noun

__all__ = ["Pseudonyms", "borrowed_names", "other_names", "with_names"]

_ONSETS = (*"bdfghjklmnprstvz", "br", "dr", "fl", "gl", "gr", "kl", "kr", "pl", "pr", "sk", "sn", "st", "tr")
_VOWELS = "aeiou"
#: None that an inflection of a known word ends in.
_CODAS = ("", "", "", "k", "l", "m", "n", "p", "r", "x")

#: Words of a borrowed name at most; marks by which questions are put together; draws before a name is invented.
MOST_WORDS, _MARKS, _TRIES = 4, frozenset("{}?“”"), 100
#: The relation of words that may stand for one another.
_SYNONYM = "Synonym"
#: Words of a relation's borrowed name at most, and share of those that are asked for by a synonym.
MOST_RELATION_WORDS, SYNONYMS = 2, 0.7
#: Share of the relations of such a world that are called by a verb.
VERBS = 0.5
#: Relations are called like concepts of the highest degrees, which have the lowest numbers; rare words tell nothing.
FREQUENT = 20_000
#: Share of renamed questions whose relations are called by invented words.
INVENTED = 0.25


class Pseudonyms:
    """Pronounceable words of two to four syllables that neither a graph nor the packaged vocabulary has.

    Args:
        graph: none of the words is a surface form of it.
        random: makes every choice.

    Example:
        >>> graph = KnowledgeGraph.from_triples([("penguin", "AtLocation", "zoo")])
        >>> Pseudonyms(graph, Random(1)).new()
        'flamap'
    """

    def __init__(self, graph: KnowledgeGraph, random: Random) -> None:
        self._graph, self._random = graph, random
        self._known: dict[str, bool] = {}
        self.given: set[str] = set()

    def forget(self) -> None:
        """Begin a new world: earlier names may come back."""
        self.given.clear()

    def new(self) -> str:
        """A name not given in this world."""
        while (word := self._word()) in self.given or self._is_known(word):
            pass
        self.given.add(word)
        return word

    def borrowed(self) -> str:
        """The label of any concept of the graph, of a few words at most, not given in this world."""
        for _ in range(_TRIES):
            label = self._graph.label(self._random.randrange(self._graph.num_nodes))
            if label not in self.given and len(label.split()) <= MOST_WORDS and not _MARKS.intersection(label):
                self.given.add(label)
                return label
        return self.new()

    def relation(self) -> tuple[str, Name]:
        """A name for a relation, and one to ask for it by: a verb and its forms, or a concept, mostly by a synonym."""
        if self._random.random() < VERBS:
            return self._verb()
        for _ in range(_TRIES):
            node = self._random.randrange(min(FREQUENT, self._graph.num_nodes))
            others = self._synonyms(node) if self._names_relation(label := self._graph.label(node)) else []
            if others:
                self.given.add(label)
                return label, self._random.choice(others) if self._random.random() < SYNONYMS else label
        name = self.new()
        return name, name

    def _verb(self) -> tuple[str, Name]:
        verb = replace(self._random.choice(Wordings.load().verbs), passive=self._random.random() < 0.5)
        name = self._random.choice(verb.names)
        if verb.participle in self.given:
            return self.relation()
        self.given.update((name, verb.participle))
        return name, verb

    def _synonyms(self, node: int) -> list[str]:
        graph = self._graph
        if _SYNONYM not in graph.relations:
            return []
        row = slice(int(graph.ptr[node]), int(graph.ptr[node + 1]))
        others = graph.idx[row][graph.rel[row] % len(graph.relations) == graph.relations.index(_SYNONYM)]
        return [label for label in map(graph.label, others[others < FREQUENT].tolist()) if self._names_relation(label)]

    def _names_relation(self, label: str) -> bool:
        """Whether it reads as a noun, of a few words, and is no relation that has wordings of its own."""
        short = len(label.split()) <= MOST_RELATION_WORDS and not _MARKS.intersection(label)
        return short and label not in self.given and is_noun(label) and RelationTable.load().canonical(label) == label

    def _word(self) -> str:
        choice = self._random.choice
        syllables = choice((2, 2, 3, 3, 3, 4))
        return "".join(choice(_ONSETS) + choice(_VOWELS) for _ in range(syllables)) + choice(_CODAS)

    def _is_known(self, word: str) -> bool:
        if word not in self._known:
            self._known[word] = word in _vocabulary() or bool(self._graph.lookup(word))
        return self._known[word]


@cache
def _vocabulary() -> frozenset[str]:
    return frozenset(kg_data.path("tokens/vocabulary.txt").read_text(encoding="utf-8").split())


def other_names(
    relations: Collection[str], pseudonyms: Pseudonyms, random: Random, *, held_out: bool
) -> tuple[dict[str, str], bool]:
    """Other names for the relations of a world.

    Args:
        relations: their names in the graph.
        pseudonyms: where invented names come from.
        random: makes every choice.
        held_out: whether words that are held out of training are wanted.

    Returns:
        Old name to new; whether the new ones are invented.
    """
    wordings = Wordings.load()
    known = {relation: wordings.names(relation, held_out=held_out) for relation in sorted(relations)}
    if random.random() < INVENTED or not any(known.values()):
        return {relation: pseudonyms.new() for relation in known}, True
    return {relation: random.choice(names) if names else relation for relation, names in known.items()}, False


def borrowed_names(relations: Collection[str], pseudonyms: Pseudonyms) -> tuple[dict[str, str], dict[str, Name]]:
    """Names of concepts, and verbs, for the relations of a world.

    Args:
        relations: their names in the graph.
        pseudonyms: where names come from.

    Returns:
        Old name to new, and old name to the one by which it is asked for.
    """
    pairs = {relation: pseudonyms.relation() for relation in sorted(relations)}
    return {r: name for r, (name, _) in pairs.items()}, {r: asked for r, (_, asked) in pairs.items()}


def with_names(draft: Draft, names: Mapping[str, str]) -> Draft:
    """A question and its world with relations called by other names."""
    assert isinstance(draft.world, Facts)
    facts = [(source, names[relation], target) for source, relation, target in draft.world.facts]
    clues = [replace(clue, steps=tuple(_renamed(step, names) for step in clue.steps)) for clue in draft.clues]
    return replace(draft, world=Facts(facts), clues=tuple(clues))


def _renamed(step: str, names: Mapping[str, str]) -> str:
    return f"~{names[step[1:]]}" if step.startswith("~") else names[step]
