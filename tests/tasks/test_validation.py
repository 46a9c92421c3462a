from __future__ import annotations

import dataclasses
import types

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import InputError, LimitError
from kgreason.records import Question
from kgreason.tasks import validate
from kgreason.tasks.validation import KEYS, shown
from tests.tasks.strategies import questions

CHOICE = Question("Where do penguins live?", options=("zoo", "oven"))
EMOTION = Question("What a day!", options=("joy", "fear"), task="emotion")
ENTAILMENT = Question("A bird sings.", ("entailment", "not_entailment"), "entailment", "An animal sings.")


@given(question=questions())
def test_what_may_be_passes_unchanged(question):
    assert validate(question) is question


@given(question=questions(), field=st.sampled_from([f.name for f in dataclasses.fields(Question)]))
def test_a_field_of_no_sense_is_refused(question, field):
    with pytest.raises(InputError):
        validate(dataclasses.replace(question, **{field: object()}))


@pytest.mark.parametrize(
    ("question", "changes", "what"),
    [
        (CHOICE, {"text": b"bytes"}, "question is of type bytes"),
        (CHOICE, {"options": ["zoo", "oven"]}, "options is of type list"),
        (CHOICE, {"hypothesis": "x"}, "hypothesis is given for task 'choice'"),
        (CHOICE, {"answer": np.int64(1)}, "answer is of type int64"),
        (CHOICE, {"answers": (1,)}, "answers is given for a question with one answer"),
        (CHOICE, {"multi_label": True}, "multi_label is set for task 'choice'"),
        (CHOICE, {"gold": ("zoo",)}, "gold is given for task 'choice'"),
        (CHOICE, {"gold": ["zoo"]}, "answers is of type list"),
        (CHOICE, {"vad": (0, 0, 0)}, "vad is given for task 'choice'"),
        (CHOICE, {"intensity": 0.5}, "intensity is given for task 'choice'"),
        (CHOICE, {"facts": [("a", "r", "b")]}, "facts is of type list"),
        (CHOICE, {"facts": (["a", "r", "b"],)}, "fact 0 is not a triple"),
        (CHOICE, {"id": 7}, "id is of type int"),
        (CHOICE, {"id": "\ud83d"}, "id holds half a surrogate pair"),
        (CHOICE, {"extra": [("a", 1)]}, "extra is not a mapping"),
        (CHOICE, {"extra": {1: "a"}}, "extra is not a mapping from text"),
        (CHOICE, {"extra": {"answer": 1}}, "extra names 'answer'"),
        (CHOICE, {"task": "open"}, "options are given for an open question"),
        (EMOTION, {"answer": 0, "multi_label": True}, "answer is given for a question with several"),
        (EMOTION, {"answers": [0], "multi_label": True}, "answers is of type list"),
        (EMOTION, {"answers": (2,), "multi_label": True}, "an entry of answers is 2"),
        (EMOTION, {"answers": (), "multi_label": True, "options": ()}, "answers is given, but no options"),
        (EMOTION, {"answer": 0, "options": ()}, "answer is 0, but there are 0 options. Give options"),
        (EMOTION, {"vad": [0, 0, 0]}, "vad is not a list of three"),
        (EMOTION, {"vad": (0, float("nan"), 0)}, "arousal is nan"),
        (ENTAILMENT, {"hypothesis": None}, "hypothesis is missing"),
        (ENTAILMENT, {"options": ()}, "options has 0 entries"),
    ],
)
def test_wrong_fields_are_named(question, changes, what):
    with pytest.raises(InputError, match=what) as caught:
        validate(dataclasses.replace(question, **changes))
    assert caught.value.fix


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "x" * 8193},
        {"context": "x" * (16 * 1024**2 + 1)},
        {"options": ("zoo",)},
        {"options": tuple(map(str, range(65)))},
        {"options": ("zoo", "x" * 100_000)},
    ],
)
def test_sizes_have_their_own_error(changes):
    with pytest.raises(LimitError):
        validate(dataclasses.replace(CHOICE, **changes))


def test_the_limits_themselves_are_allowed():
    validate(dataclasses.replace(CHOICE, text="字" * 2730 + "xx", options=tuple(map(str, range(64)))))


def test_options_of_a_choice_may_repeat():
    validate(dataclasses.replace(CHOICE, options=("zoo", "zoo"), answer=1))  # as they do in CommonsenseQA


def test_extra_may_be_read_only():
    validate(dataclasses.replace(CHOICE, extra=types.MappingProxyType({"a": 1})))


def test_errors_show_no_more_than_the_beginning_of_a_value():
    assert shown("x" * 10_000).endswith("'")
    assert len(shown("x" * 10_000)) <= 80
    with pytest.raises(InputError) as caught:
        validate(dataclasses.replace(CHOICE, language="x" * 10_000))
    assert len(str(caught.value)) < 200


def test_every_task_has_its_keys():
    assert all("task" in keys and "id" in keys for keys in KEYS.values())
    assert {"vad", "label"} <= KEYS["emotion"]
