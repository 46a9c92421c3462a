from __future__ import annotations

from collections import Counter

import pytest

from kgreason.bench.benches import BENCHES, set_aside
from kgreason.bench.lexical import SIZES, _wordnet, lexical_chains, lexical_splits
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.retrieval import Retriever


@pytest.fixture(scope="module")
def graph():
    return KnowledgeGraph.open("default")


@pytest.fixture(scope="module")
def splits(graph):
    return lexical_splits(None, graph)


def test_labels_are_balanced_and_no_question_comes_twice(splits):
    for part, size in zip(splits, SIZES.values(), strict=True):
        assert size - 3 < len(part) <= size
        counts = Counter(question.answer for question in part)
        assert max(counts.values()) - min(counts.values()) <= 1
        assert len({(question.text, question.hypothesis) for question in part}) > 0.99 * len(part)
        assert len({question.id for question in part}) == len(part)


def test_no_word_of_one_split_stands_in_another(splits):
    def words(part):
        frames = ("It is ", "What they saw was ", "She called it ", "This is about ")
        texts = (text for question in part for text in (question.text, question.hypothesis))
        return {text.removeprefix(frame)[:-1] for text in texts for frame in frames if text.startswith(frame)}

    train, dev, test = map(words, splits)
    assert not train & test
    assert not train & dev
    assert not dev & test


def test_the_same_graph_gives_the_same_questions(graph, splits):
    assert lexical_splits(None, graph) == splits


def test_the_edge_of_a_pair_is_not_read(graph, splits):
    grounder, retriever = Grounder(graph), Retriever(graph, BENCHES["lexical"].retrieval)
    subgraphs = [retriever.retrieve(grounder.ground(question)) for question in splits[1][:53]]
    assert any(len(subgraph.path_type) for subgraph in subgraphs)
    assert all((subgraph.path_type[:, 1] >= 0).all() for subgraph in subgraphs)


def test_a_tenth_can_be_held_out(graph):
    pool = BENCHES["lexical"].pool(graph)
    aside = set_aside(pool.siblings[pool.folds["test"].train])
    assert 0.05 < aside.mean() < 0.15


def test_of_a_chain_both_links_and_the_whole_are_entailed(graph):
    chains = lexical_chains(graph, "test", 53)
    assert len(chains) == 53
    kinds = set(_wordnet(graph).kinds)
    for question in chains:
        frame = question.text.removesuffix(f"{question.extra['topic']}.")
        first, second, third = (
            str(text).removeprefix(frame).removesuffix(".")
            for text in (question.text, question.hypothesis, question.extra["beyond"])
        )
        assert {(first, second), (second, third)} <= kinds
        assert question.answer == 0
    assert lexical_chains(graph, "test", 53) == chains
