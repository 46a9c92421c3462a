"""Sentences whose sentiment hangs on one word: those that E learns from, and those that it is asked.

Words come from the valence lexicon. Those that stand in a training text of E go into training, a tenth of them into
dev; words that E has never met are left for tools.measure_emotion, in sentences of other forms. Half the training
sentences deny their word.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from kgreason.asking import SENTIMENT
from kgreason.graph import KnowledgeGraph
from kgreason.graph.valence import lexicon
from kgreason.records import Question
from kgreason.tasks import load

__all__ = ["drawn", "met", "named", "sentences", "words"]

TRAINED_ON = ("sst2", "goemotions", "emobank")
#: Weaker words say too little to be judged.
STRONG = 0.25
ASSERTED = (
    "In short: {}.", "Everyone there spoke of {}.", "My first thought was {}.", "If I had to say one thing, it is {}.",
    "Nothing describes that day better than {}.", "There was something of {} in it.", "All I remember is {}.",
    "They all used the same word, {}.", "For me it stands for {}.", "You could call it {}.",
)  # fmt: skip
DENIED = (
    "It was anything but {}.", "I would not call it {}.", "It had nothing to do with {}.", "Nobody there spoke of {}.",
    "There was nothing {} about it.", "It was never {}.", "You could hardly call it {}.", "It was far from {}.",
)  # fmt: skip
EACH, SEED = 6, 1


def met(data: str | Path | None) -> set[str]:
    """Words of E's training texts."""
    texts = (question.text for name in TRAINED_ON for question in load(name, "train", data=data))
    return {word for text in texts for word in re.findall(r"[a-z]+", text.casefold())}


def named(graph: KnowledgeGraph) -> dict[str, int]:
    """Words of the lexicon that are the label of a concept, with it, in order."""
    found = {word: graph.surfaces.lookup(word)[:1] for word in sorted(lexicon())}
    return {word: node for word, best in found.items() for node, _ in best if graph.label(node) == word}


def words(graph: KnowledgeGraph) -> list[tuple[str, float]]:
    """Those with a strong valence, with it."""
    return [(word, lexicon()[word]) for word in named(graph) if abs(lexicon()[word]) >= STRONG]


def sentences(chosen: Sequence[tuple[str, float]], each: int = EACH, seed: int = SEED) -> Iterator[Question]:
    """Sentences about words, every second one denying its word."""
    chance = random.Random(seed)
    for word, valence in chosen:
        frames = [*chance.sample(ASSERTED, each - each // 2), *chance.sample(DENIED, each // 2)]
        for i, frame in enumerate(frames):
            positive = (valence > 0) == (frame in ASSERTED)
            text = frame.format(word)
            yield Question(text, SENTIMENT, task="emotion", answer=int(positive), id=f"{word}-{i}")


def drawn(split: str, data: str | Path | None) -> Iterator[Question]:
    """Sentences of the split train or dev."""
    known = met(data)
    chosen = [pair for pair in words(KnowledgeGraph.open("default")) if pair[0] in known]
    random.Random(SEED).shuffle(chosen)
    cut = len(chosen) // 10
    return sentences(chosen[:cut] if split == "dev" else chosen[cut:])
