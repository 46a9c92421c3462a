from __future__ import annotations

import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.grounding.match import split_texts
from kgreason.grounding.unknown import respelt, runs, strange_spans
from kgreason.language import language
from kgreason.records import Question

GRAPH = KnowledgeGraph.from_triples(
    [
        ("penguin", "AtLocation", "zoo"),
        ("ice cream", "IsA", "food"),
        ("ice", "IsA", "thing"),
        ("automobile", "IsA", "vehicle"),
        ("revolve door", "IsA", "door"),
        ("route 66", "IsA", "road"),
    ]
)
ENGLISH = language("en")


class Near:
    """Knows by heart what texts mean."""

    def __init__(self, **known):
        self.known = known
        self.asked = []

    def nearest(self, texts, limit):
        self.asked += texts
        return [[(GRAPH.find(key), 0.8) for key in self.known.get(text, ())][:limit] for text in texts]


def linked(question, option=-1, **known):
    grounding = Grounder(GRAPH, index=Near(**known)).ground(question)
    return [(m.surface, m.by, [(c.key, round(c.prior, 3)) for c in m.candidates]) for m in grounding.of(option)]


def neighbours(text):
    """All texts one letter away, by the definition."""
    letters = string.ascii_lowercase + " "
    changes = {i for i in range(len(text)) if text[i].isascii() and not text[i].isdigit()}
    found = {text[:i] + text[i + 1 :] for i in changes}
    found |= {text[:i] + text[i + 1] + text[i] + text[i + 2 :] for i in changes if i + 1 in changes}
    found |= {text[:i] + letter + text[i + 1 :] for i in changes for letter in letters}
    return found | {text[:i] + letter + text[i:] for i in range(len(text) + 1) for letter in letters}


@given(
    st.lists(st.text("abé1", min_size=4, max_size=7), min_size=1, max_size=31, unique=True),
    st.text("abé1", min_size=5, max_size=6),
)
def test_every_form_one_letter_away_is_found_and_no_other(stored, word):
    graph = KnowledgeGraph.from_triples([(form, "IsA", "zzzzzzzzzz") for form in stored])
    found = respelt(graph.surfaces, split_texts([word], ENGLISH)[0], 0, 1, ENGLISH.letters)
    assert {graph.surfaces.form(index) for index in found} == neighbours(word) & set(stored)


def test_misspelt_words_are_linked_by_spelling():
    assert linked(Question("Do pengiuns eat food?")) == [
        ("pengiuns", "spelling", [("penguin", 0.5)]),
        ("food", "form", [("food", 1.0)]),
    ]
    assert linked(Question("We ate ice craem.")) == [
        ("ice craem", "spelling", [("ice cream", 0.5)]),
        ("ice", "form", [("ice", 1.0)]),
    ]
    assert linked(Question("a revolving dor")) == [("revolving dor", "spelling", [("revolve door", 0.5)])]


def test_short_words_and_other_numbers_are_left_alone():
    assert linked(Question("a zoi")) == []
    assert linked(Question("route 67")) == []


def test_other_words_are_linked_by_meaning_all_at_once():
    near = {"motorcar": ["automobile"], "frozen dessert": ["ice", "ice cream"]}
    question = Question("Is a motorcar here?", ("frozen dessert", "penguin", "motorcar"))
    assert linked(question, **near) == [("motorcar", "meaning", [("automobile", 0.4)])]
    assert [each[1:] for each in linked(question, 0, **near)] == [("meaning", [("ice", 0.4), ("ice cream", 0.4)])]
    assert linked(question, 1, **near) == [("penguin", "form", [("penguin", 1.0)])]
    index = Near(**near)
    Grounder(GRAPH, index=index).ground(question)
    assert index.asked == ["motorcar", "frozen dessert", "motorcar"]


def test_a_part_that_has_a_name_is_not_the_meaning_of_the_whole():
    question = Question("?", ("cold ice",))
    assert linked(question, 0, **{"cold ice": ["ice", "ice cream"]}) == [
        ("cold ice", "meaning", [("ice cream", 0.4)]),
        ("ice", "form", [("ice", 0.6)]),
    ]


def test_an_option_misspelt_as_a_whole_has_no_parts():
    assert linked(Question("?", ("the ice craem",)), 0) == [("ice craem", "spelling", [("ice cream", 0.5)])]


def test_without_an_index_nothing_is_guessed():
    question = Question("Do pengiuns drive a motorcar?", ("ice craem", "food"))
    assert all(mention.by == "form" for mention in Grounder(GRAPH).ground(question).mentions)


@given(st.text(max_size=40), st.lists(st.text(max_size=20), max_size=2))
def test_an_index_only_adds_to_what_forms_found(text, options):
    question = Question(text, tuple(options))
    plain = Grounder(GRAPH).ground(question).mentions
    more = Grounder(GRAPH, index=Near()).ground(question).mentions
    respelled = {mention.option for mention in more if mention.by == "spelling"}
    assert [m for m in more if m.by == "form"] == [m for m in plain if m in more]
    assert all(mention in more for mention in plain if mention.option not in respelled - {-1})


def test_spans_with_a_strange_word_and_runs_of_them():
    words = split_texts(["red zorb of quux, blue"], ENGLISH)[0]
    strange = np.array([False, True, False, True, False])
    assert list(strange_spans(words, strange)) == [(1, 4), (0, 2), (1, 2), (3, 4)]
    assert runs(words, strange) == [(1, 2), (3, 4)]
    assert runs(split_texts(["zorb quux. blip"], ENGLISH)[0], np.ones(3, np.bool_)) == [(0, 2), (2, 3)]


def test_a_reasoner_without_a_graph_takes_no_index(tiny_base):
    from kgreason.engine import Reasoner
    from tests.models import tiny_model

    with pytest.raises(InputError, match="an index was given"):
        Reasoner(tiny_model(tiny_base), None, index=Near())
