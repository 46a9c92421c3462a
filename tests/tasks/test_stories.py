"""Stories: the same for a seed, valid, and wordings held out."""

from itertools import pairwise
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import InputError
from kgreason.records import Question
from kgreason.tasks import read_samples, validate, write_samples
from kgreason.tasks.stories import KIN, stories


def stated(question: Question) -> list[list[str]]:
    return cast(list[list[str]], question.extra["stated"])


KINDS = st.sampled_from(["family", "kinds", "order"])


@given(KINDS, st.integers(0, 10**6), st.integers(2, 7), st.booleans())
def test_valid_and_the_same_for_a_seed(kind, seed, steps, held_out):
    drawn = list(stories(kind, 2, steps=steps, seed=seed, held_out=held_out))
    assert drawn == list(stories(kind, 2, steps=steps, seed=seed, held_out=held_out))
    for question in drawn:
        assert validate(question).extra["steps"] == steps
        assert len(stated(question)) >= steps


@pytest.mark.parametrize("kind", ["family", "kinds", "order"])
def test_both_answers_are_drawn_and_files_keep_them(kind, tmp_path):
    drawn = list(stories(kind, 31, steps=range(2, 5)))
    assert len({question.answer for question in drawn}) > 1
    write_samples(tmp_path / "stories.jsonl", drawn)
    assert read_samples(tmp_path / "stories.jsonl") == drawn


def test_chains_of_a_family_lead_from_the_one_asked_about_to_the_other():
    for question in stories("family", 13, steps=[2, 5, 10]):
        near = stated(question)[: cast(int, question.extra["steps"])]
        first, last = near[0][2], near[-1][0]
        assert question.text == f"How is {last} related to {first}?"
        assert all(one[0] == other[2] for one, other in pairwise(near))


def test_every_kin_word_is_an_option():
    question = next(stories("family", 1))
    assert set(question.options) == {word for words in KIN.values() for word in words}


@pytest.mark.parametrize(("kind", "steps"), [("family", 1), ("order", 11), ("kinds", []), ("novel", 3)])
def test_what_cannot_be_told_is_refused(kind, steps):
    with pytest.raises(InputError):
        next(stories(kind, 1, steps=steps))
