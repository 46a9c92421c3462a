"""Samples as JSON lines, and users' own labelled texts as tables."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from kgreason.config import LIMITS
from kgreason.errors import FormatError, InputError
from kgreason.records import Question, Task, Triple
from kgreason.storage import write_bytes
from kgreason.tasks.entailment import THREE_WAY, TWO_WAY
from kgreason.tasks.files import json_lines, table
from kgreason.tasks.validation import KEYS, TEXT_KEY, shown, validate

__all__ = ["read_samples", "write_samples"]

_TABLES = {".csv", ".tsv"}


def read_samples(path: str | Path) -> list[Question]:
    r"""Reads the samples of a file: JSON lines, or a ``.csv`` or ``.tsv`` table of texts and labels.

    The label set of emotion samples is what ``options`` of a line names, else all labels of the file, sorted; they
    are judged independently as soon as one line has ``labels``. Entailment has three labels, or the two of the
    two-way task where the file uses ``not_entailment``. A table has the columns ``text`` and ``label``, or two
    columns of which one is ``label``.

    Args:
        path: the file, which may be gzip-compressed.

    Returns:
        At least one question, in the order of the file.

    Raises:
        FormatError: the file or a line of it is wrong; the line, what is wrong and the fix are named.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "reviews.csv")
        ...     _ = file.write_text("text,label\na joy,good\ndull,bad\n")
        ...     [(question.options, question.answer) for question in read_samples(file)]
        [(('bad', 'good'), 1), (('bad', 'good'), 0)]
    """
    path = Path(path)
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    rows = list(_labelled_texts(path) if suffix in _TABLES else json_lines(path))
    if not rows:
        raise FormatError(path, "holds no sample", fix="Give one sample a line.")
    questions: list[Question] = []
    first: dict[str, int] = {}
    defaults = _Defaults.of(path, [row for _, row in rows])
    for number, row in rows:
        try:
            question = validate(_question(row, defaults, f"line-{number}"))
            if (earlier := first.setdefault(question.id, number)) != number:
                raise InputError(f"id {shown(question.id)} is that of line {earlier} too", fix="Give each its own id.")
        except InputError as error:
            raise FormatError(path, error.message, line=number, fix=error.fix) from error
        questions.append(question)
    return questions


def _labelled_texts(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, row in table(path):
        others = [column for column in row if column != "label"]
        text = "text" if len(others) != 1 else others[0]
        if text not in row or "label" not in row:
            raise FormatError(
                path,
                f"its columns are {shown(tuple(row))}",
                line=1,
                fix="Name columns text and label in its first line.",
            )
        sample: dict[str, Any] = {**row, "task": "emotion", "text": row[text].strip(), "label": row["label"].strip()}
        if text != "text":
            del sample[text]
        yield number, {key: value for key, value in sample.items() if value or key == "text"}


@dataclass(frozen=True, slots=True)
class _Defaults:
    """Label sets for lines that name none."""

    emotion: tuple[str, ...]
    entailment: tuple[str, ...]
    multi_label: bool

    @classmethod
    def of(cls, path: Path, rows: Iterable[Mapping[str, Any]]) -> _Defaults:
        labels: set[str] = set()
        two_way = multi_label = False
        for row in rows:
            task, several = row.get("task"), row.get("labels")
            two_way |= task == "entailment" and row.get("label") == TWO_WAY[1]
            if task != "emotion" or row.get("options") is not None:
                continue
            multi_label |= several is not None
            named = [row.get("label"), *(several if isinstance(several, list) else ())]
            labels.update(label for label in named if isinstance(label, str))
        if labels and not LIMITS.min_options <= len(labels) <= LIMITS.max_options:
            raise FormatError(
                path,
                f"its lines name {len(labels)} different label{'s' * (len(labels) > 1)}; "
                f"{LIMITS.min_options} to {LIMITS.max_options} are allowed",
                fix='Where they are not all, give "options": the whole label set, in each line.',
            )
        return cls(tuple(sorted(labels)), TWO_WAY if two_way else THREE_WAY, multi_label)


def _question(row: Mapping[str, Any], defaults: _Defaults, name: str) -> Question:
    """A question from the keys of one line; ranges are left to :func:`validate`."""
    task = row.get("task")
    if task not in get_args(Task):
        raise InputError(
            f"task is {'missing' if task is None else shown(task)}", fix=f"Give one of {', '.join(get_args(Task))}."
        )
    task = cast(Task, task)
    given = {key: value for key, value in row.items() if key in KEYS[task] and value is not None}
    options = _options(given, task, defaults)
    several = "labels" in given or ("options" not in given and defaults.multi_label)
    multi_label = task == "emotion" and given.get("multi_label", several)
    answer, answers = _answers(given, task, options, multi_label=multi_label)
    identity = given.get("id", name)
    return Question(
        text=cast(str, given.get(TEXT_KEY[task])),
        options=options,
        task=task,
        hypothesis=given.get("hypothesis"),
        context=given.get("context"),
        answer=answer,
        answers=answers,
        gold=tuple(_list(given, "answers")) if task == "open" else (),
        multi_label=multi_label,
        vad=cast(Any, tuple(_list(given, "vad"))) if "vad" in given else None,
        intensity=given.get("intensity"),
        facts=tuple(_fact(fact) for fact in _list(given, "facts")),
        language=given.get("language", "en"),
        id=str(identity) if isinstance(identity, int) and not isinstance(identity, bool) else identity,
        extra={key: value for key, value in row.items() if key not in KEYS[task]},
    )


def _list(given: Mapping[str, Any], key: str) -> list[Any]:
    value = given.get(key, [])
    if not isinstance(value, list):
        raise InputError(f"{key} is of type {type(value).__name__}", fix="Give a list.")
    return value


def _fact(value: object) -> Triple:
    return cast(Triple, tuple(value) if isinstance(value, list) else value)


def _options(given: Mapping[str, Any], task: Task, defaults: _Defaults) -> tuple[str, ...]:
    if "options" in given or task in ("choice", "open"):
        return tuple(_list(given, "options"))
    if task == "entailment":
        return defaults.entailment
    return defaults.emotion


def _answers(
    given: Mapping[str, Any], task: Task, options: tuple[str, ...], *, multi_label: bool
) -> tuple[int | None, tuple[int, ...] | None]:
    """The right option, or the right options of a multi-label sample; None where nothing is said."""
    if task == "choice":
        answer = given.get("answer")
        return (_index("answer", answer, options) if isinstance(answer, str) else answer), None
    if "label" in given and "labels" in given:
        raise InputError("both label and labels are given", fix="Give one of them.")
    if multi_label:
        if "labels" not in given and "label" not in given:
            return None, None
        labels = _list(given, "labels") if "labels" in given else [given["label"]]
        return None, tuple(_index("labels", label, options) for label in labels)
    if "labels" in given:
        raise InputError("labels is given where multi_label is false", fix="Give label.")
    return (_index("label", given["label"], options) if "label" in given else None), None


def _index(key: str, label: object, options: tuple[str, ...]) -> int:
    if not isinstance(label, str):
        raise InputError(f"{key}: {shown(label)} is of type {type(label).__name__}", fix="Give the label as text.")
    if (count := options.count(label)) == 1:
        return options.index(label)
    if count:
        raise InputError(f"{key} {shown(label)} is more than one of the options", fix="Give its index.")
    raise InputError(f"{key} {shown(label)} is not allowed", fix=f"Allowed are: {shown(options)}.")


def write_samples(path: str | Path, questions: Iterable[Question]) -> None:
    """Writes questions as JSON lines, so that :func:`read_samples` gives equal ones.

    Args:
        path: the file, gzip-compressed if its name ends in ``.gz``; it appears whole or not at all.
        questions: what to write; each is checked.

    Raises:
        InputError: a question that may not be, or holds what JSON cannot say.
        StorageError: the file cannot be written.
    """
    path = Path(path)
    data = b"".join(_line(validate(question)) for question in questions)
    write_bytes(path, gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)


def _line(question: Question) -> bytes:
    try:
        return json.dumps(_sample(question), ensure_ascii=False, allow_nan=False).encode() + b"\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"sample {shown(question.id)} cannot be written ({error})", fix="Keep in extra only what JSON knows."
        ) from error


def _sample(question: Question) -> dict[str, Any]:
    """The keys of one line; what is unknown or the default is left out."""
    task, options = question.task, question.options
    right: Sequence[int] | None = question.answers
    sample: dict[str, Any] = {
        "id": question.id or None,
        "task": task,
        TEXT_KEY[task]: question.text,
        "hypothesis": question.hypothesis,
        "options": options or None,
        "context": question.context,
        "vad": question.vad,
        "intensity": question.intensity,
        "facts": question.facts or None,
        "language": question.language if question.language != "en" else None,
        "answers": question.gold or None,
        "labels": None if right is None else [options[index] for index in right],
        "multi_label": True if question.multi_label and right is None else None,
        **question.extra,
    }
    if question.answer is not None:
        sample |= {"answer": question.answer} if task == "choice" else {"label": options[question.answer]}
    return {key: value for key, value in sample.items() if value is not None}
