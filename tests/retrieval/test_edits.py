from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kgreason.config import RetrievalConfig
from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.records import ORIGINS, Grounding, Question
from kgreason.retrieval import Retriever
from kgreason.retrieval.edits import GraphView, Rows
from tests.retrieval.oracle import NAMES, RELATIONS, build, check, merged, named, questions, triples

NEW_NAMES = (*NAMES, "new zorb", "newquix")
edges = st.tuples(
    st.sampled_from(NEW_NAMES), st.sampled_from([*RELATIONS, "AFirst", "zLast"]), st.sampled_from(NEW_NAMES)
)


@st.composite
def edits(draw):
    """Facts of a graph, of a question, to add, and to remove (of the first two)."""
    facts = draw(triples)
    given_, added = draw(st.lists(edges, max_size=5)), draw(st.lists(edges, max_size=5))
    there = sorted(merged([*facts, *given_]))
    removed = draw(st.lists(st.sampled_from(there), max_size=5)) if there else []
    return facts, given_, added, removed


def edited(facts, given_, added, removed):
    """The facts of a graph built with the edits."""
    kept = {edge: weight for edge, weight in merged([*facts, *given_]).items() if edge not in set(removed)}
    return [(*edge, weight) for edge, weight in kept.items()] + [(*edge, 1.0) for edge in added]


@given(edits(), questions, st.sampled_from([RetrievalConfig(10_000, 100_000), RetrievalConfig(7, 11)]))
def test_an_edited_view_equals_a_graph_built_with_the_edits(change, question, config):
    facts, given_, added, removed = change
    # A label set: given answers with facts are read wide, see test_wide.py.
    question = Question(f"{question.text} newquix", (*question.options, "new zorb"), "emotion", facts=tuple(given_))
    graph = build(facts)
    grounding = Grounder(graph, config).ground(question, add=added)
    here = Retriever(graph, config).retrieve(grounding, add=added, remove=removed)
    check(here)
    named_ = {name for edge in [*given_, *added] for name in (edge[0], edge[2])}
    built = KnowledgeGraph.from_triples(
        edited(*change), labels={name: name for name in NEW_NAMES if name in NAMES or name in named_}
    )
    bare = Question(question.text, question.options, "emotion")
    alike = replace(config, wide=bool(given_) and not facts)  # facts alone are read wide
    there = Retriever(built, alike).retrieve(Grounder(built, alike).ground(bare))
    a, b = named(here), named(there)
    assert a["paths"].keys() == b["paths"].keys()
    assert all(a["paths"][key] == pytest.approx(value, abs=2e-4) for key, value in b["paths"].items())
    assert {key: value for key, value in a.items() if key != "paths"} == {
        key: value for key, value in b.items() if key != "paths"
    }


@given(edits(), questions)
def test_best_paths_of_an_edited_view_are_those_of_a_graph_built_with_the_edits(change, question):
    facts, given_, added, removed = change
    question = Question(question.text, (*question.options, "new zorb or jalp"), facts=tuple(given_))
    graph, built = build(facts), KnowledgeGraph.from_triples(edited(*change), labels={name: name for name in NAMES})
    assume(all(name in NAMES or built.find(name) is not None for edge in [*given_, *added] for name in edge[::2]))
    here, there = Retriever(graph), Retriever(built)
    a = here.retrieve(Grounder(graph).ground(question, add=added), add=added, remove=removed)
    b = there.retrieve(Grounder(built).ground(Question(question.text, question.options)))
    for option in range(len(question.options)):
        own = here.paths(a, option, limit=1000, add=added, remove=removed)
        other = there.paths(b, option, limit=1000)
        assert sorted(map(str, own)) == sorted(map(str, other))
        assert [p.contribution for p in own] == pytest.approx([p.contribution for p in other])


@given(edits())
def test_ranks_sort_an_edited_graph_by_degree_then_key(change):
    facts, given_, added, removed = change
    own = view(build(facts), Question("?", facts=tuple(given_)), added, removed)
    nodes = np.arange(own.num_nodes)
    degrees = own.degrees(nodes).tolist()
    expected = sorted(nodes.tolist(), key=lambda node: (-degrees[node], own.key(node).encode()))
    assert np.argsort(own.ranks(nodes)).tolist() == expected
    assert degrees == np.diff(own.rows(nodes.tolist()).ptr).tolist()


