from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.language import language, lemmas, normal_form
from kgreason.language.english import _by_rule, _table

tokenize = language("en").tokenize


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A revolving door.", ["A", "revolving", "door"]),
        ("the dog's bed", ["the", "dog", "'s", "bed"]),
        ("the dogs’ beds", ["the", "dogs", "’", "beds"]),
        ("he isn't in", ["he", "isn't", "in"]),
        ("a T-shirt, size 3.5", ["a", "T", "shirt", "size", "3.5"]),
        ("1,000 dollars in the U.S.", ["1,000", "dollars", "in", "the", "U.S."]),
        ("say 'hello'", ["say", "hello"]),
        ("cafe\u0301 noir", ["cafe\u0301", "noir"]),
        ("snake_case", ["snake", "case"]),
        ("?!", []),
        ("", []),
    ],
)
def test_words(text, words):
    assert [token.text for token in tokenize(text)] == words


@given(st.text(alphabet=st.sampled_from("ab éS'’.-,1\u0301猫\n")))
def test_offsets_slice_back(text):
    tokens = tokenize(text)
    assert all(text[token.start : token.end] == token.text for token in tokens)
    assert all(a.end <= b.start for a, b in itertools.pairwise(tokens))


@given(st.text())
def test_every_letter_and_digit_is_in_a_word(text):
    covered = {i for token in tokenize(text) for i in range(token.start, token.end)}
    assert {i for i, sign in enumerate(text) if sign.isalnum()} <= covered


@pytest.mark.parametrize(
    ("word", "lemma"),
    [("doors", "door"), ("revolving", "revolve"), ("went", "go"), ("children", "child"), ("better", "good"),
     ("people", "person"), ("boxes", "box"), ("running", "run"), ("cities", "city")],
)  # fmt: skip
def test_inflections_are_undone(word, lemma):
    assert lemma in lemmas(word)


def test_an_unlisted_word_is_undone_by_rule():
    assert lemmas("zorblaxes") == ("zorblax", "zorblaxe")


@pytest.mark.parametrize("word", ["bus", "class", "this", "s", "ing", "3s", ""])
def test_rules_leave_words_that_only_look_inflected(word):
    assert _by_rule(word) == []


@given(st.text(alphabet="abdeginrsty", max_size=9))
def test_rules_give_words_that_are_not_empty(word):
    assert all(_by_rule(word))


def test_the_table_is_sorted_pairs_in_normal_form():
    table = _table()
    assert table == sorted(table)
    assert all(len(parts := line.split("\t")) == 2 and normal_form(line.replace("\t", " ")) == " ".join(parts)
               for line in table[::97])  # fmt: skip


def test_word_lists_do_not_overlap():
    english = language("en")
    lists = [english.stop_words, english.break_words, english.weak_words]
    assert sum(map(len, lists)) == len(frozenset().union(*lists))
    assert all(word == normal_form(word) for words in lists for word in words)
