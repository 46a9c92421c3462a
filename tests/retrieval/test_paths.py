from __future__ import annotations

import math

import pytest
from hypothesis import given

from kgreason.config import RetrievalConfig
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.records import Question
from kgreason.retrieval import Retriever
from tests.retrieval.oracle import build, is_symmetric, merged, questions, triples

FACTS = [
    ("penguin", "IsA", "bird", 4.0),
    ("bird", "AtLocation", "zoo", 1.0),
    ("penguin", "AtLocation", "zoo", 2.0),
    ("zoo", "HasA", "animal", 3.0),
    ("penguin", "Desires", "animal", 0.5),
    ("cold", "Antonym", "hot", 1.0),
    ("oven", "HasProperty", "hot", 3.0),
    ("penguin", "NotAtLocation", "oven", 2.0),
]
QUESTION = Question("Where is a cold penguin?", ("zoo", "oven", "bird zoo"))


@pytest.fixture
def penguins():
    graph = KnowledgeGraph.from_triples(FACTS)
    retriever = Retriever(graph)
    return retriever, retriever.retrieve(Grounder(graph).ground(QUESTION))


def test_paths_are_told_in_words_and_in_their_own_direction(penguins):
    retriever, subgraph = penguins
    told = [str(path) for path in retriever.paths(subgraph, 0)]
    assert told[0] == "penguin is found at zoo"
    assert set(told) == {
        "penguin is found at zoo",
        "penguin is a kind of bird; bird is found at zoo",
        "penguin wants animal; zoo has animal",
    }
    (last,) = retriever.paths(subgraph, 1)
    assert [(edge.source, edge.relation, edge.target) for edge in last.edges] == [
        ("cold", "Antonym", "hot"),
        ("oven", "HasProperty", "hot"),
    ]


def test_the_score_is_weights_by_degree_by_relevance(penguins):
    retriever, subgraph = penguins
    direct, *rest = retriever.paths(subgraph, 0)
    assert direct.contribution == 2.0
    bird = next(path for path in rest if path.edges[0].target == "bird")
    near = subgraph.relevance[subgraph.keys.index("bird")]
    assert bird.contribution == pytest.approx(4.0 * 1.0 / math.sqrt(2) * (1 + near) / 2)


def test_types_share_what_they_contribute(penguins):
    retriever, subgraph = penguins
    relations = subgraph.relations
    is_a, at = relations.index("IsA"), relations.index("AtLocation")
    weights = {(is_a, at): 0.5, (at, -1): 0.25}
    paths = retriever.paths(subgraph, 0, weights)
    assert [path.contribution for path in paths] == [0.5, 0.25]
    assert [len(path.edges) for path in paths] == [2, 1]
    assert retriever.paths(subgraph, 0, {(at, -1): -1.0}) == ()
    assert retriever.paths(subgraph, 0, {}) == ()


def test_paths_of_a_type_share_by_weight_and_degree():
    steps = [("zorb", "IsA", "plam"), ("plam", "IsA", "quix"), ("zorb", "IsA", "fosk", 0.5), ("fosk", "IsA", "quix")]
    graph = KnowledgeGraph.from_triples([*steps, ("fosk", "HasA", "gluv"), ("fosk", "HasA", "hink")])
    retriever = Retriever(graph)
    subgraph = retriever.retrieve(Grounder(graph).ground(Question("zorb", ("quix",))))
    is_a = subgraph.relations.index("IsA")
    values = {"plam": 1 / math.sqrt(2), "fosk": 0.5 / math.sqrt(4)}
    paths = retriever.paths(subgraph, 0, {(is_a, is_a): 3.0})
    shares = {path.edges[0].target: path.contribution for path in paths}
    assert shares == pytest.approx({middle: 3.0 * value / sum(values.values()) for middle, value in values.items()})


def test_limits(penguins):
    retriever, subgraph = penguins
    everything = retriever.paths(subgraph, 0)
    assert retriever.paths(subgraph, 0, limit=1) == everything[:1]
    assert retriever.paths(subgraph, 0, limit=0) == ()
    one = Retriever(retriever.graph, RetrievalConfig(best_paths=1))
    assert one.paths(subgraph, 0) == everything[:1]


def test_without_direct_edges_no_path_is_one_step(penguins):
    retriever, _ = penguins
    indirect = Retriever(retriever.graph, RetrievalConfig(direct=False))
    subgraph = indirect.retrieve(Grounder(retriever.graph).ground(QUESTION))
    assert (subgraph.path_type[:, 1] >= 0).all()
    assert all(len(path.edges) == 2 for option in range(3) for path in indirect.paths(subgraph, option))


def test_negated_relations_take_part_only_when_asked_for(penguins):
    retriever, _ = penguins
    grounding = Grounder(retriever.graph).ground(QUESTION)
    told = [str(p) for n in (False, True) for p in Retriever(retriever.graph, RetrievalConfig(negated=n)).paths(
        Retriever(retriever.graph, RetrievalConfig(negated=n)).retrieve(grounding), 1)]  # fmt: skip
    assert [text for text in told if "not" in text] == ["penguin is not found at oven"]


def test_a_concept_of_question_and_option_alike_starts_no_path_to_that_option(penguins):
    retriever, _ = penguins
    grounding = Grounder(retriever.graph).ground(Question("a penguin and a bird", ("bird", "zoo")))
    subgraph = retriever.retrieve(grounding)
    for path in retriever.paths(subgraph, 0, limit=100):
        assert {path.edges[0].source, path.edges[0].target} & {"penguin"}
    assert any(str(path) == "bird is found at zoo" for path in retriever.paths(subgraph, 1))


@given(triples, questions)
def test_every_path_is_there_and_leads_from_question_to_option(facts, question):
    graph, edges = build(facts), merged(facts)
    retriever = Retriever(graph)
    subgraph = retriever.retrieve(Grounder(graph).ground(question))
    start = {c.key for m in subgraph.grounding.of(-1) for c in m.candidates}
    for option in range(len(question.options)):
        ends = {c.key for m in subgraph.grounding.of(option) for c in m.candidates}
        paths = retriever.paths(subgraph, option, limit=10_000)
        scores = [path.contribution for path in paths]
        assert scores == sorted(scores, reverse=True)
        total = sum(value for o, value in zip(subgraph.path_option, subgraph.path_value, strict=True) if o == option)
        assert bool(paths) == bool(total)
        assert len(set(paths)) == len(paths)
        for path in paths:
            assert len(path.edges) <= 2
            for edge in path.edges:
                assert edges[edge.source, edge.relation, edge.target] == edge.weight
                assert edge.text
                assert edge.source < edge.target or not is_symmetric(edge.relation)
            assert any(_walks(path.edges, first, ends) for first in start - ends)


def _walks(edges, node, ends):
    for edge in edges:
        if node not in (edge.source, edge.target):
            return False
        node = edge.target if node == edge.source else edge.source
    return node in ends
