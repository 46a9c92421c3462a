"""Entailment sets: premise as text, hypothesis beside it, labels as options. A row without a gold label yields None."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from kgreason.records import Question
from kgreason.tasks.files import clean, json_lines, table

__all__ = ["THREE_WAY", "TWO_WAY", "lingnli", "rte", "sick", "snli"]

THREE_WAY = ("entailment", "neutral", "contradiction")
TWO_WAY = ("entailment", "not_entailment")


def _pair(premise: str, hypothesis: str, answer: int, name: str, options: tuple[str, ...] = THREE_WAY) -> Question:
    return Question(
        text=clean(premise), hypothesis=clean(hypothesis), options=options, task="entailment", answer=answer, id=name
    )


def lingnli(files: Sequence[Path]) -> Iterator[Question | None]:
    """LingNLI, all protocols and rounds; the protocol is in the id, because pair ids repeat across them."""
    for path in files:
        part = path.name.split(".")[0]
        for number, row in json_lines(path):
            label = row.get("label")
            name = f"{part}-{number - 1}"
            yield _pair(row["premise"], row["hypothesis"], THREE_WAY.index(label), name) if label in THREE_WAY else None


def snli(files: Sequence[Path]) -> Iterator[Question | None]:
    """SNLI as a table with labels 0, 1, 2 in the order of :data:`THREE_WAY`; −1 is no gold label."""
    for path in files:
        for number, row in table(path):
            label = int(row["label"])
            yield _pair(row["premise"], row["hypothesis"], label, f"snli-{number - 2}") if label >= 0 else None


def sick(files: Sequence[Path]) -> Iterator[Question]:
    """SICK; the relatedness score is not used."""
    for path in files:
        for _, row in table(path):
            answer = THREE_WAY.index(row["entailment_judgment"].lower())
            yield _pair(row["sentence_A"], row["sentence_B"], answer, row["pair_ID"])


def rte(files: Sequence[Path]) -> Iterator[Question]:
    """GLUE RTE, two-way."""
    for path in files:
        for _, row in table(path):
            yield _pair(
                row["sentence1"],
                row["sentence2"],
                int(row["label"]),
                f"{path.name.split('.')[0]}-{row['index']}",
                TWO_WAY,
            )
