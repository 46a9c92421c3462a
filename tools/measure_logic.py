"""Measure what stated edges and rules are worth: stories, CLUTRR, consistency, and what reading costs elsewhere.

    python -m tools.measure_logic stories|clutrr|harm [--model NAME] [--limit N] [--record]
    python -m tools.measure_logic consistency --model WITH --beside WITHOUT [--limit N] [--record]

Two arms each: the checkpoint on the text alone, and the same with what the texts state and what follows from it; for
consistency, one trained with what broken rules cost (`tools/recipes/consistent.toml`) and one trained without.
CLUTRR (CC BY-NC 4.0) is only measured on; nothing is trained on it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Any, get_args

import numpy as np

from kgreason.bench.lexical import lexical_chains
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import with_stated
from kgreason.metrics import paired_bootstrap, wilson_interval
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import predict
from kgreason.nn.weights import find_checkpoint
from kgreason.records import Question
from kgreason.tasks import load
from kgreason.tasks.stories import StoryKind, stories
from kgreason.training.consistency import KINDS, tied, violated
from tools import results
from tools.progress import counted

__all__ = ["broken", "groups", "proofs", "reading"]

STEPS = range(2, 11)
#: Steps from which a chain counts as long.
LONG = 5
DEV = ("commonsenseqa", "openbookqa", "lingnli", "sst2")

Row = tuple[str, dict[str, Any]]


def reading(questions: Iterable[Question]) -> dict[str, float]:
    """Precision and recall of the edges read against those that the stories were made to state, in percent."""
    right = found = stated = 0
    for question in questions:
        gold = {tuple(triple) for triple in question.extra["stated"]}  # type: ignore[attr-defined]  # lists of triples
        read = {(e.source, e.relation, e.target) for e in with_stated(question).edges if e.origin == "stated"}
        gold = {triple for triple in gold if not triple[1].startswith("Not")}
        right, found, stated = right + len(gold & read), found + len(read), stated + len(gold)
    return {"precision": 100 * right / max(found, 1), "recall": 100 * right / max(stated, 1)}


def proofs(questions: Sequence[Question]) -> dict[str, float]:
    """How many questions what is stated settles, and how many of these rightly, in percent."""
    settled = [[p.option == q.answer for p in found] for q in questions if (found := with_stated(q).proofs)]
    right = sum(map(any, settled))
    return {"settled": 100 * len(settled) / len(questions), "right": 100 * right / max(len(settled), 1)}


def groups(kind: str, count: int) -> list[list[Question]]:
    """Questions, each followed by those that a rule ties to it; none of their texts or words was trained on."""
    if kind == "transitivity":
        asked = lexical_chains(KnowledgeGraph.open("default"), "test", count)
    else:
        known = [question for name in ("lingnli", "snli-dev") for question in load(name, "dev")]
        asked = Random(kind).sample(known, min(count, len(known)))
    return [[question, *tied(kind, question)] for question in asked]


def broken(model: ReasoningModel, kind: str, told: Sequence[Sequence[Question]]) -> int:
    """How many groups of answers, read from the text alone, break their rule."""
    flat = predict(model, [(question, None) for group in told for question in group], progress=counted)
    labels = iter([int(p.logits.argmax()) for p in flat])
    return sum(violated(kind, [next(labels) for _ in group]) for group in told)


def consistency(model: ReasoningModel, beside: ReasoningModel, count: int) -> Iterator[Row]:
    """Violations of a model trained with the rules and of one trained without them, and what they cost."""
    for kind in KINDS:
        told = groups(kind, count)
        on, off = (broken(each, kind, told) for each in (model, beside))
        value = round(100 * (1 - on / off), 1) if off else 0.0
        yield f"logic, consistency, {kind}", {"value": value, "n": len(told), "off": off, "on": on}
    questions = load("lingnli", "dev")
    right = []
    for each in (model, beside):
        found = predict(each, [(question, None) for question in questions], progress=counted)
        right.append(np.array([int(p.logits.argmax()) == q.answer for p, q in zip(found, questions, strict=True)]))
    change = paired_bootstrap(*right)
    value, low, high = (round(100 * v, 2) for v in (change.difference, change.low, change.high))
    yield "logic, consistency, accuracy", {"value": value, "ci95": [low, high], "n": len(questions)}


def answered(model: ReasoningModel, questions: Sequence[Question]) -> dict[str, list[int]]:
    """The option chosen for each question from the text alone, and with what it states; no graph is read."""
    found = predict(model, [(with_stated(question), None) for question in questions], progress=counted)
    return {"text": [int(p.text.argmax()) for p in found], "stated": [int(p.logits.argmax()) for p in found]}


def arms(model: ReasoningModel, questions: Sequence[Question]) -> dict[str, list[bool]]:
    """Which questions are answered right in either way."""
    found = answered(model, questions) if questions else {"text": [], "stated": []}
    return {
        name: [chosen == question.answer for chosen, question in zip(choices, questions, strict=True)]
        for name, choices in found.items()
    }


def compared(model: ReasoningModel, questions: Sequence[Question]) -> dict[str, Any]:
    """Accuracies in percent by steps, and the gain on long chains."""
    right = arms(model, questions)
    steps = np.array([question.extra["steps"] for question in questions])
    long = steps >= LONG
    share = {name: 100 * np.array(values, np.float64) for name, values in right.items()}
    by = {name: {str(k): round(float(v[steps == k].mean()), 1) for k in np.unique(steps)} for name, v in share.items()}
    low, high = wilson_interval(int(np.array(right["stated"])[long].sum()), int(long.sum()))
    return {
        "value": round(float(share["stated"][long].mean() - share["text"][long].mean()), 2),
        "text": round(float(share["text"][long].mean()), 2),
        "stated": round(float(share["stated"][long].mean()), 2),
        "ci95": [round(100 * low, 1), round(100 * high, 1)],
        "n": int(long.sum()),
        "by_steps": by,
    }


def rows(part: str, model: ReasoningModel, limit: int) -> Iterator[Row]:
    """Name and contents of each row of a part."""
    if part == "stories":
        for kind in get_args(StoryKind):
            for held_out in (False, True):
                drawn = list(stories(kind, limit, steps=STEPS, seed=1, held_out=held_out))
                name = f"logic, stories, {kind}, {'other' if held_out else 'own'} wordings"
                yield name, {**compared(model, drawn), "reading": reading(drawn)}
    elif part == "clutrr":
        told = load("clutrr-234", "test")
        drawn = Random(0).sample(told, min(limit, len(told)))
        yield "logic, CLUTRR, 5 steps or more", {**compared(model, drawn), "proofs": proofs(drawn)}
    else:
        for name in DEV:
            yield f"logic, harm, {name}", harm(model, list(load(name, "dev"))[:limit])


def harm(model: ReasoningModel, questions: Sequence[Question]) -> dict[str, Any]:
    """What reading does where texts were not written for it: how many state anything, and answers won and lost."""
    stating = [question for question in questions if with_stated(question).edges]
    right = arms(model, stating)
    won = sum(b > a for a, b in zip(*right.values(), strict=True))
    lost = sum(a > b for a, b in zip(*right.values(), strict=True))
    value = round(100 * (won - lost) / len(questions), 3)
    return {"value": value, "n": len(questions), "stating": len(stating), "won": won, "lost": lost}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure a part and show its rows, or write them down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("stories", "clutrr", "consistency", "harm"))
    parser.add_argument("--model", default="mini")
    parser.add_argument("--beside", help="of consistency: the checkpoint that was trained without rules")
    parser.add_argument("--limit", type=int, default=1000)
    parser.add_argument("--record", action="store_true", help="write the rows to the book of results")
    given = parser.parse_args(arguments)
    if (given.part == "consistency") != (given.beside is not None):
        parser.error("--beside goes with consistency, and consistency with --beside")
    model = ReasoningModel.from_pretrained(find_checkpoint(given.model))
    if given.beside:
        beside = ReasoningModel.from_pretrained(find_checkpoint(given.beside))
        found = consistency(model, beside, given.limit)
    else:
        found = rows(given.part, model, given.limit)
    for name, row in found:
        results.tell(name, record=given.record, **row)


if __name__ == "__main__":
    main()
