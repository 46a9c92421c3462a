"""Kinds, their properties, and rules about them."""

import pytest

from kgreason.grounding.rules import Rule
from kgreason.grounding.stated import Reader

READER = Reader.load()


@pytest.mark.parametrize(
    ("text", "triple"),
    [
        ("Every cat is an animal.", ("cat", "IsA", "animal")),
        ("Cats are animals.", ("cat", "IsA", "animal")),
        ("All cats are animals.", ("cat", "IsA", "animal")),
        ("A cat is not a dog.", ("cat", "NotIsA", "dog")),
        ("Jompuses are not shy.", ("jompus", "NotHasProperty", "shy")),
        ("Max is not a yumpus.", ("Max", "NotIsA", "yumpus")),
        ("The cat is red.", ("cat", "HasProperty", "red")),
    ],
)
def test_edges(text, triple):
    assert [stated.triple for stated in READER.read(text).edges] == [triple]


@pytest.mark.parametrize("text", ["The cat is sleeping.", "The cat is tired.", "It is red.", "The cat is here."])
def test_what_is_no_property(text):
    assert READER.read(text).edges == ()


def test_rules():
    rules = READER.read(
        "If something is kind and rough then it is not red. Red, cold things are round. "
        "If Dave is smart and Dave is kind then Dave is quiet. If it rains then Dave is wet."
    ).rules
    assert rules == (
        Rule.of(["x is kind", "x is rough"], "x NotHasProperty red"),
        Rule.of(["x is red", "x is cold"], "x is round"),
        Rule.of(["Dave is smart", "Dave is kind"], "Dave is quiet"),
    )
