"""Invented and borrowed names for the concepts and relations of a quiz."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cache
from random import Random

import kg_data
from kgreason.graph import KnowledgeGraph
from kgreason.graph.relations import RelationTable
from kgreason.tasks.quiz_facts import Draft, Facts
from kgreason.tasks.wordings import Name, Noun, Verb, Wordings, is_noun, with_s

__all__ = ["Pseudonyms", "borrowed_names", "other_names", "phrase_names", "with_names"]

_ONSETS = (*"bdfghjklmnprstvz", "br", "dr", "fl", "gl", "gr", "kl", "kr", "pl", "pr", "sk", "sn", "st", "tr")
_VOWELS = "aeiou"
#: None that an inflection of a known word ends in.
_CODAS = ("", "", "", "k", "l", "m", "n", "p", "r", "x")

#: Words of a borrowed name at most; marks by which questions are put together; draws before a name is invented.
MOST_WORDS, _MARKS, _TRIES = 4, frozenset("{}?“”"), 100
#: The relations of words that may stand for one another, and of kinds of a thing; how many words of each at most.
_SYNONYM, _IS_A, MOST_AKIN = "Synonym", "IsA", 6
#: Words of a relation's borrowed name at most, and share of those that are asked for by a word of like meaning.
MOST_RELATION_WORDS, SYNONYMS = 2, 0.7
#: Share of the relations of such a world that are called by a verb, and of those taken from the list that has irregular
#: ones, too.
VERBS, IRREGULAR = 0.5, 0.3
#: Relations are called like concepts of the highest degrees, which have the lowest numbers; rare words tell nothing.
FREQUENT = 20_000
#: Share of renamed questions whose relations are called by invented words.
INVENTED = 0.25
#: How names of several words are put together: {a}, {b} and {c} are nouns, {done} is a participle.
PHRASES = (
    "{a} {b}", "{a} {b} {c}", "{done} {a}", "{a} {done} {b}", "has {a}", "has {a} {b}", "has {done} {a}", "{a} of",
    "{a} {b} of", "is {a} of", "{a} of {b} {c}", "{a} {b} {done} by", "{done} by", "{done} in", "{done} with {a}",
    "{done} {a} of", "in {a} of",
)  # fmt: skip
#: How many of them there are.
PHRASES_KNOWN = 2_000


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
        self._phrases: list[str] = []
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
        """A name for a relation, and what it is asked for by: a verb, or a noun, mostly one of like meaning."""
        if self._random.random() < VERBS:
            return self._verb()
        for _ in range(_TRIES):
            node = self._random.randrange(min(FREQUENT, self._graph.num_nodes))
            others = self._akin(node) if self._names_relation(label := self._graph.label(node)) else []
            if others:
                asked = self._random.choice(others) if self._random.random() < SYNONYMS else label
                return self._give(self._random.choice(Noun(label).names)), Noun(asked)
        name = self.new()
        return name, name

    def phrase(self) -> str:
        """A name of several words for a relation, which tells nothing but is all that it is asked for by.

        One of :data:`PHRASES_KNOWN`: a fixed M reads each name once in a run, which else would be most of its time.
        """
        if not self._phrases:
            self._phrases = list({self._phrase(): None for _ in range(PHRASES_KNOWN)})
        while (name := self._random.choice(self._phrases)) in self.given:
            pass
        return self._give(name)

    def _phrase(self) -> str:
        nouns = {slot: self._noun() for slot in "abc"}
        return self._random.choice(PHRASES).format(**nouns, done=self._random.choice(regular_verbs()).participle)

    def _noun(self) -> str:
        for _ in range(_TRIES):
            label = self._graph.label(self._random.randrange(min(FREQUENT, self._graph.num_nodes)))
            if label.isalpha() and is_noun(label):
                return label
        return self.new()

    def _verb(self) -> tuple[str, Name]:
        known = Wordings.load().verbs if self._random.random() < IRREGULAR else regular_verbs()
        verb = replace(self._random.choice(known), passive=self._random.random() < 0.5)
        if verb.participle in self.given:
            return self.relation()
        self.given.add(verb.participle)
        return self._give(self._random.choice(verb.names)), verb

    def _give(self, name: str) -> str:
        self.given.add(name)
        return name

    def _akin(self, node: int) -> list[str]:
        """Synonyms of a concept and its most frequent kinds: who asks for a mother asks for a parent."""
        graph, found = self._graph, []
        row = slice(int(graph.ptr[node]), int(graph.ptr[node + 1]))
        neighbours, codes = graph.idx[row], graph.rel[row]
        for relation, kinds in ((_SYNONYM, False), (_IS_A, True)):
            if relation in graph.relations:
                code = graph.relations.index(relation)
                wanted = codes == code + len(graph.relations) if kinds else codes % len(graph.relations) == code
                others = neighbours[wanted & (neighbours < FREQUENT)].tolist()
                found += [label for label in map(graph.label, others) if self._names_relation(label)][:MOST_AKIN]
        return found

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


@cache
def regular_verbs() -> tuple[Verb, ...]:
    """Verbs of the packaged table of inflections with a regular past and a noun for who does it.

    Example:
        >>> regular_verbs()[0], len(regular_verbs()) > 2000
        (Verb(base='abate', past='abated', participle='abated', agent='abator', passive=True), True)
    """
    forms: dict[str, set[str]] = defaultdict(set)
    table = gzip.decompress(kg_data.path("lemmas.tsv.gz").read_bytes()).decode()
    for line in table.splitlines():
        form, lemma = line.split("\t")
        forms[lemma].add(form)
    found: dict[str, Verb] = {}
    for base in sorted(forms.keys() - Wordings.load().barred_verbs):
        for stem in (base.removesuffix("e"), base[:-1] + "i" if base.endswith("y") else base + base[-1]):
            past = f"{stem}ed"
            agents = [agent for agent in (f"{stem}er", f"{stem}or") if with_s(agent) in forms.get(agent, ())]
            if past in forms[base] and agents:
                found[base] = Verb(base, past, past, agents[-1])
    return tuple(found.values())


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


def phrase_names(relations: Collection[str], pseudonyms: Pseudonyms) -> dict[str, str]:
    """Names of several words for the relations of a world, as many graphs have them: "member of", "has final cause".

    Args:
        relations: their names in the graph.
        pseudonyms: where names come from.

    Returns:
        Old name to new.
    """
    return {relation: pseudonyms.phrase() for relation in sorted(relations)}


def with_names(draft: Draft, names: Mapping[str, str]) -> Draft:
    """A question and its world with relations called by other names."""
    assert isinstance(draft.world, Facts)
    facts = [(source, names[relation], target) for source, relation, target in draft.world.facts]
    clues = [replace(clue, steps=tuple(_renamed(step, names) for step in clue.steps)) for clue in draft.clues]
    return replace(draft, world=Facts(facts), clues=tuple(clues))


def _renamed(step: str, names: Mapping[str, str]) -> str:
    return f"~{names[step[1:]]}" if step.startswith("~") else names[step]
