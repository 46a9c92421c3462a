"""What a person says of answers, as training data and edits of the graph."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kgreason import journal, storage
from kgreason.asking import BaseReasoner
from kgreason.audit import flags, question_digest
from kgreason.errors import FormatError, InputError
from kgreason.records import Answer, Question, Triple
from kgreason.tasks import validate, write_samples

__all__ = ["Answered", "Verdict", "answered", "read_log", "weakest", "write_review"]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False, slots=True)
class Answered:
    """A question, and what was answered: the choice, how surely, what is odd about it, the edges of its evidence."""

    question: Question
    choice: str
    confidence: float
    flags: tuple[str, ...] = ()
    edges: tuple[Triple, ...] = ()

    @property
    def digest(self) -> str:
        """Names the question in a file of verdicts."""
        return question_digest(self.question)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person says of an answer.

    Args:
        question: its digest.
        answer: the right option, or an answer of an open question; None where nothing is said of it.
        add: edges that the graph lacks.
        remove: edges that are wrong.
    """

    question: str
    answer: str | None = None
    add: tuple[Triple, ...] = ()
    remove: tuple[Triple, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The verdict as a line of a file says it."""
        edges = {"add": [list(edge) for edge in self.add], "remove": [list(edge) for edge in self.remove]}
        return {"question": self.question, "answer": self.answer, **edges}

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Verdict:
        """The inverse of :meth:`to_dict`.

        Raises:
            InputError: a key is missing or of another form.
        """
        question, answer = row.get("question"), row.get("answer")
        if not isinstance(question, str) or not (answer is None or (isinstance(answer, str) and answer.strip())):
            raise InputError(
                f"a verdict says question {question!r} and answer {answer!r}",
                fix="Give the digest that kgreason review shows, and the right option as text.",
            )
        return cls(question, answer, _edges(row, "add"), _edges(row, "remove"))


def _edges(row: Mapping[str, Any], key: str) -> tuple[Triple, ...]:
    edges = row.get(key, [])
    if not isinstance(edges, list) or not all(
        isinstance(edge, list) and len(edge) == 3 and all(isinstance(part, str) and part.strip() for part in edge)
        for edge in edges
    ):
        raise InputError(f"{key} of a verdict is {edges!r}", fix="Give a list of [source, relation, target].")
    return tuple((edge[0], edge[1], edge[2]) for edge in edges)


def read_log(path: str | Path) -> list[Answered]:
    """The answers of an audit log that was kept with texts; of a question asked twice the last one.

    Args:
        path: the log, see :mod:`kgreason.audit`.

    Raises:
        FormatError: the file is no such log.
        InputError: no line of it holds a text.
    """
    rows, _ = journal.read(path)
    if not any("asked" in row for row in rows):
        raise InputError(
            f"{path} says what was answered, but not what was asked",
            fix="Ask with --audit-text, or give the file of questions itself.",
        )
    found: dict[str, Answered] = {}
    for row in rows:
        if "asked" in row and not row.get("edits"):
            one = _logged(path, row)
            found[one.digest] = one
    return list(found.values())


def _logged(path: str | Path, row: Mapping[str, Any]) -> Answered:
    try:
        asked = row["asked"]
        question = Question(
            asked["text"],
            tuple(asked.get("options", ())),
            row["task"],
            hypothesis=asked.get("hypothesis"),
            context=asked.get("context"),
            facts=tuple((s, r, t) for s, r, t in asked.get("facts", ())),
            language=asked["language"],
        )
        edges = tuple((s, r, t) for s, r, t in row.get("edges", ()))
        return Answered(validate(question), row["choice"], float(row["confidence"]), tuple(row["flags"]), edges)
    except (KeyError, TypeError, ValueError, AttributeError, InputError) as error:
        raise FormatError(path, f"a line is none of an audit log ({error})", fix="Name an audit log.") from error


def answered(
    reasoner: BaseReasoner, questions: Sequence[Question], *, progress: Progress | None = None
) -> list[Answered]:
    """Asks questions anew.

    Args:
        reasoner: who answers.
        questions: with options or open; labels of texts with several are passed over.
        progress: called with (stage, done, total).
    """
    asked = [question for question in questions if question.options or question.task == "open"]
    asked = [question for question in asked if not question.multi_label]
    found = []
    for done, question in enumerate(asked):
        answer = reasoner.answer(question)
        found.append(Answered(question, answer.choice, answer.confidence, tuple(flags(answer)), _told(answer)))
        if progress is not None:
            progress("ask", done + 1, len(asked))
    return found


def _told(answer: Answer) -> tuple[Triple, ...]:
    edges = [edge.triple for path in answer.evidence.paths for edge in path.edges]
    return tuple(dict.fromkeys(edges))


def weakest(found: Iterable[Answered], below: float = 0.6) -> list[Answered]:
    """Answers that a person should see: those less sure than a bound and those with a flag, weakest first.

    Args:
        found: answers.
        below: the bound; 0 shows flagged ones alone.
    """
    shown = [one for one in found if one.confidence < below or one.flags]
    return sorted(shown, key=lambda one: (one.confidence, one.digest))


def write_review(folder: str | Path, found: Iterable[Answered], verdicts: Iterable[Verdict]) -> dict[str, int]:
    """Writes samples and edits that follow from verdicts.

    Samples to train on go to ``samples.jsonl``, edits to ``add.jsonl`` and ``remove.jsonl`` as ``kgreason graph add``
    and ``remove`` read them. A file for which there is nothing is not written.

    Args:
        folder: where they go.
        found: the answers, of which the verdicts name some; the others say nothing.
        verdicts: the last one of a question counts, and the last one on an edge.

    Returns:
        How many samples, added and removed edges there are, and verdicts about questions that are not among ``found``.

    Raises:
        InputError: a verdict names an option that its question does not have.
        StorageError: a file cannot be written.
    """
    known = {one.digest: one for one in found}
    last = {verdict.question: verdict for verdict in verdicts}
    samples: list[Question] = []
    edits: dict[Triple, bool] = {}
    for verdict in last.values():
        if verdict.question in known:
            if verdict.answer is not None:
                samples.append(_sample(known[verdict.question], verdict.answer))
            edits |= dict.fromkeys(verdict.remove, False) | dict.fromkeys(verdict.add, True)
    add = [edge for edge, added in edits.items() if added]
    remove = [edge for edge, added in edits.items() if not added]
    path = Path(folder) / "samples.jsonl"
    if samples:
        write_samples(path, samples)
    else:
        storage.remove(path)  # what an earlier verdict wrote is taken back
    for name, edges in (("add", add), ("remove", remove)):
        path = Path(folder) / f"{name}.jsonl"
        if edges:
            storage.write_text(path, "".join(map(_line, edges)))
        else:
            storage.remove(path)
    unknown = len(last.keys() - known.keys())
    return {"samples": len(samples), "added": len(add), "removed": len(remove), "unknown": unknown}


def _sample(one: Answered, right: str) -> Question:
    question = replace(one.question, id=one.question.id or one.digest, edges=(), proofs=())
    if question.task == "open":
        return replace(question, gold=(right,))
    if right not in question.options:
        raise InputError(
            f"verdict on {one.digest} names the option {right!r}",
            fix=f"Its options are: {', '.join(question.options)}.",
        )
    return replace(question, answer=question.options.index(right))


def _line(edge: Triple) -> str:
    return json.dumps(dict(zip(("source", "relation", "target"), edge, strict=True)), ensure_ascii=False) + "\n"
