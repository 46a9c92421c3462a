"""Needles: the same for a seed, one sentence answers, words held out."""

import tomllib
from collections.abc import Sequence
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kg_data
from kgreason.errors import InputError
from kgreason.records import Question
from kgreason.tasks import validate
from kgreason.tasks.needles import needles

FILLER = ("It rained.", "The bus was late again.", "Nobody came.")


def answer(question: Question) -> str:
    assert question.answer is not None
    return question.options[question.answer]


@given(st.integers(0, 10**6), st.integers(0, 200), st.booleans())
def test_one_sentence_answers_and_a_seed_tells_all(seed, words, held_out):
    (question,) = needles(1, FILLER, words=words, seed=seed, held_out=held_out)
    assert [question] == list(needles(1, FILLER, words=words, seed=seed, held_out=held_out))
    assert len(set(validate(question).options)) == 5
    context = question.context or ""
    sentence, start = cast(str, question.extra["sentence"]), cast(int, question.extra["start"])
    assert context[start : start + len(sentence)] == sentence
    assert answer(question) in sentence
    assert len(context.split()) >= words
    assert words or context == sentence


def test_decoys_answer_other_questions():
    for question in needles(53, FILLER, words=30, seed=1):
        assert (question.context or "").count(answer(question)) == 1


def test_words_and_kinds_of_facts_are_held_out_of_training():
    lists: dict[str, Sequence[str]] = tomllib.loads(kg_data.path("needles.toml").read_text(encoding="utf-8"))["words"]
    kept, held_out = (
        {option for q in needles(211, FILLER, words=0, held_out=part) for option in q.options} - set(lists["day"])
        for part in (False, True)
    )
    assert not kept & held_out
    assert kept | held_out >= set(lists["animal"][-3:]) | set(lists["job"][:9])
    kinds = [{q.extra["kind"] for q in needles(97, FILLER, words=0, held_out=part)} for part in (False, True)]
    assert not kinds[0] & kinds[1]


def test_without_sentences_there_is_no_text():
    with pytest.raises(InputError, match="no sentences"):
        next(needles(1, ()))
