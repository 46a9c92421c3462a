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
    ],
)
def test_denials_reach_a_few_words_of_their_clause(text, word, expected):
    assert denied(text, text.index(word), language("en")) is expected


def test_other_tasks_and_texts_without_concepts_have_none():
    assert read("It was a joy.", "choice").valence.shape == (0, 2)
    assert read("xyzzy").valence.shape == (0, 2)
    subgraph = read("a stone and joy")
    assert subgraph.valence.shape == (len(subgraph), 2)
