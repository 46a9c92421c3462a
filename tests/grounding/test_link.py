from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.config import LIMITS, RetrievalConfig
from kgreason.errors import InputError, LimitError
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.grounding.link import HEAD_PART_PRIOR, PART_PRIOR
from kgreason.records import Question

GRAPH = KnowledgeGraph.from_triples(
    [
        ("revolve door", "AtLocation", "department store"),
        ("door", "AtLocation", "house"),
        ("door", "HasA", "handle"),
        ("store", "AtLocation", "city"),
        ("go store", "HasSubevent", "buy food"),
        ("post office", "AtLocation", "city"),
        ("post office", "IsA", "office"),
        ("large post", "IsA", "thing"),
        ("dog", "IsA", "animal"),
        ("dogs", "IsA", "animal"),
        ("c++", "IsA", "thing"),
        ("Paris", "AtLocation", "France"),
    ],
    aliases=None,
)


def names(question, option=-1, graph=GRAPH, **config):
    grounding = Grounder(graph, RetrievalConfig(**config)).ground(question)
    return {m.surface: [(c.key, round(c.prior, 3)) for c in m.candidates] for m in grounding.of(option)}


def test_the_longest_name_counts_and_its_parts_follow():
    assert names(Question("A revolving door?")) == {"revolving door": [("revolve door", 0.8)], "door": [("door", 0.4)]}


def test_stop_words_inside_are_dropped():
    assert names(Question("She went to the store.")) == {
        "went to the store": [("go store", 0.6)],
        "store": [("store", 0.4)],
    }


def test_of_two_names_as_long_the_better_connected_one_counts():
    assert list(names(Question("a large post office"))) == ["post office", "office"]


def test_candidates_run_by_prior_then_degree_and_are_limited():
    assert names(Question("dogs")) == {"dogs": [("dogs", 1.0), ("dog", 0.8)]}
    assert names(Question("dogs"), max_candidates=1) == {"dogs": [("dogs", 1.0)]}


def test_stored_priors_multiply():
    import polars as pl

    aliases = pl.DataFrame({"form": ["hound"], "key": ["dog"], "prior": [0.5]})
    graph = KnowledgeGraph.from_triples([("dog", "IsA", "animal")], aliases=aliases)
    assert names(Question("hounds"), graph=graph) == {"hounds": [("dog", 0.4)]}


def test_an_option_is_looked_up_whole_first():
    question = Question("Where?", ("the department stores", "C++", " Paris "))
    assert names(question, 0) == {"the department stores": [("department store", 0.8)]}
    assert names(question, 1) == {"C++": [("c++", 1.0)]}
    assert names(question, 2) == {"Paris": [("Paris", 1.0)]}


def test_an_option_without_a_concept_falls_back_to_its_parts():
    assert names(Question("Where?", ("dog in a big store",)), 0) == {
        "dog": [("dog", PART_PRIOR)],
        "store": [("store", HEAD_PART_PRIOR)],
    }


def test_the_hypothesis_is_option_0_and_labels_are_not_grounded():
    question = Question("A dog barks.", ("entailment", "door"), task="entailment", hypothesis="A door closes.")
    assert names(question) == {"dog": [("dog", 1.0)]}
    assert names(question, 0) == {"door": [("door", 1.0)]}
    assert names(question, 1) == {}


def test_names_in_the_questions_own_facts_are_found():
    question = Question("Is a zorblax bigger?", ("Zorblax", "dog"), facts=(("Zorblax", "IsA", "dog"),))
    grounding = Grounder(GRAPH).ground(question)
    assert [(m.surface, m.candidates[0].node, m.candidates[0].key) for m in grounding.mentions[:2]] == [
        ("zorblax", -1, "Zorblax"),
        ("Zorblax", -1, "Zorblax"),
    ]
    bare = dataclasses.replace(question, facts=())
    assert Grounder(GRAPH).ground(bare, add=question.facts).mentions == grounding.mentions


FILMS = KnowledgeGraph.from_triples(
    [("It", "directed_by", "Tommy Lee"), ("it", "IsA", "tag"), ("Tommy Lee", "IsA", "person"), ("Who", "IsA", "film")]
)


