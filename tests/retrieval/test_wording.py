from __future__ import annotations

import pytest

from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.records import Question
from kgreason.retrieval import Retriever, worded
from kgreason.retrieval.wording import readable


@pytest.fixture(scope="module")
def graph():
    return KnowledgeGraph.from_triples([("penguin", "AtLocation", "zoo"), ("penguin", "NotCapableOf", "fly")])


def asked(graph, question):
    grounding = Grounder(graph).ground(question)
    retriever = Retriever(graph)
    return grounding, retriever.paths(retriever.retrieve(grounding), 0)


def test_chinese_questions_get_chinese_sentences_in_their_own_words(graph):
    grounding, paths = asked(graph, Question("企鵝住在哪裡？", ("动物园", "沙漠"), language="zh"))
    told = worded(paths, graph, grounding)
    assert [str(path) for path in told] == ["企鵝在动物园"]
    assert [[(e.source, e.relation, e.target) for e in path.edges] for path in told] == [
        [("penguin", "AtLocation", "zoo")]
    ]
    assert readable(graph, grounding) == "penguin"


def test_english_ones_stay_as_they_are(graph):
    question = Question("Where do penguins live?", ("zoo", "desert"))
    grounding, paths = asked(graph, question)
    assert worded(paths, graph, grounding) == paths
    assert readable(graph, grounding) == question.text
