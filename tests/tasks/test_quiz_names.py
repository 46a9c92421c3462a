from __future__ import annotations

from random import Random

import pytest

import kg_data
from kgreason.graph import KnowledgeGraph
from kgreason.tasks.quiz_facts import Draft, Facts
from kgreason.tasks.quiz_names import MOST_WORDS, Pseudonyms, other_names, phrase_names, regular_verbs, with_names
from kgreason.tasks.wordings import Clue, Noun, Verb, Wordings

RELATIONS = ("IsA", "Synonym", "birthPlace")


def test_names_are_fresh_words():
    names = Pseudonyms(KnowledgeGraph.from_triples([("a", "IsA", "b")]), Random(3))
    given = [names.new() for _ in range(2003)]
    assert len(set(given)) == len(given)
    vocabulary = set(kg_data.path("tokens/vocabulary.txt").read_text().split())
    assert not vocabulary & set(given)
    assert all(name.isalpha() and name.islower() and 4 <= len(name) <= 13 for name in given)


def test_a_name_is_no_concept_of_the_graph():
    free = Pseudonyms(KnowledgeGraph.from_triples([("a", "IsA", "b")]), Random(3))
    first, second = free.new(), free.new()
    taken = Pseudonyms(KnowledgeGraph.from_triples([(first, "IsA", "b")]), Random(3))
    assert taken.new() == second


def test_names_may_come_back_in_another_world():
    names = Pseudonyms(KnowledgeGraph.from_triples([("a", "IsA", "b")]), Random(5))
    names.new()
    assert names.given
    names.forget()
    assert not names.given


def test_names_are_borrowed_from_the_graph(tiny_graph):
    names = Pseudonyms(tiny_graph, Random(1))
    labels = {tiny_graph.label(node) for node in range(tiny_graph.num_nodes)}
    short = {label for label in labels if len(label.split()) <= MOST_WORDS and "?" not in label}
    borrowed = [names.borrowed() for _ in range(len(short))]
    assert len(set(borrowed)) == len(borrowed)
    assert set(borrowed[: len(short) // 2]) < short
    assert names.given == set(borrowed)


def test_a_graph_without_short_labels_lends_none():
    graph = KnowledgeGraph.from_triples([("a name of five words", "IsA", "another one of five words")])
    assert " " not in Pseudonyms(graph, Random(1)).borrowed()


@pytest.mark.parametrize("held_out", [False, True])
def test_other_names_of_relations(held_out, tiny_graph):
    random = Random(1)
    kinds = set()
    for _ in range(53):
        names, invented = other_names(RELATIONS, Pseudonyms(tiny_graph, random), random, held_out=held_out)
        kinds.add(invented)
        assert names.keys() == set(RELATIONS)
        assert len(set(names.values())) == len(RELATIONS)
        if not invented:
            assert names["IsA"] in Wordings.load().names("IsA", held_out=held_out)
            assert names["birthPlace"] == "birthPlace"
    assert kinds == {False, True}


def test_names_of_several_words(tiny_graph):
    names = Pseudonyms(tiny_graph, Random(1))
    given = phrase_names([f"r{i}" for i in range(53)], names)
    assert len(set(given.values())) == 53
    assert set(given.values()) <= names.given
    assert {len(name.split()) for name in given.values()} == {2, 3, 4}


def test_relations_without_other_names_get_invented_ones(tiny_graph):
    random = Random(1)
    for _ in range(11):
        names, invented = other_names(["birthPlace"], Pseudonyms(tiny_graph, random), random, held_out=False)
        assert invented
        assert names["birthPlace"] != "birthPlace"


def test_with_names():
    draft = Draft(Facts([("a", "IsA", "b")]), (Clue("b", ("~IsA",)),), ("a", "b"), "a", ("a", "b"))
    renamed = with_names(draft, {"IsA": "falls under"})
    assert isinstance(renamed.world, Facts)
    assert renamed.world.facts == (("a", "falls under", "b"),)
    assert renamed.clues == (Clue("b", ("~falls under",)),)


def test_regular_verbs_are_inflected_by_rule():
    verbs = {verb.base: verb for verb in regular_verbs()}
    assert {verbs[base].past for base in ("carry", "plan", "paint", "bake")} == {
        "carried",
        "planned",
        "painted",
        "baked",
    }
    assert [verbs[base].agent for base in ("carry", "conquer")] == ["carrier", "conqueror"]
    assert not verbs.keys() & Wordings.load().barred_verbs


def test_relations_are_asked_for_by_a_word_of_like_meaning():
    graph = KnowledgeGraph.from_triples([("mother", "IsA", "parent"), ("faith", "Synonym", "religion")])
    names = Pseudonyms(graph, Random(1))
    pairs = set()
    for _ in range(211):
        names.forget()
        pairs.add(names.relation())
    nouns = {(name, asked.phrase) for name, asked in pairs if isinstance(asked, Noun)}
    words = {("parent", "mother"), ("parents", "mother"), ("has parent", "parent"), ("religion", "faith")}
    assert words <= nouns
    assert not any(asked == "parent" and "mother" in name for name, asked in nouns)
    assert any(isinstance(asked, Verb) for _, asked in pairs)
