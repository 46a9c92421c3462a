"""Multiple-choice sets about a passage: the passage is the context, unless it is a line or two of the question."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kgreason.records import Question
from kgreason.tasks.files import clean, lines, place

__all__ = [
    "KINSHIP",
    "boardgameqa",
    "c3",
    "clutrr",
    "coursera",
    "logic_lm",
    "logiqa",
    "logiqa_items",
    "quality",
    "sci_fi",
]


def logic_lm(name: str, row: Mapping[str, Any]) -> Iterator[Question]:
    """Puzzles in the form of Logic-LM: options behind their letters (LogicalDeduction, AR-LSAT).

    Their own ids are not kept: LogicalDeduction has the same in both its splits.
    """
    letters, _, options = zip(*(option.partition(")") for option in row["options"]), strict=True)
    yield Question(
        text=clean(row["question"]),
        options=tuple(map(clean, options)),
        context=row["context"],
        answer=place(row["answer"], letters),
        id=name,
    )


_ASKED = "Based on the game state and the rules and preferences, "
_PROOF = {"proved": "yes", "disproved": "no", "unknown": "unknown"}


def boardgameqa(name: str, row: Mapping[str, Any]) -> Iterator[Question]:
    """BoardgameQA: what rules say of a board, where the preferred rule wins.

    That is asked, and answered with yes, no or unknown; a rule that another defeats entails nothing, so these are no
    labels of entailment.
    """
    context, asked, text = row["example"].rpartition(_ASKED)
    if not asked:
        raise ValueError(f"no question begins with {_ASKED!r}")
    options = tuple(_PROOF.values())
    answer = options.index(_PROOF[row["label"]])
    yield Question(clean(text[:1].upper() + text[1:]), options, context=context.strip(), answer=answer, id=name)


#: Relations of CLUTRR, and whether who is called so is female or male.
KINSHIP: Mapping[str, str] = {
    **dict.fromkeys(("aunt", "daughter", "daughter-in-law", "granddaughter", "grandmother", "mother"), "female"),
    **dict.fromkeys(("mother-in-law", "niece", "sister"), "female"),
    **dict.fromkeys(("brother", "father", "father-in-law", "grandfather", "grandson", "nephew"), "male"),
    **dict.fromkeys(("son", "son-in-law", "uncle"), "male"),
}
_STORY = re.compile(r"Story:(.*)\nGender:(.*)\n", re.DOTALL)


def clutrr(name: str, row: Mapping[str, Any]) -> Iterator[Question | None]:
    """CLUTRR: how one person of a story is related to another; the listed genders are facts of the question.

    Names stay in their brackets. ``extra["steps"]`` is how many steps the walk takes.

    The files do not say who is asked for. A story is a walk through a family and its people are listed in the order of
    the walk, so it is the last to the first; where a walk returns to somebody it is not. Such rows are left out as far
    as the gender of the last does not fit the relation (about one in a hundred); as many may remain.
    """
    match = _STORY.fullmatch(row["context"])
    if match is None:
        raise ValueError("context is not of the form 'Story: … Gender: …'")
    genders = dict(person.strip().split(":") for person in match[2].split(","))
    first, *_, last = genders
    relation = row["target_text"]
    if genders[last] != KINSHIP[relation]:
        yield None
        return
    options = tuple(sorted(KINSHIP))
    yield Question(
        text=f"How is {last} related to {first}?",
        options=options,
        context=clean(match[1]),
        answer=options.index(relation),
        facts=tuple((person, "HasProperty", gender) for person, gender in genders.items()),
        id=name,
        extra={"steps": len(genders) - 1},
    )


def c3(name: str, row: Sequence[Any]) -> Iterator[Question]:
    """C3, in Chinese: texts (m) and dialogues (d), each with its questions."""
    passage, questions, number = row
    for index, asked in enumerate(questions):
        yield Question(
            text=clean(asked["question"]),
            options=tuple(map(clean, asked["choice"])),
            context="\n".join(passage),
            answer=place(asked["answer"], asked["choice"]),
            language="zh",
            id=f"{name.rpartition('-')[0]}-{number}-{index}",
        )


_LINES = 7
_LETTER = re.compile(r"([A-Da-d])(?:\s*[.．,，:：、]\s*|\s+)")


def logiqa_items(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Seven lines each that are not blank: the letter of the answer, a passage, a question and four options."""
    item: list[str] = []
    first = 1
    for number, line in lines(path):
        first = first if item else number
        item.append(line.strip())
        if len(item) == _LINES:
            yield first, item
            item = []
    if item:
        yield first, item


def logiqa(name: str, item: list[str], *, language: str = "en") -> Iterator[Question]:
    """LogiQA, in English (its dev part) and in the Chinese original.

    Options that were set in two columns stand as A, C, B, D; the answer goes by letter. Where translating has moved
    letters into the sentences it goes by place.
    """
    key, passage, asked, *options = item
    order = list("ABCD")
    found = [_LETTER.match(option) for option in options]
    letters = ["" if match is None else match[1].upper() for match in found]
    if sorted(letters) != order:
        found = [match if letter == here else None for match, letter, here in zip(found, letters, order, strict=True)]
        letters = order
    texts = [option if match is None else option[match.end() :] for option, match in zip(options, found, strict=True)]
    answer = place(key.upper(), letters)
    yield Question(clean(asked), tuple(map(clean, texts)), context=passage, answer=answer, language=language, id=name)


def quality(name: str, row: Mapping[str, Any]) -> Iterator[Question | None]:
    """QuALITY in L-Eval: questions about stories."""
    return _exam(name, row, re.compile(r"\n\s*\(([A-D])\)"), re.compile(r"\(([A-D])\)"))


def coursera(name: str, row: Mapping[str, Any]) -> Iterator[Question | None]:
    """Coursera in L-Eval: questions about lectures; None where several options are right."""
    return _exam(name, row, re.compile(r"\n\s*([A-D])\."), re.compile(r"([A-D])$"))


_NUMBER = re.compile(r"(?:Question\s*)?\d+[.:]\s*")


def _exam(name: str, row: Mapping[str, Any], mark: re.Pattern[str], key: re.Pattern[str]) -> Iterator[Question | None]:
    """Questions whose options stand behind marks in one text, and whose outputs begin with the right letters."""
    for index, (asked, output) in enumerate(zip(row["instructions"], row["outputs"], strict=True)):
        text, *parts = mark.split(asked)
        letters, options = parts[::2], parts[1::2]
        right = key.match(output)
        yield (
            None
            if right is None
            else Question(
                text=clean(_NUMBER.sub("", text, count=1)),
                options=tuple(map(clean, options)),
                context=row["input"],
                answer=place(right[1], letters),
                id=f"{name}-{index}",
            )
        )


_TRUE_OR_FALSE = re.compile(r",? True or False\?.*", re.DOTALL)


def sci_fi(name: str, row: Mapping[str, Any]) -> Iterator[Question]:
    """Science fiction in L-Eval: is a statement true in the world of the text?

    ``extra["fact"]`` says whether it is in ours.
    """
    for index, (asked, output) in enumerate(zip(row["instructions"], row["outputs"], strict=True)):
        right, _, fact = output.partition(" ")
        yield Question(
            text=clean(_TRUE_OR_FALSE.sub("", _NUMBER.sub("", asked, count=1))),
            options=("true", "false"),
            context=row["input"],
            answer=place(right, ("True", "False")),
            id=f"{name}-{index}",
            extra={"fact": place(fact, ("[fact: False]", "[fact: True]")) == 1},
        )