def view(graph, question=None, add=(), remove=()):
    return GraphView(graph, Grounding(question or Question("?"), ()), add, remove)


def test_an_unedited_view_reads_the_image(tiny_graph):
    plain = view(tiny_graph)
    rows = plain.rows([3, 5])
    assert (
        rows.idx.tolist()
        == np.concatenate([tiny_graph.idx[tiny_graph.ptr[n] : tiny_graph.ptr[n + 1]] for n in (3, 5)]).tolist()
    )
    assert plain.relations is tiny_graph.relations
    assert not rows.origin.any()
    assert plain.ranks(np.array([4, 2])).tolist() == [4, 2]


def test_an_added_edge_is_marked_and_a_known_one_gains_weight(tiny_graph):
    added = [("penguin", "AtLocation", "zoo"), ("Penguin", "at location", "oven")]
    rows = view(tiny_graph, add=added).rows([tiny_graph.find("penguin")])
    marked = rows.origin == ORIGINS.index("given")
    assert {tiny_graph.key(int(i)) for i in rows.idx[marked]} == {"zoo", "oven"}
    assert sorted(rows.weight[marked].tolist()) == [1.0, 3.0]
    assert (np.diff(rows.idx.astype(int)) >= 0).all()


def test_a_fact_that_is_removed_and_added_again_is_new(tiny_graph):
    edge = ("penguin", "AtLocation", "zoo")
    rows = view(tiny_graph, add=[edge], remove=[edge]).rows([tiny_graph.find("penguin")])
    zoo = rows.idx == tiny_graph.find("zoo")
    assert rows.weight[zoo].tolist() == [1.0]


def test_a_symmetric_edge_is_removed_from_either_end(tiny_graph):
    for edge in (("hot", "Antonym", "cold"), ("cold", "Antonym", "hot")):
        assert tiny_graph.find("cold") not in view(tiny_graph, remove=[edge]).rows([tiny_graph.find("hot")]).idx


@pytest.mark.parametrize(
    ("edge", "what"),
    [
        (("unicorn", "IsA", "bird"), "concept 'unicorn'"),
        (("bird", "IsA", "unicorn"), "concept 'unicorn'"),
        (("bird", "Flies", "zoo"), "relation 'Flies'"),
        (("zoo", "AtLocation", "bird"), "edge"),
        (("penguin", "IsA", "zoo"), "edge"),
    ],
)
def test_what_is_not_there_cannot_be_removed(tiny_graph, edge, what):
    with pytest.raises(InputError, match=f"no such {what}"):
        view(tiny_graph, remove=[edge])


def test_new_concepts_and_relations_come_after_those_of_the_graph(tiny_graph):
    own = view(tiny_graph, Question("?", facts=(("Zorblax", "AFirst", "zoo"), ("zorblax", "IsA", "bird"))))
    assert own.relations == (*tiny_graph.relations, "AFirst")
    assert own.node("ZORBLAX") == tiny_graph.num_nodes
    assert (own.key(tiny_graph.num_nodes), own.num_nodes) == ("Zorblax", tiny_graph.num_nodes + 1)
    row = own.rows([tiny_graph.num_nodes])
    names = [own.relations[code % len(own.relations)] for code in row.code.tolist()]
    assert sorted(zip(names, map(own.key, row.idx.tolist()), strict=True)) == [("AFirst", "zoo"), ("IsA", "bird")]


def test_an_edge_from_a_concept_to_itself_is_left_out(tiny_graph):
    own = view(tiny_graph, add=[("Zoo", "IsA", "zoo")])
    assert not len(own.patched)


def test_filtered_rows_keep_their_bounds():
    rows = Rows.join([
        (np.array([1, 2]), np.array([0, 1]), np.array([1.0, 2.0]), np.array([0, 0])),
        (np.array([5]), np.array([0]), np.array([3.0]), np.array([1])),
    ])  # fmt: skip
    kept = rows.filter(np.array([False, True, True]))
    assert kept.ptr.tolist() == [0, 1, 2]
    assert kept.idx.tolist() == [2, 5]
    assert kept.row_of().tolist() == [0, 1]
