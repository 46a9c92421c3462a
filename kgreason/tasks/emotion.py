"""Emotion and sentiment sets: categories as options, or valence, arousal and dominance without any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kgreason.language import called
from kgreason.records import Question
from kgreason.tasks.files import clean, digest, lines, place, table

__all__ = [
    "EKMAN",
    "EKMAN_LABELS",
    "SENTIMENT",
    "emobank",
    "emocontext",
    "goemotions",
    "goemotions_ekman",
    "isear",
    "review_zh",
    "sst2",
]

SENTIMENT = ("negative", "positive")

#: The 27 emotions of GoEmotions under Ekman's six, as their authors group them (Demszky et al. 2020), and neutral.
EKMAN: Mapping[str, tuple[str, ...]] = {
    "anger": ("anger", "annoyance", "disapproval"),
    "disgust": ("disgust",),
    "fear": ("fear", "nervousness"),
    "joy": (
        "admiration", "amusement", "approval", "caring", "desire", "excitement", "gratitude", "joy", "love", "optimism",
        "pride", "relief",
    ),
    "neutral": ("neutral",),
    "sadness": ("disappointment", "embarrassment", "grief", "remorse", "sadness"),
    "surprise": ("confusion", "curiosity", "realization", "surprise"),
}  # fmt: skip
EKMAN_LABELS = tuple(EKMAN)


def sst2(files: Sequence[Path]) -> Iterator[Question]:
    """SST-2: phrases of film reviews, negative or positive."""
    for path in files:
        for number, row in table(path):
            yield Question(
                text=clean(row["sentence"]),
                options=SENTIMENT,
                task="emotion",
                answer=int(row["label"]),
                id=f"{path.name.split('.')[0]}-{number - 2}",
            )


def goemotions(files: Sequence[Path]) -> Iterator[Question]:
    """GoEmotions with its own 28 labels, several a text; the last file names the labels."""
    *rows, names = files
    labels = tuple(line.strip() for _, line in lines(names))
    for path in rows:
        for _, row in table(path, columns=("text", "labels", "id")):
            yield Question(
                text=clean(row["text"]),
                options=labels,
                task="emotion",
                answers=tuple(int(label) for label in row["labels"].split(",")),
                multi_label=True,
                id=row["id"],
            )


def goemotions_ekman(files: Sequence[Path]) -> Iterator[Question]:
    """GoEmotions with its labels gathered into Ekman's six and neutral."""
    group = {fine: index for index, members in enumerate(EKMAN.values()) for fine in members}
    for question in goemotions(files):
        answers = tuple(sorted({group[question.options[index]] for index in question.answers or ()}))
        yield Question(
            text=question.text,
            options=EKMAN_LABELS,
            task="emotion",
            answers=answers,
            multi_label=True,
            id=question.id,
        )


def emobank(files: Sequence[Path], *, split: str) -> Iterator[Question]:
    """EmoBank: valence, arousal and dominance, 1..5 brought to 0..1; the split is a column."""
    for path in files:
        for _, row in table(path):
            if row["split"] == split:
                valence, arousal, dominance = ((float(row[column]) - 1) / 4 for column in "VAD")
                yield Question(text=clean(row["text"]), task="emotion", vad=(valence, arousal, dominance), id=row["id"])


ISEAR_LABELS = ("anger", "disgust", "fear", "guilt", "joy", "sadness", "shame")


def isear(files: Sequence[Path]) -> Iterator[Question]:
    """ISEAR: situations in which people felt one of seven emotions."""
    for path in files:
        for number, (_, row) in enumerate(table(path, columns=("label", "text", "rest"))):
            label = "guilt" if row["label"] == "guit" else row["label"]  # one label of the published file is misspelt
            yield Question(
                text=clean(f"{row['text']},{row['rest']}" if row["rest"] else row["text"]),
                options=ISEAR_LABELS,
                task="emotion",
                answer=ISEAR_LABELS.index(label),
                id=f"isear-{number}",
            )


EMOCONTEXT_LABELS = ("angry", "happy", "others", "sad")


def emocontext(name: str, row: Mapping[str, str]) -> Iterator[Question]:
    """EmoContext: what the last of three turns of a talk feels like, one turn a line."""
    yield Question(
        text="\n".join(clean(row[turn]) for turn in ("turn1", "turn2", "turn3")),
        options=EMOCONTEXT_LABELS,
        task="emotion",
        answer=place(row["label"].strip(), EMOCONTEXT_LABELS),
        id=name,
    )


#: What the last digit of a text's digest says of its split; any other is train.
_HELD_OUT = {0: "test", 1: "dev"}


def review_zh(name: str, row: Mapping[str, str], *, split: str) -> Iterator[Question | None]:
    """Chinese reviews, negative or positive. A review without a text has nothing to judge.

    They are published undivided: the digest of a text says whether it is test, dev (a tenth each) or train, so that
    equal texts are on one side.
    """
    text = clean(row["review"])
    if _HELD_OUT.get(digest(text) % 10, "train") == split:
        options, answer = called(SENTIMENT, "zh"), place(row["label"], ("0", "1"))
        yield Question(text, options, "emotion", answer=answer, language="zh", id=name) if text else None
