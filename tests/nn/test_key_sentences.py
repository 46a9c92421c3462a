"""The sentences that a context was read for."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from kgreason.nn.key_sentences import key_sentences
from kgreason.nn.model import ReasoningModel
from kgreason.records import KeySentence, Question
from tests.formula import CHOICES, LONG, MOOD, PAIR, close, make, scores


def read(model: ReasoningModel, question: Question, limit: int = 3) -> tuple[KeySentence, ...]:
    with torch.inference_mode():
        weight = model.eval()(model.collator()([(question, None)])).sentence
    return key_sentences(model, question, weight, limit)


def test_sentences_are_ranked_and_stand_where_they_say(tiny_base):
    model = make(tiny_base)
    found = read(model, LONG, limit=99)
    assert LONG.context is not None
    assert all(LONG.context[each.start :].startswith(each.text) for each in found)
    weights = [each.weight for each in found]
    assert weights == sorted(weights, reverse=True)
    assert abs(sum(weights) - 1) < 1e-6
    assert read(model, LONG, limit=1) == found[:1]


def test_the_order_of_sentences_changes_no_weight(tiny_base):
    model = make(tiny_base)
    one, two = "The penguin lives at the pole.", "It rained all day."
    first, second = (read(model, replace(LONG, context=text)) for text in (f"{one} {two}", f"{two} {one}"))
    assert {each.text: round(each.weight, 5) for each in first} == {each.text: round(each.weight, 5) for each in second}
    assert {each.text for each in first} == {one, two}


def test_a_single_sentence_is_all_that_was_read(tiny_base):
    (only,) = read(make(tiny_base), replace(LONG, context="  Where is it? "))
    assert (only.text, only.start, only.weight) == ("Where is it?", 2, 1.0)


def test_without_a_context_there_are_none(tiny_base):
    assert read(make(tiny_base), replace(LONG, context=None)) == ()


@pytest.mark.parametrize(("reading", "question"), [("separate", PAIR), ("separate", MOOD), ("joint", CHOICES[0])])
def test_a_context_that_nothing_reads_changes_nothing_and_names_nothing(tiny_base, reading, question):
    model = make(tiny_base, reading=reading)
    told = replace(question, context="It rained. The penguin lives at the pole.")
    close(scores(model, [(told, None)]).logits, scores(model, [(question, None)]).logits)
    assert read(model, told) == ()
