from __future__ import annotations

import numpy as np
import pytest

from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.language import language
from kgreason.records import Question, Subgraph
from kgreason.retrieval import Retriever
from kgreason.retrieval.denial import TURNED, denied

FACTS = [("joy", "IsA", "feeling"), ("dread", "IsA", "feeling"), ("stone", "IsA", "rock")]


def read(text: str, task: str = "emotion") -> Subgraph:
    graph = KnowledgeGraph.from_triples(FACTS)
    question = Question(text, ("negative", "positive"), task)  # type: ignore[arg-type]  # a text stands for one of a few
    return Retriever(graph).retrieve(Grounder(graph).ground(question))


def valence(text: str, word: str) -> int:
    subgraph = read(text)
    return int(subgraph.valence[subgraph.keys.index(word), 0])


def test_a_denied_concept_is_turned_round():
    plain = valence("It was a joy.", "joy")
    assert plain > 0
    for text in ("It was not a joy.", "It wasn’t such a joy.", "NEVER a joy", "It was anything but joy."):
        assert valence(text, "joy") == np.rint(TURNED * plain)
    assert valence("There was no dread in it.", "dread") > 0 > valence("There was dread in it.", "dread")


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("It was not dread, but joy.", "joy", False),
        ("No. A joy.", "joy", False),
        ("He did not say on that long day that joy was there.", "joy", False),
        ("joy, not dread", "joy", False),
        ("joy, not dread", "dread", True),
        ("There is nothing of joy.", "joy", True),
        ("It was not only joy.", "joy", False),
        ("It was not, not only once, a joy", "joy", False),
        ("Nothing but joy", "joy", False),
        ("He had no joy, not only today", "joy", True),
    ],
)
def test_denials_reach_a_few_words_of_their_clause(text, word, expected):
    assert denied(text, text.index(word), language("en")) is expected


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("我不开心", "开心", True),
        ("房间不是很干净", "干净", True),
        ("沒有快樂", "快樂", True),
        ("毫无乐趣", "乐趣", True),
        ("不仅干净", "干净", False),
        ("不贵，干净", "干净", False),
        ("非常干净", "干净", False),
        ("无比快乐", "快乐", False),
        ("不错的快乐", "快乐", False),
    ],
)
def test_denials_in_chinese(text, word, expected):
    assert denied(text, text.index(word), language("zh")) is expected


def test_other_tasks_and_texts_without_concepts_have_none():
    assert read("It was a joy.", "choice").valence.shape == (0, 2)
    assert read("xyzzy").valence.shape == (0, 2)
    subgraph = read("a stone and joy")
    assert subgraph.valence.shape == (len(subgraph), 2)
