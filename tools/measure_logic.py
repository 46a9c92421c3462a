"""Measure what stated edges and rules are worth: stories, CLUTRR, consistency, and what reading costs elsewhere.

    python -m tools.measure_logic stories|clutrr|consistency|harm [--limit N] [--record]

Two arms each: the checkpoint on the text alone, and the same with what the texts state and what follows from it. CLUTRR
(CC BY-NC 4.0) is only measured on; nothing is trained on it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Any, get_args

import numpy as np

from kgreason.engine import ENTAILMENT, find_checkpoint
from kgreason.graph import KnowledgeGraph
from kgreason.graph.schema import negate
from kgreason.grounding import with_stated
from kgreason.metrics import wilson_interval
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import predict
from kgreason.records import Question
from kgreason.tasks import load
from kgreason.tasks.stories import StoryKind, stories
from tools import results

__all__ = ["consistency", "reading", "violations"]

STEPS = range(2, 11)
#: Steps from which a chain counts as long.
LONG = 5
SYMMETRIC = ("Antonym", "Synonym", "SimilarTo")
TRANSITIVE = ("IsA", "PartOf")
DEV = ("commonsenseqa", "openbookqa", "lingnli", "sst2")


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


def consistency(graph: KnowledgeGraph, count: int, seed: int = 0) -> dict[str, list[tuple[Question, ...]]]:
    """Groups of questions whose answers hang together, by kind: two hypotheses of one premise, or three."""
    random, table = Random(seed), graph.relation_table
    found: dict[str, list[tuple[Question, ...]]] = {"symmetry": [], "negation": [], "transitivity": []}

    def asked(premise: str, *hypotheses: str) -> tuple[Question, ...]:
        return tuple(Question(f"{premise}.", ENTAILMENT, "entailment", f"{each}.") for each in hypotheses)

    def edges(names: Sequence[str], node: int) -> list[tuple[str, int]]:
        codes = {graph.relations.index(name): name for name in names if name in graph.relations}
        span = slice(int(graph.ptr[node]), int(graph.ptr[node + 1]))
        row = zip(graph.rel[span].tolist(), graph.idx[span].tolist(), strict=True)
        return [(codes[code], other) for code, other in row if code in codes]

    label = graph.label
    for node in random.sample(range(graph.num_nodes), graph.num_nodes):
        if all(len(each) >= count for each in found.values()):
            break
        for kind, names in (("symmetry", SYMMETRIC), ("negation", TRANSITIVE), ("transitivity", TRANSITIVE)):
            options = edges(names, node)
            if not options or len(found[kind]) >= count:
                continue
            name, other = random.choice(options)
            said = table.sentence(name, label(node), label(other))
            if kind == "symmetry":
                found[kind].append(asked(said, said, table.sentence(name, label(other), label(node))))
            elif kind == "negation":
                found[kind].append(asked(said, said, table.sentence(negate(name), label(node), label(other))))
            elif further := [last for same, last in edges([name], other) if last != node]:
                last = random.choice(further)
                more = table.sentence(name, label(other), label(last))
                found[kind].append(asked(f"{said}. {more}", said, more, table.sentence(name, label(node), label(last))))
    return found


def violations(kind: str, answers: Sequence[Sequence[int]]) -> list[bool]:
    """Which groups of answers contradict themselves."""
    entailed, contradicted = ENTAILMENT.index("entailment"), ENTAILMENT.index("contradiction")
    turned = {entailed: contradicted, contradicted: entailed}
    if kind == "symmetry":
        return [first != second for first, second in answers]
    if kind == "negation":
        return [turned.get(first, first) != second for first, second in answers]
    return [first == second == entailed != last for first, second, last in answers]


def answered(model: ReasoningModel, questions: Sequence[Question]) -> dict[str, list[int]]:
    """The option chosen for each question from the text alone, and with what it states; no graph is read."""

    def progress(done: int, total: int) -> None:
        sys.stderr.write(f"\r{done} of {total}" + "\n" * (done == total))

    found = predict(model, [(with_stated(question), None) for question in questions], progress=progress)
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


def rows(part: str, model: ReasoningModel, limit: int) -> Iterator[tuple[str, dict[str, Any]]]:
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
    elif part == "consistency":
        for kind, groups in consistency(KnowledgeGraph.open("default"), limit).items():
            flat = [question for group in groups for question in group]
            width, found = len(groups[0]), answered(model, flat)
            off, on = (
                sum(violations(kind, [found[name][i : i + width] for i in range(0, len(flat), width)]))
                for name in ("text", "stated")
            )
            row = {"value": round(100 * (1 - on / off), 1) if off else 0.0, "n": len(groups), "off": off, "on": on}
            yield f"logic, consistency, {kind}", row
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
    parser.add_argument("--limit", type=int, default=1000)
    parser.add_argument("--record", action="store_true", help="write the rows to the book of results")
    given = parser.parse_args(arguments)
    model = ReasoningModel.from_pretrained(find_checkpoint(given.model))
    for name, row in rows(given.part, model, given.limit):
        sys.stdout.write(f"{name}: {row}\n")
        if given.record:
            results.append(name, **row)


if __name__ == "__main__":
    main()
