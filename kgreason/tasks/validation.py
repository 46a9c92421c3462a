"""What a question may be: types, sizes and ranges, checked once for files and Python callers alike."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Mapping
from typing import get_args

from kgreason.config import LIMITS
from kgreason.errors import InputError, LimitError
from kgreason.records import Edge, Proof, Question, Task
from kgreason.tasks.entailment import THREE_WAY, TWO_WAY

__all__ = ["KEYS", "TEXT_KEY", "shown", "validate"]

#: What the text of a question is called in a sample of each task.
TEXT_KEY: Mapping[str, str] = {"choice": "question", "open": "question", "entailment": "premise", "emotion": "text"}

_ANY = ("id", "task", "language", "facts", "context")

#: Keys of a sample of each task; any other is carried along in ``Question.extra``.
KEYS: Mapping[str, frozenset[str]] = {
    "choice": frozenset((*_ANY, "question", "options", "answer")),
    "open": frozenset((*_ANY, "question", "answers")),
    "entailment": frozenset((*_ANY, "premise", "hypothesis", "label", "options")),
    "emotion": frozenset((*_ANY, "text", "label", "labels", "vad", "intensity", "options", "multi_label")),
}

_shortened = reprlib.Repr()
_shortened.maxstring = _shortened.maxother = 80
_shortened.maxtuple = LIMITS.max_options


def shown(value: object) -> str:
    """A value as it stands in an error: as Python writes it, long ones shortened."""
    return _shortened.repr(value)


_LANGUAGE = re.compile(r"[a-z]{2,3}")


def validate(question: Question) -> Question:
    """Checks a question from a file or a caller.

    Args:
        question: any question.

    Returns:
        The same question.

    Raises:
        LimitError: a text is too long, or there are too few or too many options.
        InputError: a wrong type, an empty text, an index or a number out of its range, or a field of another task.

    Example:
        >>> validate(Question("Where do penguins live?", options=("zoo", "oven"), answer=0)).answer
        0
    """
    if question.task not in get_args(Task):
        raise InputError(f"task is {shown(question.task)}", fix=f"Give one of {', '.join(get_args(Task))}.")
    _check_texts(question)
    _check_options(question)
    _check_answer(question)
    _check_affect(question)
    _check_facts(question)
    _check_derived(question)
    if not isinstance(question.language, str) or not _LANGUAGE.fullmatch(question.language):
        raise InputError(
            f"language is {shown(question.language)}", fix='Give a primary language tag such as "en" or "zh".'
        )
    if question.id != "":
        _check_text("id", question.id, LIMITS.option_bytes)
    if not isinstance(question.extra, Mapping) or not all(isinstance(key, str) for key in question.extra):
        raise InputError("extra is not a mapping from text", fix="Give a dict whose keys are texts.")
    if taken := sorted(KEYS[question.task] & question.extra.keys()):
        raise InputError(f"extra names {shown(taken[0])}, a key of the sample itself", fix="Choose another key.")
    return question


def _check_derived(question: Question) -> None:
    for name, kind in (("edges", Edge), ("proofs", Proof)):
        values = getattr(question, name)
        if not isinstance(values, tuple) or not all(isinstance(value, kind) for value in values):
            raise InputError(f"{name} is {shown(values)}", fix=f"Leave {name} out: they are read from the texts.")


def _kind(value: object) -> str:
    return "missing" if value is None else f"of type {type(value).__name__}"


def _check_text(name: str, value: object, limit: int, fix: str = "Shorten it.") -> None:
    if not isinstance(value, str):
        raise InputError(f"{name} is {_kind(value)}", fix="Give it as text.")
    if not value.strip():
        raise InputError(f"{name} is empty", fix="Give a text of at least one character.")
    try:
        size = len(value.encode())
    except UnicodeEncodeError as error:
        raise InputError(
            f"{name} holds half a surrogate pair at character {error.start}", fix="Decode the text as UTF-8 or UTF-16."
        ) from error
    if size > limit:
        raise LimitError(f"{name} has {size:,} bytes; {limit:,} are allowed", fix=fix)


def _check_texts(question: Question) -> None:
    _check_text(TEXT_KEY[question.task], question.text, LIMITS.question_bytes, "Give long text as context.")
    if question.context is not None:
        _check_text("context", question.context, LIMITS.context_bytes)
    if question.task == "entailment":
        _check_text("hypothesis", question.hypothesis, LIMITS.question_bytes)
    elif question.hypothesis is not None:
        raise InputError(f"hypothesis is given for task {question.task!r}", fix='Use task "entailment".')


def _check_options(question: Question) -> None:
    options, task = question.options, question.task
    if not isinstance(options, tuple):
        raise InputError(f"options is {_kind(options)}", fix="Give a list of texts.")
    if task == "open":
        if options:
            raise InputError("options are given for an open question", fix='Use task "choice", or leave them out.')
        return
    if not options and task == "emotion":
        return
    if not LIMITS.min_options <= len(options) <= LIMITS.max_options:
        counted = "1 entry" if len(options) == 1 else f"{len(options)} entries"
        raise LimitError(f"options has {counted}", fix=f"Give {LIMITS.min_options} to {LIMITS.max_options} options.")
    for index, option in enumerate(options):
        _check_text(f"option {index}", option, LIMITS.option_bytes)
    if task != "choice" and len(set(options)) < len(options):
        raise InputError(f"options names {shown(_repeated(options))} twice", fix="Name each label once.")
    if task == "entailment" and (other := sorted(set(options) - {*THREE_WAY, *TWO_WAY})):
        raise InputError(f"options names {shown(other[0])}", fix=f"Labels are {', '.join((*THREE_WAY, TWO_WAY[1]))}.")


def _repeated(values: tuple[object, ...]) -> object:
    return next(value for value in values if values.count(value) > 1)


def _check_index(name: str, value: object, options: tuple[str, ...]) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{name} is {_kind(value)}", fix="Give the index of an option, from 0.")
    if not 0 <= value < len(options):
        allowed = f"Give 0 to {len(options) - 1}." if options else "Give options."
        raise InputError(f"{name} is {shown(value)}, but there are {len(options)} options", fix=allowed)


def _check_answer(question: Question) -> None:
    if not isinstance(question.multi_label, bool):
        raise InputError(f"multi_label is {_kind(question.multi_label)}", fix="Give true or false.")
    if question.multi_label and question.task != "emotion":
        raise InputError(f"multi_label is set for task {question.task!r}", fix='Use task "emotion".')
    if question.answer is not None:
        if question.multi_label:
            raise InputError("answer is given for a question with several answers", fix="Give answers instead.")
        _check_index("answer", question.answer, question.options)
    if question.answers is not None:
        if not question.multi_label:
            raise InputError("answers is given for a question with one answer", fix="Set multi_label, or give answer.")
        if not isinstance(question.answers, tuple):
            raise InputError(f"answers is {_kind(question.answers)}", fix="Give a list of indices.")
        if not question.options:
            raise InputError("answers is given, but no options", fix="Give the label set as options.")
        for index in question.answers:
            _check_index("an entry of answers", index, question.options)
        if len(set(question.answers)) < len(question.answers):
            raise InputError(f"answers names {_repeated(question.answers)} twice", fix="Name each option once.")
    if not isinstance(question.gold, tuple):
        raise InputError(f"answers is {_kind(question.gold)}", fix="Give a list of labels or keys.")
    if question.gold and question.task != "open":
        raise InputError(f"gold is given for task {question.task!r}", fix='Use task "open", or give answer.')
    for index, label in enumerate(question.gold):
        _check_text(f"entry {index} of answers", label, LIMITS.option_bytes)


def _check_unit(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{name} is {_kind(value)}", fix="Give a number from 0 to 1.")
    if not 0 <= value <= 1:
        raise InputError(f"{name} is {shown(value)}", fix="Give a number from 0 to 1.")


def _check_affect(question: Question) -> None:
    for name, given in (("vad", question.vad), ("intensity", question.intensity)):
        if given is not None and question.task != "emotion":
            raise InputError(f"{name} is given for task {question.task!r}", fix='Use task "emotion", or leave it out.')
    if question.vad is not None:
        if not isinstance(question.vad, tuple) or len(question.vad) != 3:
            raise InputError("vad is not a list of three numbers", fix="Give valence, arousal and dominance.")
        for name, value in zip(("valence", "arousal", "dominance"), question.vad, strict=True):
            _check_unit(f"vad: {name}", value)
    if question.intensity is not None:
        _check_unit("intensity", question.intensity)


def _check_facts(question: Question) -> None:
    if not isinstance(question.facts, tuple):
        raise InputError(f"facts is {_kind(question.facts)}", fix="Give a list of [source, relation, target].")
    for index, fact in enumerate(question.facts):
        if not isinstance(fact, tuple) or len(fact) != 3:
            raise InputError(f"fact {index} is not a triple", fix="Give [source, relation, target].")
        for part, value in zip(("source", "relation", "target"), fact, strict=True):
            _check_text(f"fact {index}: {part}", value, LIMITS.option_bytes)
