"""Entailment sets: premise as text, hypothesis beside it, labels as options. A row without a gold label yields None."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kgreason.records import Question
from kgreason.tasks.files import clean, json_lines, place, table

__all__ = [
    "DECIDED",
    "THREE_WAY",
    "TWO_WAY",
    "conjnli",
    "explagraphs",
    "folio",
    "help_nli",
    "lingnli",
    "ocnli",
    "prontoqa",
    "proofwriter",
    "rte",
    "sick",
    "snli",
]

THREE_WAY = ("entailment", "neutral", "contradiction")
TWO_WAY = ("entailment", "not_entailment")
#: Of sets in which every hypothesis is decided.
DECIDED = ("entailment", "contradiction")
#: What sets about logic call the three: in an open world a hypothesis that is false follows in its negation.
_TRUTH = {
    "True": "entailment",
    "False": "contradiction",
    "Unknown": "neutral",
    "Uncertain": "neutral",
}


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


def conjnli(name: str, row: Mapping[str, str]) -> Iterator[Question]:
    """ConjNLI: what follows when a conjunct is taken away, put in or exchanged. Its test part has no labels."""
    yield _pair(row["Premise"], row["Hypothesis"], place(row["Label"], THREE_WAY), name)


def help_nli(name: str, row: Mapping[str, str]) -> Iterator[Question]:
    """HELP, its part on ``and`` and ``or``; a tilde joins the words of a name there."""
    premise, hypothesis = (row[column].replace("~", " ") for column in ("ori_sentence", "new_sentence"))
    yield _pair(premise, hypothesis, place(row["gold_label"], THREE_WAY), name)


def ocnli(name: str, row: Mapping[str, Any]) -> Iterator[Question | None]:
    """OCNLI, in Chinese; ``-`` is no gold label."""
    pair, label = (row["sentence1"], row["sentence2"]), row["label"]
    yield None if label == "-" else replace(_pair(*pair, place(label, THREE_WAY), name), language="zh")


_EDGE = re.compile(r"\(([^;()]+); ([^;()]+); ([^;()]+)\)")
_STANCE = {"support": "entailment", "counter": "contradiction"}


def explagraphs(name: str, row: Mapping[str, str]) -> Iterator[Question]:
    """ExplaGraphs: whether an argument supports a belief or counters it, with the gold explanation as ``facts``.

    The argument is the premise and the belief the hypothesis, since evidence runs from the one to the other; the words
    support and counter name no concepts. Stance is weaker than entailment: read the labels as those of the set. Some
    relations of the explanations give the stance away.
    """
    facts, rest = _EDGE.findall(row["graph"]), _EDGE.sub("", row["graph"])
    if rest.strip():
        raise ValueError(f"{rest[:80]!r} is no triple of the graph")
    pair = _pair(row["argument"], row["belief"], DECIDED.index(_STANCE[row["stance"]]), name, DECIDED)
    yield replace(
        pair, facts=tuple((clean(source), clean(relation), clean(target)) for source, relation, target in facts)
    )


def folio(name: str, row: Mapping[str, Any]) -> Iterator[Question]:
    """FOLIO: conclusions that people wrote, judged by first-order logic: true, false or neither."""
    yield _pair(" ".join(row["premises"]), row["conclusion"], THREE_WAY.index(_TRUTH[row["label"]]), name)


def proofwriter(name: str, row: Mapping[str, Any]) -> Iterator[Question]:
    """ProofWriter in an open world, as Logic-LM samples it."""
    return _statement(row, THREE_WAY)


def prontoqa(name: str, row: Mapping[str, Any]) -> Iterator[Question]:
    """ProntoQA, as Logic-LM samples it: every statement is true or false."""
    return _statement(row, DECIDED)


def _statement(row: Mapping[str, Any], labels: tuple[str, ...]) -> Iterator[Question]:
    """A statement about a context, asked for in words that are left out."""
    options = [option.partition(") ") for option in row["options"]]
    truth = {letter: _TRUTH[word] for letter, _, word in options}[row["answer"]]
    _, _, statement = row["question"].partition("? ")
    yield _pair(row["context"], statement, labels.index(truth), row["id"], labels)
