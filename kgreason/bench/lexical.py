"""Entailment between two words: pairs of WordNet, whose own edge the model does not see.

Premise and hypothesis say one word each, in the same frame. What is a kind of the other entails it; what it is a kind
of, or a word drawn at random, is neutral; opposites, and kinds of one thing that are not kinds of one another,
contradict it. Words are parted: no word of the test stands in training, on either side.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import kg_data
from kgreason.graph import KnowledgeGraph
from kgreason.graph.readers import read
from kgreason.records import Question
from kgreason.storage import digest_bytes
from kgreason.tasks.entailment import THREE_WAY

__all__ = ["SIZES", "lexical_chains", "lexical_splits"]

#: Pairs of each split.
SIZES = {"train": 12_000, "dev": 1_000, "test": 2_400}
#: Share of the words, in tenths, that each split begins with.
_BEGINS = {"train": 0, "dev": 5, "test": 7}
_ORIGIN = "WordNet 3.0"
_FRAMES = ("It is {}.", "What they saw was {}.", "She called it {}.", "This is about {}.")
#: Kinds of one thing are drawn where it has so many; fewer say little, more are too far apart.
_FEW, _MANY = 3, 60
_ENTAILS, _NEUTRAL, _CONTRADICTS = range(3)


class _Words(NamedTuple):
    """Pairs of labels: a kind and what it is a kind of, and opposites."""

    kinds: list[tuple[str, str]]
    opposites: list[tuple[str, str]]


def lexical_splits(data: str | Path | None, graph: KnowledgeGraph) -> list[list[Question]]:
    """Pairs of words in three splits.

    Args:
        data: not needed.
        graph: calls the concepts by their labels.
    """
    words = _wordnet(graph)
    return [_pairs(name, size, words) for name, size in SIZES.items()]


def lexical_chains(graph: KnowledgeGraph, split: str, size: int) -> list[Question]:
    """Entailments of which another one follows: what a word is a kind of, and in ``extra["beyond"]`` what that is.

    Args:
        graph: calls the concepts by their labels.
        split: whose words they are, "train", "dev" or "test".
        size: how many there are at most.
    """
    chance = random.Random(f"chains {split}")
    kinds = [pair for pair in _wordnet(graph).kinds if _split(pair[0]) == _split(pair[1]) == split]
    above: dict[str, list[str]] = defaultdict(list)
    for kind, thing in kinds:
        above[kind].append(thing)
    chains = [(a, b, c) for a, b in kinds for c in above[b] if c != a]
    drawn = chance.sample(chains, min(size, len(chains)))
    return [_chain(split, number, *words) for number, words in enumerate(drawn)]


def _chain(split: str, number: int, first: str, second: str, third: str) -> Question:
    question = _question(f"{split}-chain", number, first, second, _ENTAILS)
    beyond = _FRAMES[number % len(_FRAMES)].format(third)
    return replace(question, extra={**question.extra, "beyond": beyond})


def _wordnet(graph: KnowledgeGraph) -> _Words:
    kinds: set[tuple[str, str]] = set()
    opposites: set[tuple[str, str]] = set()
    for chunk in read(kg_data.path("facts"), "facts"):
        for source, relation, target, origin in chunk.select("source", "relation", "target", "origin").iter_rows():
            if origin == _ORIGIN and relation in ("IsA", "Antonym") and source != target:
                (kinds if relation == "IsA" else opposites).add((source, target))
    return _Words(_labelled(graph, kinds), _labelled(graph, {(min(pair), max(pair)) for pair in opposites}))


def _labelled(graph: KnowledgeGraph, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    nodes = ((graph.find(source), graph.find(target)) for source, target in sorted(pairs))
    return [(graph.label(s), graph.label(t)) for s, t in nodes if s is not None and t is not None]


def _split(word: str) -> str:
    tenth = int(digest_bytes(word.encode())[:8], 16) % 10
    return max((name for name, begin in _BEGINS.items() if tenth >= begin), key=_BEGINS.__getitem__)


def _pairs(split: str, size: int, words: _Words) -> list[Question]:
    """Balanced over labels as far as there are pairs; the same split is the same list."""
    chance = random.Random(f"lexical {split}")
    kinds, opposites = ([p for p in part if _split(p[0]) == _split(p[1]) == split] for part in words)
    known = {*kinds, *opposites, *((t, s) for s, t in (*kinds, *opposites))}
    chance.shuffle(kinds)
    chance.shuffle(opposites)
    third = size // len(THREE_WAY)
    entailed = [(pair, _ENTAILS) for pair in kinds[:third]]
    turned = [((t, s), _NEUTRAL) for s, t in kinds[third : third + third // 2]]
    strange = [(pair, _NEUTRAL) for pair in _strangers(chance, kinds, known, third - len(turned))]
    against = [(pair, _CONTRADICTS) for pair in opposites[: third // 2]]
    beside = [(pair, _CONTRADICTS) for pair in _siblings(chance, kinds, known, third - len(against))]
    drawn = [*entailed, *turned, *strange, *against, *beside]
    chance.shuffle(drawn)
    return [_question(split, number, *pair, label) for number, (pair, label) in enumerate(drawn)]


def _strangers(
    chance: random.Random, kinds: Sequence[tuple[str, str]], known: set[tuple[str, str]], count: int
) -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    while len(found) < count:
        pair = chance.choice(kinds)[0], chance.choice(kinds)[1]
        if pair[0] != pair[1] and pair not in known:
            found[pair] = None
    return list(found)


def _siblings(
    chance: random.Random, kinds: Sequence[tuple[str, str]], known: set[tuple[str, str]], count: int
) -> list[tuple[str, str]]:
    """Kinds of one thing."""
    under: dict[str, list[str]] = defaultdict(list)
    for kind, thing in kinds:
        under[thing].append(kind)
    families = [sorted(family) for _, family in sorted(under.items()) if _FEW <= len(family) <= _MANY]
    found: dict[tuple[str, str], None] = {}
    for _ in range(20 * count):
        if len(found) == count or not families:
            break
        first, second = chance.sample(chance.choice(families), 2)
        if (first, second) not in known:
            found[first, second] = None
    return list(found)


def _question(split: str, number: int, premise: str, hypothesis: str, label: int) -> Question:
    frame = _FRAMES[number % len(_FRAMES)]
    return Question(
        text=frame.format(premise),
        options=THREE_WAY,
        task="entailment",
        hypothesis=frame.format(hypothesis),
        answer=label,
        id=f"lexical-{split}-{number}",
        extra={"topic": premise},
    )
