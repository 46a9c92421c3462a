"""What C reads of long texts: one sentence among thousands, time and memory, stories against their beginnings.

    python -m tools.measure_context needles|length|quality [--model NAME] [--data FOLDER] [--limit N] [--record]

Needles lie in whole sentences of QuALITY's stories (as L-Eval gives them), whose questions are the last part; nothing
of either was trained on. Kinds of facts, wordings and words of the needles are those held out of training. What texts
state themselves is not read: C alone answers.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from time import process_time
from typing import Any

import numpy as np
import torch

from kgreason.engine import Reasoner
from kgreason.language.sentences import sentences
from kgreason.metrics import paired_bootstrap
from kgreason.nn.predict import predict
from kgreason.records import Answer, Question
from kgreason.tasks import load
from kgreason.tasks.needles import needles
from tools import results
from tools.bench.figures import peak_memory
from tools.progress import counted

__all__ = ["KEY", "LINEAR", "MEASURES", "MEMORY", "NEEDLE", "truncated"]

NEEDLE = "context, needles at 4,000 tokens over short ones"
KEY = "context, key sentence of needles at 4,000 tokens named"
LINEAR = "context, time of 100,000 tokens over twice that of 50,000"
MEMORY = "context, memory of 100,000 tokens"
QUALITY = "context, QuALITY, whole stories - their beginnings"
#: Words of a text of 4,000 tokens, and of a short one.
LONG_WORDS, SHORT_WORDS = 3_050, 40
SEED = 5
LENGTHS = (50_000, 100_000)

Row = tuple[str, float, dict[str, Any]]


def _filler(data: str | None) -> list[str]:
    stories = dict.fromkeys(question.context or "" for question in load("leval-quality", "test", data=data))
    told = (sentence for story in stories for sentence in sentences(story))
    # A line that is broken off would make one sentence with the next.
    return [sentence for sentence in told if sentences(f"{sentence} So.")[0] == sentence]


def _opened(model: str) -> Reasoner:
    torch.set_num_threads(1)
    return Reasoner.from_pretrained(model, graph=None, stated=False, device="cpu")


def _right(reasoner: Reasoner, questions: Sequence[Question]) -> list[bool]:
    items = [(question, None) for question in questions]
    found = predict(reasoner.model, items, batch_size=1, autocast=torch.bfloat16, progress=counted)
    return [int(p.logits.argmax()) == q.answer for p, q in zip(found, questions, strict=True)]


def _answers(reasoner: Reasoner, questions: Sequence[Question]) -> list[Answer]:
    found = []
    for done, question in enumerate(questions, 1):
        found.append(reasoner.answer(replace(question, answer=None)))
        counted(done, len(questions))
    return found


def in_texts(model: str, data: str | None, limit: int) -> list[Row]:
    """Needles in long texts and in short ones."""
    reasoner = _opened(model)
    filler, tokenizer = _filler(data), reasoner.model.backbone.tokenizer
    short, far = (
        list(needles(limit, filler, words=words, seed=SEED, held_out=True)) for words in (SHORT_WORDS, LONG_WORDS)
    )
    tokens = [len(tokenizer(q.context, verbose=False)["input_ids"]) for q in far]
    answers = [_answers(reasoner, questions) for questions in (short, far)]
    near, long = (
        100 * float(np.mean([answer.index == q.answer for answer, q in zip(found, asked, strict=True)]))
        for found, asked in zip(answers, (short, far), strict=True)
    )
    named = [answer.sentences[0].text == q.extra["sentence"] for answer, q in zip(answers[1], far, strict=True)]
    more = {"n": limit, "tokens": round(float(np.mean(tokens)))}
    return [
        (NEEDLE, 100 * long / near if near else 0.0, {**more, "short": near, "long": long}),
        (KEY, 100 * float(np.mean(named)), more),
    ]


def by_length(model: str, data: str | None, limit: int) -> list[Row]:
    """CPU seconds and memory of texts of two lengths, each in a process of its own."""
    told = {}
    for length in LENGTHS:
        code = f"from tools import measure_context as m; m.read_here({model!r}, {length})"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        told[length] = json.loads(done.stdout)
    half, whole = (told[length] for length in LENGTHS)
    more = {"seconds": {str(length): round(told[length]["cpu"], 2) for length in LENGTHS}}
    return [(LINEAR, whole["cpu"] / (2 * half["cpu"]), more), (MEMORY, whole["megabytes"] / 1000, {"unit": "GB"})]


def read_here(model: str, tokens: int) -> None:
    """Answer a question about a text of so many tokens, without a graph, and write what it took."""
    reasoner = _opened(model)
    reasoner.ask("Where is the lamp?", ["hall", "barn"], context="The lamp is in the hall.")
    words = reasoner.model.backbone.tokenizer.vocab
    plain = sorted(word for word in words if word.isalpha() and len(word) > 3)
    context = " ".join(Random(SEED).choices(plain, k=tokens))
    start = process_time()
    with peak_memory() as peak:
        reasoner.ask("Where is the lamp?", ["hall", "barn"], context=context)
    sys.stdout.write(json.dumps({"cpu": process_time() - start, "megabytes": peak.megabytes}))


def truncated(reasoner: Reasoner, question: Question) -> Question:
    """A question with the beginning of its context, as much as fits into one sequence."""
    context, size = question.context or "", reasoner.model.settings.max_length
    offsets = reasoner.model.backbone.tokenizer(context, return_offsets_mapping=True, verbose=False)["offset_mapping"]
    return replace(question, context=context[: max(end for _, end in offsets[:size])])


def stories(model: str, data: str | None, limit: int) -> list[Row]:
    """QuALITY's questions about whole stories, and about their beginnings."""
    reasoner, questions = _opened(model), load("leval-quality", "test", data=data)[:limit]
    whole = _right(reasoner, questions)
    start = _right(reasoner, [truncated(reasoner, question) for question in questions])
    found = paired_bootstrap(whole, start)
    more = {"whole": 100 * float(np.mean(whole)), "beginning": 100 * float(np.mean(start)), "n": len(questions)}
    return [(QUALITY, 100 * found.difference, {**more, "ci95": [100 * found.low, 100 * found.high]})]


MEASURES: Mapping[str, Callable[[str, str | None, int], list[Row]]] = {
    "needles": in_texts, "length": by_length, "quality": stories,
}  # fmt: skip


def main() -> None:
    """Measure a part and show its rows, or write them down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=MEASURES)
    parser.add_argument("--model", default="mini", help="a checkpoint; rows bear its name")
    parser.add_argument("--data", help="folder of the data sets; KGREASON_DATA by default")
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    given = parser.parse_args()
    for name, value, more in MEASURES[given.part](given.model, given.data, given.limit):
        results.tell(f"{given.model}, {name}", value, record=given.record, **more)


if __name__ == "__main__":
    main()
