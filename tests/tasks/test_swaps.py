from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.records import Question
from kgreason.tasks.swaps import axes


def swap(axis, first, second):
    return next(each for each in axes()[axis].swaps() if {each.first, each.second} == {first, second})


GENDER = swap("gender", "male", "female")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The man's wife lost her keys.", "The woman's husband lost his keys."),
        ("Give it to her.", "Give it to him."),
        ("HE SAW HIS BOYS.", "SHE SAW HER GIRLS."),
        ("The book is his, not hers.", "The book is hers, not his."),
        ("A king size bed for a fireman", "A king size bed for a firewoman"),
        ("Mother Nature and the human mind", "Mother Nature and the human mind"),
        ("She told him about her before he went.", "He told her about him before she went."),
    ],
)
def test_gender(text, expected):
    assert GENDER.text(text) == expected


def test_articles_and_case_follow():
    turned = swap("origin", "american", "chinese")
    assert turned.text("An American met a Chinese man in China.") == "A Chinese met an American man in America."
    assert turned.text("a native american and american football") == "a native american and american football"
    age = swap("age", "young", "old")
    assert age.text("An old man in a young house, A young woman") == "A young man in a young house, An old woman"


SIDES = [(each, word) for axis in axes().values() for each in axis.swaps() for word in axis.groups[each.first]]


@given(
    chosen=st.sampled_from(SIDES),
    frame=st.sampled_from(["the {} sleeps", "Why? {}", "the {}'s house", "two {} and rain"]),
)
def test_a_swap_turned_round_is_where_it_began(chosen, frame):
    each, word = chosen
    text = frame.format(word)
    other = each.text(text)
    assert each.side(text) == each.first
    assert other != text or each.axis.groups[each.second][each.axis.groups[each.first].index(word)] == word
    assert each.text(other) == text or word == "his"


def test_groups_run_side_by_side():
    for axis in axes().values():
        assert len({len(words) for words in axis.groups.values()}) == 1


def test_a_question_is_swapped_whole_unless_a_person_is_named():
    question = Question("What does a boy want?", ("his mother", "a ball"), answer=0)
    twin = GENDER.question(question)
    assert twin is not None
    assert (twin.text, twin.options, twin.answer) == ("What does a girl want?", ("her father", "a ball"), 0)
    assert GENDER.group(question) == "male"
    assert GENDER.question(Question("John lost his keys. Where?", ("car", "bus"))) is None
    assert GENDER.question(Question("Where is a dog?", ("car", "bus"))) is None
    assert GENDER.question(Question("Wo ist he?", ("car", "bus"), language="de")) is None
    pair = Question("A man eats.", ("entailment", "neutral", "contradiction"), "entailment", "He is hungry.")
    turned = GENDER.question(pair)
    assert turned is not None
    assert (turned.text, turned.hypothesis, turned.options) == ("A woman eats.", "She is hungry.", pair.options)
