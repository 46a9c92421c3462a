"""What E reads: moods that hang on one concept, degrees of feeling, and where a text's mood turns.

    python -m tools.measure_emotion [--model NAME] [--data FOLDER] [--record]

- 1,000 and some sentences whose mood hangs on one word that no training text of E holds: the text alone, the graph
  with the word's own valence, and the graph with the valence of all these words taken out, so that it has to come over
  the graph from other concepts.
- 500 sentences in five degrees (not, slightly, plain, very, extremely): pairs whose intensities are in order.
- 500 texts of 4 to 9 sentences of film reviews whose mood turns once: the sentence where it does.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from kgreason.engine import SENTIMENT, find_checkpoint
from kgreason.graph import KnowledgeGraph
from kgreason.graph.valence import Valence, lexicon
from kgreason.grounding import Grounder
from kgreason.metrics import paired_bootstrap, turning_point
from kgreason.nn.model import ReasoningModel
from kgreason.records import Question, Subgraph
from kgreason.retrieval import Retriever
from kgreason.tasks import load
from tools import results
from tools.valence_words import met, words

__all__ = ["DEGREE", "TURN", "UNSEEN"]

UNSEEN = "emotion, words never seen and not listed, graph - none"
DEGREE = "emotion, degrees in order"
TURN = "emotion, turn of mood found"
FRAMES = ("In a word, the evening was about {}.", "What stayed with me was {}.", "The word that fits it is {}.")
DEGREES = ("not {}", "slightly {}", "{}", "very {}", "extremely {}")
GRADED = ("I am {}.", "They were {}.", "She felt {}.", "He looked {} to me.", "All day long we were {}.")
FEELINGS = (
    "sad", "happy", "angry", "scared", "delighted", "miserable", "anxious", "proud", "lonely", "grateful", "furious",
    "cheerful", "hopeless", "excited", "worried", "ashamed", "frightened", "joyful", "upset", "disgusted",
)  # fmt: skip
TEXTS, SEED = 500, 1
BATCH = 64


class Reader:
    """A model, and a graph that it may read."""

    def __init__(self, model: ReasoningModel, graph: KnowledgeGraph | None) -> None:
        self.model = model
        self.graph = graph
        self.grounder = None if graph is None else Grounder(graph)
        self.retriever = None if graph is None else Retriever(graph)

    def _subgraph(self, question: Question) -> Subgraph | None:
        if self.grounder is None or self.retriever is None:
            return None
        return self.retriever.retrieve(self.grounder.ground(question))

    @torch.inference_mode()
    def read(self, texts: Sequence[str]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """How much more positive than negative each text is, and its affect. Shapes: [n], [n, 4]."""
        polarity, affect = [], []
        for start in range(0, len(texts), BATCH):
            asked = [Question(text, SENTIMENT, task="emotion") for text in texts[start : start + BATCH]]
            scores = self.model(self.model.collator()([(each, self._subgraph(each)) for each in asked]))
            polarity.append((scores.logits[1::2] - scores.logits[::2]).numpy())
            affect.append(scores.affect.numpy())
        return np.concatenate(polarity), np.concatenate(affect)


def hanging(model: ReasoningModel, graph: KnowledgeGraph, chosen: Sequence[tuple[str, float]]) -> dict[str, Any]:
    """Accuracy of the sentiment of sentences that hang on one word."""
    texts = [FRAMES[i % len(FRAMES)].format(word) for i, (word, _) in enumerate(chosen)]
    truth = np.array([valence > 0 for _, valence in chosen])
    held = {word for word, _ in chosen}
    carried = Reader(model, graph)
    assert carried.retriever is not None
    rest = {word: valence for word, valence in lexicon().items() if word not in held}
    carried.retriever.valence = Valence(graph, rest)
    readers = {"text": Reader(model, None), "listed": Reader(model, graph), "carried": carried}
    right = {name: (reader.read(texts)[0] > 0) == truth for name, reader in readers.items()}
    gains = {name: paired_bootstrap(right[name], right["text"]) for name in ("listed", "carried")}
    return {
        "n": len(texts),
        **{name: 100 * float(values.mean()) for name, values in right.items()},
        **{f"{name} - text": [100 * v for v in (gain.difference, gain.low, gain.high)] for name, gain in gains.items()},
    }


def ordered(reader: Reader) -> tuple[float, int]:
    """Share of pairs of degrees whose intensities are in order, and the number of sentences."""
    groups = [[frame.format(d.format(word)) for d in DEGREES] for frame in GRADED for word in FEELINGS]
    intensity = reader.read([text for group in groups for text in group])[1][:, 3].reshape(-1, len(DEGREES))
    pairs = [row[low] < row[high] for row in intensity for low, high in combinations(range(len(DEGREES)), 2)]
    return 100 * float(np.mean(pairs)), intensity.size


def turned(reader: Reader, split: str, data: Path | None) -> float:
    """Share of texts of which the sentence where the mood turns is found."""
    chance = random.Random(SEED)
    by: list[list[str]] = [[], []]
    for question in load("sst2", split, data=data):
        assert question.answer is not None
        by[question.answer].append(question.text)
    texts, truth = [], []
    for _ in range(TEXTS):
        first = chance.randrange(2)
        before, after = chance.randint(2, 5), chance.randint(2, 4)
        texts.append(chance.sample(by[first], before) + chance.sample(by[1 - first], after))
        truth.append(before)
    polarity, _ = reader.read([sentence for text in texts for sentence in text])
    odds = iter((polarity / reader.model.settings.temperature.get("emotion", 1.0)).tolist())
    found = [turning_point([next(odds) for _ in text]) for text in texts]
    return 100 * float(np.mean([place == turn for place, turn in zip(found, truth, strict=True)]))


def main() -> None:
    """Measure, print, and write down where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--split", default="test", help="of the film reviews whose mood turns")
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = ReasoningModel.from_pretrained(find_checkpoint(arguments.model), device="cpu")
    graph = KnowledgeGraph.open("default")
    seen = met(arguments.data)
    found = hanging(model, graph, [pair for pair in words(graph) if pair[0] not in seen])
    order, sentences = ordered(Reader(model, graph))
    turn = turned(Reader(model, graph), arguments.split, arguments.data)
    for name, value, more in (
        (UNSEEN, found["carried - text"][0], found),
        (DEGREE, order, {"n": sentences}),
        (TURN, turn, {"n": TEXTS, "split": arguments.split}),
    ):
        sys.stdout.write(f"{name}: {value} {more}\n")
        if arguments.record:
            command = f"python -m tools.measure_emotion --model {arguments.model} --record"
            results.append(name, value, command=command, **more)


if __name__ == "__main__":
    main()