def about(text, topic, task="open", graph=FILMS, **more):
    grounding = Grounder(graph).ground(Question(text, task=task, extra={"topic": topic}, **more))
    return [(m.start, m.surface, [(c.key, c.prior) for c in m.candidates]) for m in grounding.mentions]


def test_a_given_topic_is_the_only_concept():
    assert about("who directed Italian It of Tommy Lee", "It") == [(21, "It", [("It", 1.0)])]
    assert about("who directed It of Tommy Lee", ["Tommy Lee", "It"]) == [
        (13, "It", [("It", 1.0)]),
        (19, "Tommy Lee", [("Tommy Lee", 1.0)]),
    ]
    assert about("who made Who's list", ["Who"])[0][0] == 9
    assert about("whoWho", "Who")[0][0] == 3
    assert about("who made Krud", "Krud") == []
    assert about("who made krud", "krud", facts=(("Krud", "IsA", "it"),)) == [(9, "krud", [("Krud", 1.0)])]


def test_only_open_questions_have_topics():
    assert [surface for _, surface, _ in about("Tommy Lee and it", "sports", task="choice")] == ["Tommy Lee"]
    assert about("who directed Tommy Lee", []) == about("who directed Tommy Lee", None)


@pytest.mark.parametrize("topic", [7, "", ["It", " "], {"a": "It"}, "Nosferatu"])
def test_a_topic_that_is_no_part_of_the_text_is_refused(topic):
    with pytest.raises(InputError, match="topic"):
        about("who directed It", topic)


def test_nothing_found_is_an_empty_grounding():
    assert Grounder(GRAPH).ground(Question("?", ("the", ""))).mentions == ()
    assert Grounder(KnowledgeGraph.from_triples([])).ground(Question("dog", ("door",))).mentions == ()


def test_a_question_over_the_limit_is_refused():
    Grounder(GRAPH).ground(Question("é" * (LIMITS.question_bytes // 2)))
    with pytest.raises(LimitError, match="8193 bytes"):
        Grounder(GRAPH).ground(Question("é" * (LIMITS.question_bytes // 2) + "x"))


def test_an_unknown_language_is_refused():
    with pytest.raises(InputError, match="'tlh'"):
        Grounder(GRAPH).ground(Question("dog", language="tlh"))


texts = st.lists(
    st.sampled_from(
        ["dogs", "door", "revolving", "went", "to", "the", "store", ",", "large", "post", "office’s", "Paris"]
    )
).map(" ".join)


@given(texts, st.lists(texts, max_size=3))
def test_offsets_slice_back_and_mentions_run_in_reading_order(text, options):
    grounding = Grounder(GRAPH).ground(Question(text, tuple(options)))
    assert [m.option for m in grounding.mentions] == sorted(m.option for m in grounding.mentions)
    for mention in grounding.mentions:
        source = text if mention.option < 0 else options[mention.option]
        assert source[mention.start : mention.end] == mention.surface
        priors = [candidate.prior for candidate in mention.candidates]
        assert priors == sorted(priors, reverse=True)
        assert 0 < len({candidate.node for candidate in mention.candidates}) == len(priors) <= 3
        assert all(0 < prior <= 1 for prior in priors)
        assert all(GRAPH.key(candidate.node) == candidate.key for candidate in mention.candidates)


@given(texts)
def test_longest_names_do_not_overlap(text):
    mentions = Grounder(GRAPH).ground(Question(text)).mentions
    spans = [(m.start, m.end) for m in mentions]
    outer = [a for a in spans if not any(a != b and b[0] <= a[0] and a[1] <= b[1] for b in spans)]
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(outer))
    assert len(set(spans)) == len(spans)
    assert [m.start for m in mentions] == sorted(m.start for m in mentions)


@pytest.mark.parametrize("question", [Question("a \ud800 dog"), Question("a dog", ("\udfff", "zoo"))])
def test_half_a_surrogate_pair_is_refused(tiny_graph, question):
    with pytest.raises(InputError, match="surrogate"):
        Grounder(tiny_graph).ground(question)
