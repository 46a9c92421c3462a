"""Multiple-choice sets: from their files to questions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kgreason.errors import FormatError
from kgreason.records import Question
from kgreason.tasks.files import clean, digest, json_lines, json_list, lines, place

__all__ = [
    "arc",
    "commonsenseqa",
    "commonsenseqa_inhouse",
    "comve_explanation",
    "comve_validation",
    "ecare",
    "lettered",
    "piqa",
    "socialiqa",
    "strategyqa",
]


def lettered(files: Sequence[Path]) -> Iterator[Question]:
    """The AI2 form: a stem, choices with letters, the letter of the answer (OpenBookQA)."""
    for path in files:
        for number, row in json_lines(path):
            yield _lettered(path, number, row)


def commonsenseqa(files: Sequence[Path], *, language: str = "en") -> Iterator[Question]:
    """CommonsenseQA; ``extra["question_concept"]`` is the concept that the question was written from, for analysis.

    In Chinese it is machine-translated, and two options may have become one text.
    """
    for path in files:
        for number, row in json_lines(path):
            extra = {"question_concept": row["question"]["question_concept"]}
            yield replace(_lettered(path, number, row, extra), language=language)


def commonsenseqa_inhouse(files: Sequence[Path], *, listed: bool, language: str = "en") -> Iterator[Question]:
    """The in-house split: the rows whose id the last file lists (train), or those it does not list (test).

    Translations have the ids of their originals, and are divided as these are.
    """
    *rows, ids = files
    chosen = {line.strip() for _, line in lines(ids)}
    return (question for question in commonsenseqa(rows, language=language) if (question.id in chosen) == listed)


def _lettered(path: Path, number: int, row: dict[str, Any], extra: Mapping[str, object] | None = None) -> Question:
    asked = row["question"]
    choices = asked["choices"] if "choices" in asked else asked["choice"]  # as the Chinese translation has it
    letters = [choice["label"] for choice in choices]
    answer = row.get("answerKey")
    if answer is not None and answer not in letters:
        raise FormatError(path, f"answerKey {answer!r} is not among {', '.join(letters)}", line=number)
    return Question(
        text=clean(row["question"]["stem"]),
        options=tuple(clean(choice["text"]) for choice in choices),
        answer=None if answer is None else letters.index(answer),
        id=row["id"],
        extra=extra or {},
    )


_ARC = re.compile(r"Please choose the correct answer to the question:(.*?)\n\n(Answer1:.*)\n\nAnswer format", re.DOTALL)


def arc(files: Sequence[Path]) -> Iterator[Question]:
    """ARC in instruction form: the options stand in one text as ``Answer1: … Answer2: …``."""
    for path in files:
        for number, (line, row) in enumerate(json_list(path)):
            match = _ARC.match(row["instruction"])
            if match is None:
                raise FormatError(path, "is not of the form 'question, Answer1: …'", line=line)
            options = re.split(r"\s*Answer\d+:", match[2])[1:]
            yield Question(
                text=clean(match[1]),
                options=tuple(map(clean, options)),
                answer=int(row["answer"].removeprefix("answer")) - 1,
                id=f"{path.name.split('.')[0]}-{number}",
            )


def _labelled(files: Sequence[Path]) -> Iterator[tuple[int, dict[str, Any], int]]:
    """Rows of the first file with the integers of the second, one a line."""
    rows, labels = files
    for (number, row), (_, label) in zip(json_lines(rows), lines(labels), strict=True):
        yield number, row, int(label)


def socialiqa(files: Sequence[Path]) -> Iterator[Question]:
    """SocialIQA: the situation and the question are one text."""
    for number, row, label in _labelled(files):
        yield Question(
            text=clean(f"{row['context']} {row['question']}"),
            options=tuple(clean(row[f"answer{letter}"]) for letter in "ABC"),
            answer=label - 1,
            id=f"{files[0].name.split('.')[0]}-{number - 1}",
        )


def piqa(files: Sequence[Path]) -> Iterator[Question]:
    """PIQA: a goal and two ways to it."""
    for number, row, label in _labelled(files):
        yield Question(
            text=clean(row["goal"]),
            options=(clean(row["sol1"]), clean(row["sol2"])),
            answer=label,
            id=f"{files[0].name.split('.')[0]}-{number - 1}",
        )


_ASK = {"cause": "What was the cause of this?", "effect": "What happened as a result?"}


def ecare(files: Sequence[Path]) -> Iterator[Question]:
    """e-CARE: the more plausible cause or effect of an event, asked in words."""
    for path in files:
        for _, row in json_lines(path):
            yield Question(
                text=clean(f"{row['premise']} {_ASK[row['ask-for']]}"),
                options=(clean(row["hypothesis1"]), clean(row["hypothesis2"])),
                answer=row["label"],
                id=row["index"],
            )


def strategyqa(name: str, row: Mapping[str, Any]) -> Iterator[Question]:
    """StrategyQA: yes or no, by steps that the question does not name."""
    answer = place(str(row["label"]), ("0", "1"))
    yield Question(clean(row["sent1"]), (row["ending0"], row["ending1"]), answer=answer, id=row["id"])


def comve_validation(name: str, row: Mapping[str, str]) -> Iterator[Question | None]:
    """ComVE A: which of two statements is against common sense."""
    yield _among(name, "Which statement is against common sense?", row["Incorrect Statement"], row["Correct Statement"])


def comve_explanation(name: str, row: Mapping[str, str]) -> Iterator[Question | None]:
    """ComVE B: why a statement is against common sense, the first right reason among the confusing ones."""
    text = f"{row['Incorrect Statement']} Why is this against common sense?"
    yield _among(name, text, row["Right Reason1"], row["Confusing Reason1"], row["Confusing Reason2"])


def _among(name: str, text: str, right: str, *wrong: str) -> Question | None:
    """A question whose file names the right option first, with the options shuffled; None if they are one text."""
    options = tuple(sorted({clean(option) for option in (right, *wrong)} - {""}, key=digest))
    answer = options.index(clean(right))
    return Question(clean(text), options, answer=answer, id=name) if len(options) > 1 else None
