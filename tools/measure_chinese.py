"""What `multilingual` reads of Chinese: reviews, choices and entailments that it was never trained on, and links.

    python -m tools.measure_chinese [--model NAME] [--data FOLDER] [--only TEXT] [--limit N] [--record]

All splits of the sets of reviews are read, since none is trained on; of the other sets their dev splits. Where a model
reads a graph, its text alone stands beside.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import compress
from typing import Any

import numpy as np
import torch

from kgreason.config import LIMITS
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.metrics import classification_report, paired_bootstrap, wilson_interval
from kgreason.nn.batch import Item
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import predict
from kgreason.nn.weights import find_checkpoint
from kgreason.records import Question
from kgreason.retrieval import Pairs
from kgreason.tasks import load
from tools import results
from tools.make_multilingual import REVIEWS, evaluated
from tools.progress import counted

__all__ = ["LINKS", "linked"]

LINKS = "Chinese, commonsenseqa-zh, options that link"
SEED = 0

Figure = tuple[float, dict[str, Any]]


def _read(questions: Sequence[Question], graph: KnowledgeGraph) -> list[Item]:
    """Questions with their subgraphs; too long ones for that have none."""
    short = [len(q.text.encode()) <= LIMITS.question_bytes for q in questions]
    read = iter(Pairs([*compress(questions, short)], graph, stored=False))
    return [next(read) if fits else (q, None) for q, fits in zip(questions, short, strict=True)]


def _judged(model: ReasoningModel, questions: Sequence[Question], limit: int) -> Figure:
    """Accuracy on questions, or on so many of them drawn at random; balanced where labels recur."""
    drawn = random.Random(SEED).sample(questions, min(limit or len(questions), len(questions)))
    graph = None if model.knowledge is None else KnowledgeGraph.open("default")
    items = [(question, None) for question in drawn] if graph is None else _read(drawn, graph)
    predictions = predict(model, items, autocast=torch.bfloat16, progress=counted)
    truth = np.array([question.answer or 0 for question in drawn])
    found, text = (np.array([int(getattr(p, arm).argmax()) for p in predictions]) for arm in ("logits", "text"))
    hits = int((found == truth).sum())
    more: dict[str, Any] = {"n": len(truth), "ci95": [round(100 * end, 2) for end in wilson_interval(hits, len(truth))]}
    if len(labels := {question.options for question in drawn}) == 1:
        classes = classification_report(found, truth, labels.pop()).classes
        more["balanced"] = 100 * float(np.mean([each.recall for each in classes]))
    if graph is not None:
        gain = paired_bootstrap(found == truth, text == truth)
        more |= {"text": 100 * float((text == truth).mean()), "gain95": [100 * gain.low, 100 * gain.high]}
    return 100 * hits / len(truth), more


def _reviews(name: str, model: ReasoningModel, data: str | None, limit: int) -> Figure:
    return _judged(model, list(evaluated(name, data)), limit)


def _dev(name: str, model: ReasoningModel, data: str | None, limit: int) -> Figure:
    return _judged(model, load(name, "dev", data=data), limit)


def linked(grounder: Grounder, questions: Sequence[Question]) -> Figure:
    """Options in which some word finds a concept."""
    found = [
        bool(read.of(option)) for q in questions for read in (grounder.ground(q),) for option in range(len(q.options))
    ]
    return 100 * float(np.mean(found)), {"n": len(found)}


def _links(model: ReasoningModel, data: str | None, limit: int) -> Figure:
    questions = load("commonsenseqa-zh", "dev", data=data)
    return linked(Grounder(KnowledgeGraph.open("default")), questions[: limit or len(questions)])


MEASURES: Mapping[str, Callable[[ReasoningModel, str | None, int], Figure]] = {
    **{f"Chinese, {name}": partial(_reviews, name) for name in REVIEWS},
    **{f"Chinese, {name} dev, not trained on": partial(_dev, name) for name in ("commonsenseqa-zh", "ocnli-zh")},
    LINKS: _links,
}


def main() -> None:
    """Measure, print, and write down where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="multilingual")
    parser.add_argument("--data", help="folder of the data sets; KGREASON_DATA by default")
    parser.add_argument("--only", default="", help="only rows whose name holds this text")
    parser.add_argument("--limit", type=int, default=0, help="so many questions of each set at random; 0 for all")
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    given = parser.parse_args()
    torch.set_num_threads(1)
    model = ReasoningModel.from_pretrained(find_checkpoint(given.model), device="cpu")
    for name, measure in MEASURES.items():
        if given.only in name:
            value, more = measure(model, given.data, given.limit)
            results.tell(f"{given.model}, {name}", value, record=given.record, **more)


if __name__ == "__main__":
    main()
