"""What E reads, and what the valence of concepts is worth.

    python -m tools.measure_emotion [--model NAME] [--data FOLDER] [--record]

- Valence over the graph: a fifth of the lexicon's words left out, how what reaches their concepts correlates with it.
- Sentences whose mood hangs on one word that no training text of E holds: the text alone, the graph with the word's own
  valence, and the graph with the valence of all these words taken out, so that it has to come over the graph.
- What the graph costs elsewhere: SST-2's dev.
- 500 sentences in five degrees (not, slightly, plain, very, extremely): pairs whose intensities are in order.
- 500 texts of 4 to 9 sentences of film reviews whose mood turns once: the sentence where it does.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from kgreason.asking import SENTIMENT
from kgreason.graph import KnowledgeGraph
from kgreason.graph.valence import Valence, lexicon
from kgreason.grounding import Grounder
from kgreason.metrics import paired_bootstrap, pearson, turning_point
from kgreason.nn.confidence import confidence
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import Prediction, predict
from kgreason.nn.weights import find_checkpoint
from kgreason.records import Question
from kgreason.retrieval import Retriever
from kgreason.tasks import load
from tools import results
from tools.valence_words import met, named, words

__all__ = ["CARRIED", "COST", "DEGREE", "TURN", "UNSEEN"]

CARRIED = "emotion, valence carried over the graph, correlation"
UNSEEN = "emotion, words never seen and not listed, graph - text"
COST = "emotion, SST-2 dev, graph - text"
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
LEFT_OUT = 0.2

Bools = npt.NDArray[np.bool_]
Figure = tuple[float, dict[str, Any]]


def asked(text: str, positive: bool | None = None) -> Question:
    """Whether a text is positive."""
    return Question(text, SENTIMENT, task="emotion", answer=None if positive is None else int(positive))


def read(
    model: ReasoningModel,
    questions: Sequence[Question],
    graph: KnowledgeGraph | None = None,
    listed: Mapping[str, float] | None = None,
) -> list[Prediction]:
    """Predictions, with a graph or without; ``listed`` is the lexicon of its valence."""
    if graph is None:
        return predict(model, [(question, None) for question in questions])
    grounder, retriever = Grounder(graph), Retriever(graph)
    retriever.valence = Valence(graph, listed)
    return predict(model, [(question, retriever.retrieve(grounder.ground(question))) for question in questions])


def right(questions: Sequence[Question], predictions: Sequence[Prediction]) -> Bools:
    """Which are right. Shape: [n]."""
    return np.array([p.logits.argmax() == q.answer for q, p in zip(questions, predictions, strict=True)])


def gain(graph: Bools, text: Bools) -> list[float]:
    """Points of one over the other, and the ends of their 95 % interval."""
    found = paired_bootstrap(graph, text)
    return [100 * value for value in (found.difference, found.low, found.high)]


def carried(model: ReasoningModel, graph: KnowledgeGraph, data: Path | None) -> Figure:
    """Valence of words left out of the lexicon, and what comes over the graph to the concepts that bear their names."""
    order = sorted(lexicon())
    random.Random(SEED).shuffle(order)
    out = set(order[: round(LEFT_OUT * len(order))])
    column = Valence(graph, {word: valence for word, valence in lexicon().items() if word not in out}).column
    nodes = {word: node for word, node in named(graph).items() if word in out}
    truth, found = np.array([lexicon()[word] for word in nodes]), column[list(nodes.values()), 0].astype(np.float64)
    return pearson(found, truth), {"n": len(nodes), "right_sign": 100 * float(((found > 0) == (truth > 0)).mean())}


def unseen(model: ReasoningModel, graph: KnowledgeGraph, data: Path | None) -> Figure:
    """Sentiment of sentences that hang on one word."""
    seen = met(data)
    chosen = [pair for pair in words(graph) if pair[0] not in seen]
    questions = [asked(FRAMES[i % len(FRAMES)].format(word), valence > 0) for i, (word, valence) in enumerate(chosen)]
    rest = {word: valence for word, valence in lexicon().items() if word not in dict(chosen)}
    text = right(questions, read(model, questions))
    listed, carried = (right(questions, read(model, questions, graph, lexicon)) for lexicon in (None, rest))
    difference, low, high = gain(carried, text)
    arms = {"text": text, "listed": listed, "carried": carried}
    shares = {name: 100 * float(part.mean()) for name, part in arms.items()}
    return difference, {"n": len(questions), "ci95": [low, high], **shares}


def cost(model: ReasoningModel, graph: KnowledgeGraph, data: Path | None) -> Figure:
    """SST-2's dev with the graph and without."""
    questions = load("sst2", "dev", data=data)
    with_graph, text = (right(questions, read(model, questions, each)) for each in (graph, None))
    difference, low, high = gain(with_graph, text)
    return difference, {"n": len(questions), "ci95": [low, high], "text": 100 * float(text.mean())}


def degrees(model: ReasoningModel, graph: KnowledgeGraph, data: Path | None) -> Figure:
    """Pairs of degrees whose intensities are in order."""
    texts = [frame.format(degree.format(word)) for frame in GRADED for word in FEELINGS for degree in DEGREES]
    affect = np.array([prediction.affect for prediction in read(model, [asked(text) for text in texts], graph)])
    intensity = affect[:, 3].reshape(-1, len(DEGREES))
    pairs = [row[low] < row[high] for row in intensity for low, high in combinations(range(len(DEGREES)), 2)]
    return 100 * float(np.mean(pairs)), {"n": len(texts)}


def _joined(data: Path | None) -> Iterator[tuple[list[str], int]]:
    chance = random.Random(SEED)
    by: list[list[str]] = [[], []]
    for question in load("sst2", "test", data=data):
        by[question.answer or 0].append(question.text)
    for _ in range(TEXTS):
        first = chance.randrange(2)
        before, after = chance.randint(2, 5), chance.randint(2, 4)
        yield chance.sample(by[first], before) + chance.sample(by[1 - first], after), before


def turns(model: ReasoningModel, graph: KnowledgeGraph, data: Path | None) -> Figure:
    """Texts of which the sentence where the mood turns is found."""
    joined = list(_joined(data))
    questions = [asked(sentence) for text, _ in joined for sentence in text]
    temperature = model.settings.temperature
    judged = zip(questions, read(model, questions, graph), strict=True)
    positive = iter([float(confidence(q, p.logits, temperature)[1]) for q, p in judged])
    found = [turning_point([next(positive) for _ in text]) == turn for text, turn in joined]
    return 100 * float(np.mean(found)), {"n": TEXTS}


MEASURES: Mapping[str, Callable[[ReasoningModel, KnowledgeGraph, Path | None], Figure]] = {
    CARRIED: carried, UNSEEN: unseen, COST: cost, DEGREE: degrees, TURN: turns,
}  # fmt: skip


def main() -> None:
    """Measure, print, and write down where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="mini", help="a checkpoint; rows bear its name")
    parser.add_argument("--data", type=Path, help="folder of the data sets; KGREASON_DATA by default")
    parser.add_argument("--only", default="", help="only rows whose name holds this text")
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = ReasoningModel.from_pretrained(find_checkpoint(arguments.model), device="cpu")
    graph = KnowledgeGraph.open("default")
    for name, measure in MEASURES.items():
        if arguments.only in name:
            value, more = measure(model, graph, arguments.data)
            command = f"python -m tools.measure_emotion --model {arguments.model} --record"
            results.tell(f"{arguments.model}, {name}", value, record=arguments.record, command=command, **more)


if __name__ == "__main__":
    main()
