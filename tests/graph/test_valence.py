from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.graph import KnowledgeGraph
from kgreason.graph.kernels import spread
from kgreason.graph.valence import Valence, lexicon

RELATIONS = ("Antonym", "Synonym", "NotIsA", "own relation")
FADE = 0.8
facts = st.lists(
    st.tuples(*[st.sampled_from("abcdefg")] * 2, st.sampled_from(RELATIONS)).map(lambda f: (f[0], f[2], f[1])),
    min_size=1, max_size=23,
)  # fmt: skip


def valence(graph: KnowledgeGraph, words: dict[str, float], *names: str) -> list[list[int]]:
    values: list[list[int]] = Valence(graph, words).of_nodes(np.array([*map(graph.resolve, names)])).tolist()
    return values


def test_the_lexicon_names_words_in_normal_form():
    assert len(lexicon()) > 6000
    assert all(word.isalpha() and word == word.casefold() and -1 <= value <= 1 for word, value in lexicon().items())


def test_what_is_listed_stays_and_neighbours_follow_or_turn_round():
    graph = KnowledgeGraph.from_triples(
        [("glee", "Synonym", "joy"), ("gloom", "Antonym", "joy"), ("joy", "NotIsA", "stone"), ("moss", "IsA", "plant")]
    )
    joy, glee, gloom, stone, moss = valence(graph, {"joy": 0.5}, "joy", "glee", "gloom", "stone", "moss")
    assert joy == [64, 127]
    assert glee == [64, round(127 * FADE)]
    assert gloom == [-64, round(127 * FADE)]
    assert stone == moss == [0, 0]


def test_the_label_itself_counts_before_inflections():
    graph = KnowledgeGraph.from_triples(
        [("love", "IsA", "feeling"), ("hate", "IsA", "feeling")],
        aliases=[("loved", "love", 0.8), ("hated", "hate", 0.8), ("hates", "hate", 0.8), ("ate", "hate", 0.5)],
    )
    words = {"love": 0.8, "loved": 0.2, "hated": -0.8, "hates": -0.4, "ate": 1.0}
    love, hate = valence(graph, words, "love", "hate")
    assert love == [round(127 * 0.8), 127]
    assert hate == [round(127 * -0.6), 127]


def test_concepts_that_a_question_alone_knows_are_looked_up_by_their_words():
    graph = KnowledgeGraph.from_triples([("a", "IsA", "b")])
    values = Valence(graph).of_nodes(np.array([2, 0, 3]), ["/c/en/joy", "zog"])
    assert values[0].tolist() == [round(127 * lexicon()["joy"]), 127]
    assert not values[1:].any()


@pytest.mark.parametrize("words", [{}, {"x": 1.0}])
def test_nothing_known_and_no_graph(words):
    assert not Valence(KnowledgeGraph.from_triples([("a", "IsA", "b")]), words).column.any()
    assert Valence(KnowledgeGraph.from_triples([]), words).column.shape == (0, 2)


@given(facts=facts, data=st.data())
def test_a_step_is_the_mean_over_edges(facts, data):
    graph = KnowledgeGraph.from_triples(facts)
    n = graph.num_nodes
    numbers = st.lists(st.floats(-1, 1, width=32), min_size=n, max_size=n)
    value = np.array(data.draw(numbers), np.float32)
    confidence = np.abs(np.array(data.draw(numbers), np.float32))
    fixed = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), np.bool_)
    pull = np.array([0.7, -1.0, 0.0, 0.1][: len(graph.relations)] * 2, np.float32)
    strength = np.log1p(graph.weight.astype(np.float32))
    found = spread(graph.ptr, graph.idx, graph.rel, strength, pull, value, confidence, fixed, FADE)
    for node in range(n):
        entries = range(graph.ptr[node], graph.ptr[node + 1])
        draws = [(float(pull[graph.rel[e]]) * math.log1p(float(graph.weight[e])), graph.idx[e]) for e in entries]
        sure = sum(abs(draw) * float(confidence[other]) for draw, other in draws)
        expected = (value[node], confidence[node])
        if not fixed[node] and sure > 0:
            carried = sum(draw * float(confidence[other]) * float(value[other]) for draw, other in draws)
            expected = (carried / sure, FADE * sure / sum(abs(draw) for draw, _ in draws))
        assert [found[0][node], found[1][node]] == pytest.approx(expected, abs=1e-5)
