"""Questions about one sentence of a long text, among others much like it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

import kg_data
from kgreason.errors import InputError
from kgreason.records import Question
from kgreason.tasks.stories import first_names, part

__all__ = ["needles"]

OPTIONS = 5
#: Sentences that answer another question of the same kind: about somebody else, or something else.
DECOYS = (1, 4)
_SLOT = re.compile(r"\{(\w+)\}")
_PEOPLE = ("x", "y")


def needles(
    count: int,
    filler: Sequence[str],
    *,
    words: int | tuple[int, int] = (20, 150),
    seed: int = 0,
    held_out: bool = False,
) -> Iterator[Question]:
    """Questions, each with a context in which one sentence answers it, the same for the same arguments.

    Beside that sentence stand up to four of its kind, which answer with other options, and sentences of ``filler`` in a
    row that begins anywhere.

    Args:
        count: how many.
        filler: sentences that the texts are made of.
        words: of a context at least, or bounds between which that is drawn; 0 for nothing but the one sentence.
        seed: of the drawing.
        held_out: whether the kinds of facts, their wordings and their words are those that are kept out of training.

    Returns:
        Choice questions of five options. ``extra["sentence"]`` is the sentence that answers, ``extra["start"]`` where
        it begins in the context.

    Raises:
        InputError: there is no filler.

    Example:
        >>> question, = needles(1, ["It rained."], words=10, seed=3)
        >>> question.text, question.options[question.answer]
        ("What is Jacob's job?", 'teacher')
        >>> question.context[question.extra["start"] :].startswith(question.extra["sentence"])
        True
    """
    if not filler:
        raise InputError("there are no sentences to fill texts with", fix="Give some.")
    random = Random(f"needles {seed}")
    low, high = (words, words) if isinstance(words, int) else words
    for number in range(count):
        yield _needle(random, filler, random.randint(low, high), held_out, f"needle-{seed}-{number}")


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(kg_data.path("needles.toml").read_text(encoding="utf-8"))


def _needle(random: Random, filler: Sequence[str], words: int, held_out: bool, name: str) -> Question:
    fact = random.choice(part(_data()["fact"], held_out))
    kind: str = fact["answer"]
    answers = _data()["words"][kind]
    if kind != "day":  # a third of seven is too few
        answers = part(answers, held_out)
    options = random.sample(answers, OPTIONS)
    random.shuffle(options)
    answer = random.randrange(OPTIONS)
    said, asked = (random.choice(part(fact[key], held_out)) for key in ("said", "asked"))
    slots = _drawn(random, {*_SLOT.findall(said), *_SLOT.findall(asked)} - {"answer"}, held_out)
    sentence = said.format(**slots, answer=options[answer])
    parts = [sentence]
    if words:
        others = [option for option in options if option != options[answer]]
        parts += _decoys(random, fact, slots, others, held_out)
        parts += _filled(random, filler, words - sum(len(part.split()) for part in parts))
        random.shuffle(parts)
    start = sum(len(part) + 1 for part in parts[: parts.index(sentence)])
    extra = {"sentence": sentence, "start": start, "kind": kind}
    text = asked.format(**slots)
    return Question(text, tuple(options), context=" ".join(parts), answer=answer, id=name, extra=extra)


def _drawn(random: Random, slots: set[str], held_out: bool) -> dict[str, str]:
    """Different people, and words, for the slots of a fact."""
    people = random.sample(part(first_names(), held_out), len(_PEOPLE))
    words = _data()["words"]
    other = (slot for slot in sorted(slots) if slot not in _PEOPLE)
    return {**dict(zip(_PEOPLE, people, strict=True)), **{s: random.choice(part(words[s], held_out)) for s in other}}


def _decoys(
    random: Random, fact: Mapping[str, Any], slots: Mapping[str, str], options: Sequence[str], held_out: bool
) -> Iterator[str]:
    """Sentences of the same kind that differ in one slot of the question, and in their answer."""
    asked = set(_SLOT.findall(fact["asked"][0]))
    for option in random.sample(options, random.randint(*DECOYS)):
        changed = random.choice(sorted(asked))
        while (other := _drawn(random, asked, held_out)[changed]) in slots.values():
            pass
        said = random.choice(part(fact["said"], held_out))
        yield said.format(**{**slots, changed: other}, answer=option)


def _filled(random: Random, filler: Sequence[str], words: int) -> Iterator[str]:
    """Sentences in the order in which they stand, from any of them on, until there are so many words."""
    at = random.randrange(len(filler))
    while words > 0:
        yield filler[at % len(filler)]
        words -= len(filler[at % len(filler)].split())
        at += 1
