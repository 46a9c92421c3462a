from __future__ import annotations

from dataclasses import replace

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.graph import KnowledgeGraph
from kgreason.graph.walk import path_between
from kgreason.grounding import Grounder
from kgreason.pictures.scene import evidence, neighbourhood, paths
from kgreason.records import Answer, Evidence, Option, Path, Question
from kgreason.retrieval import Retriever

ASKED = Question("Where would you keep a penguin?", ("zoo", "desert"))


@given(
    st.lists(
        st.tuples(*[st.sampled_from("abcdefg")] * 2).filter(lambda ends: ends[0] != ends[1]), min_size=1, max_size=13
    ),
    st.sampled_from(["IsA", "Synonym"]),
    st.integers(1, 7),
)
def test_a_neighbourhood_is_that_of_networkx(pairs, relation, limit):
    graph = KnowledgeGraph.from_triples([(source, relation, target) for source, target in pairs])
    other = nx.Graph(pairs)
    edges = graph.neighbors(0, limit=limit)
    drawn = neighbourhood(graph, 0, edges)
    hub, *others = (node.key for node in drawn.nodes)
    assert hub == graph.key(0)
    assert set(others) <= set(other[hub])
    assert [link.edge for link in drawn.links if link.strong] == list(edges)
    among = {frozenset((link.edge.source, link.edge.target)) for link in drawn.links if not link.strong}
    expected = {frozenset(pair) for pair in other.subgraph(others).edges}
    assert among <= expected
    assert len(among) == min(limit, len(edges), len(expected)) == sum(not link.strong for link in drawn.links)
    assert {end for link in drawn.links for end in (link.edge.source, link.edge.target)} <= {hub, *others}


def test_what_a_neighbourhood_says(tiny_graph):
    bird = tiny_graph.resolve("bird")
    drawn = neighbourhood(tiny_graph, bird, tiny_graph.neighbors(bird, limit=3))
    assert (drawn.title, drawn.note) == ("bird", "3 of 6 edges")
    assert [title for title, _ in drawn.facts] == ["Edges of the concept", "Edges among its neighbours"][
        : len(drawn.facts)
    ]
    assert drawn.nodes[0].role == "start"


def test_the_best_path_stands_out(tiny_graph):
    ends = tiny_graph.resolve("penguin"), tiny_graph.resolve("water")
    found = path_between(tiny_graph, *ends)
    drawn = paths(tiny_graph, *ends, found)
    assert {link.edge for link in drawn.links if link.strong} == set(found[0].edges)
    assert {node.key: node.role for node in drawn.nodes if node.role != "other"} == {"penguin": "start", "water": "end"}
    assert drawn.facts == (("Paths, best first", tuple(map(str, found))),)
    nowhere = paths(tiny_graph, *ends, ())
    assert ([node.role for node in nowhere.nodes], nowhere.facts, nowhere.note) == (
        ["start", "end"],
        (),
        "there is no path",
    )


def answered(graph, question, choice=0):
    """An answer whose evidence are the graph's best paths, and what was read for it."""
    retriever = Retriever(graph)
    subgraph = retriever.retrieve(Grounder(graph).ground(question))
    options = []
    for index, text in enumerate(question.options):
        found = Evidence(tuple(replace(path, contribution=0.5) for path in retriever.paths(subgraph, index)))
        options.append(Option(index, text, 0.5, 0.0, 0.0, 0.0, found))
    options.sort(key=lambda option: option.index != choice)
    return Answer(options[0].text, choice, 0.75, tuple(options), options[0].evidence), subgraph


def test_evidence_of_the_answer_stands_out(tiny_graph):
    answer, subgraph = answered(tiny_graph, ASKED)
    drawn = evidence(answer, ASKED, subgraph)
    assert drawn.title == "zoo (75%)"
    assert {link.edge for link in drawn.links if link.strong} == {
        e for path in answer.evidence.paths for e in path.edges
    }
    roles = {node.key: node.role for node in drawn.nodes}
    assert (roles["penguin"], roles["zoo"], roles["bird"]) == ("start", "end", "other")
    assert ("penguin", "penguin") in drawn.text
    assert "".join(piece for piece, _ in drawn.text) == ASKED.text
    assert drawn.facts[0][0] == "For zoo"
    assert "penguin is found at zoo (AtLocation 2)  +0.50" in drawn.facts[0][1]
    other, subgraph = answered(tiny_graph, replace(ASKED, options=("zoo", "antarctica")), choice=1)
    roles = {node.key: node.role for node in evidence(other, ASKED, subgraph).nodes}
    assert (roles["zoo"], roles["antarctica"]) == ("option", "end")


def test_an_answer_without_a_graph_has_its_text():
    option = Option(0, "zoo", 1.0, 0.0, 0.0, 0.0)
    drawn = evidence(Answer("zoo", 0, 1.0, (option,), note="answered without a graph"), ASKED, None)
    assert (drawn.nodes, drawn.links, drawn.facts) == ((), (), ())
    assert drawn.text == ((ASKED.text, ""),)
    assert drawn.note == "answered without a graph"


def test_no_answer_is_said(tiny_graph):
    _, subgraph = answered(tiny_graph, ASKED)
    nothing = Answer("", -1, 0.0, (), abstained=True)
    drawn = evidence(nothing, Question("Where is a penguin?", (), "open"), subgraph)
    assert drawn.title == "no answer (0%)"


@pytest.mark.parametrize("text", ["", "penguin", "a penguin and a bird, a penguin"])
def test_a_text_keeps_every_letter(tiny_graph, text):
    question = Question(text, (), "open")
    subgraph = Retriever(tiny_graph).retrieve(Grounder(tiny_graph).ground(question))
    drawn = evidence(Answer("", -1, 0.0, (), abstained=True), question, subgraph)
    assert "".join(piece for piece, _ in drawn.text) == text
    assert sum(bool(concept) for _, concept in drawn.text) == text.count("penguin") + text.count("bird")


def test_an_edge_from_elsewhere_says_so(tiny_graph):
    answer, subgraph = answered(tiny_graph, ASKED)
    edge = replace(answer.evidence.paths[0].edges[0], origin="given")
    given = replace(answer, evidence=Evidence((Path((edge,)),)), options=())
    assert evidence(given, ASKED, subgraph).links[0].edge.origin == "given"
