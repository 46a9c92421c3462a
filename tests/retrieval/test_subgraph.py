from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.config import RetrievalConfig
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.records import Question
from kgreason.retrieval import Retriever
from tests.retrieval.oracle import (
    NAMES,
    as_networkx,
    between,
    build,
    check,
    merged,
    named,
    path_values,
    questions,
    triples,
)

WIDE = RetrievalConfig(max_nodes=10_000, max_edges=100_000)


def retrieve(graph, question, config=WIDE):
    return Retriever(graph, config).retrieve(Grounder(graph, config).ground(question))


def concepts(subgraph, option=-1):
    return {c.key for m in subgraph.grounding.of(option) for c in m.candidates}


@given(triples, st.lists(questions, min_size=2, max_size=2), st.booleans(), st.booleans())
def test_evidence_edges_and_counts_are_those_of_the_definition(facts, asked, negated, direct):
    config = dataclasses.replace(WIDE, negated=negated, direct=direct)
    graph, edges = build(facts), merged(facts)
    degree = dict(as_networkx(edges).degree())
    for question in asked:
        subgraph = retrieve(graph, question, config)
        check(subgraph)
        start, options = concepts(subgraph), [concepts(subgraph, option) for option in range(len(question.options))]
        ends = set().union(*options)

        def takes_part(source, relation, target, start=start, ends=ends):
            crossing = (source in start and target in ends) or (source in ends and target in start)
            return (negated or not relation.startswith("Not")) and (direct or not crossing)

        visible = as_networkx({edge: weight for edge, weight in edges.items() if takes_part(*edge)})
        seeds = sorted(start | ends)
        kept = set(seeds) | between(visible, seeds)
        assert set(subgraph.keys) == kept
        found = {
            edge: weight
            for edge, weight in named(subgraph)["edges"].items()
            if not edge[1].endswith("-") and edge in edges
        }
        inside = {(s, r, t): w for (s, r, t), w in edges.items() if s in kept and t in kept and takes_part(s, r, t)}
        assert found == inside
        expected = {
            (option, *types): value
            for option, ends in enumerate(options)
            for types, value in path_values(visible, start, ends, degree).items()
        }
        counted = named(subgraph)["paths"]
        assert counted.keys() == expected.keys()
        assert all(counted[key] == pytest.approx(value, abs=1e-4) for key, value in expected.items())


@given(triples, questions, st.integers(1, 13), st.integers(1, 23))
def test_caps_hold_and_seeds_go_first(facts, question, max_nodes, max_edges):
    graph = build(facts)
    small = retrieve(graph, question, RetrievalConfig(max_nodes=max_nodes, max_edges=max_edges))
    large = retrieve(graph, question)
    check(small)
    assert len(small) == min(max_nodes, len(large))
    assert small.edge_index.shape[1] <= max_edges
    assert (small.role > 0).sum() == min(max_nodes, (large.role > 0).sum())
    assert small.path_value.tolist() == large.path_value.tolist()
    assert named(small)["edges"].items() <= named(large)["edges"].items()


@given(triples, questions, st.permutations(NAMES))
def test_renaming_concepts_renames_the_evidence(facts, question, names):
    new = dict(zip(NAMES, names, strict=True))

    def renamed(text):
        return " ".join(new.get(word, word) for word in text.split())

    plain = named(retrieve(build(facts), question))
    other = [(new[s], r, new[t], w) for s, r, t, w in facts]
    asked = Question(renamed(question.text), tuple(map(renamed, question.options)))
    moved = named(retrieve(build(other), asked))
    assert moved["nodes"] == {new[key]: value for key, value in plain["nodes"].items()}
    assert moved["options"] == {(option, new[key]) for option, key in plain["options"]}
    assert moved["paths"] == pytest.approx(plain["paths"], abs=1e-3)
    assert {frozenset((s, t)) for s, _, t in moved["edges"]} == {
        frozenset((new[s], new[t])) for s, _, t in plain["edges"]
    }


def test_nodes_are_chosen_by_seeds_touched_then_relevance_then_weight_then_degree():
    touching = [(name, "IsA", seed) for name in ("water bottle", "rock") for seed in ("zorb", "quix")]
    graph = KnowledgeGraph.from_triples(
        [
            *touching,
            *(("hub", "IsA", seed) for seed in ("zorb", "quix", "plam")),
            ("rock", "IsA", "stone"),
            ("near water", "IsA", "zorb", 5.0),
            ("near water", "IsA", "quix"),
        ]
    )
    subgraph = retrieve(graph, Question("zorb quix in water", ("plam",)))
    assert subgraph.keys[:4] == ("zorb", "quix", "plam", "hub")
    rest = subgraph.relevance[4:]
    assert (np.diff(rest) <= 0).all()
    assert subgraph.keys[-1] == "rock"


def test_equal_nodes_run_by_weight_then_degree_then_key():
    pairs = [("a", 1.0), ("b", 2.0), ("c", 1.0), ("d", 1.0)]
    facts = [(f"same/{name}", "IsA", seed, weight) for name, weight in pairs for seed in ("zorb", "quix")]
    graph = KnowledgeGraph.from_triples(
        [*facts, ("same/d", "IsA", "more")], labels={f"same/{name}": "same" for name, _ in pairs}
    )
    subgraph = retrieve(graph, Question("zorb", ("quix",)), RetrievalConfig(max_nodes=5))
    assert subgraph.keys == ("zorb", "quix", "same/b", "same/d", "same/a")


def test_the_best_edges_are_kept_where_there_are_too_many():
    facts = [
        ("zorb", "IsA", "quix", 1.0),
        ("zorb", "IsA", "hub", 1.0),
        ("quix", "IsA", "hub", 3.0),
        ("hub", "HasA", "zorb"),
    ]
    graph = KnowledgeGraph.from_triples(facts)
    subgraph = retrieve(graph, Question("zorb", ("quix",)), RetrievalConfig(max_edges=5))
    assert set(named(subgraph)["edges"]) == {
        ("zorb", "IsA", "quix"), ("quix", "IsA-", "zorb"), ("quix", "IsA", "hub"), ("hub", "IsA-", "quix"),
    }  # fmt: skip


def test_no_concepts_give_an_empty_subgraph(tiny_graph):
    for question in (Question(""), Question("?", ("", "!")), Question("blargh", ("frobnitz",))):
        subgraph = retrieve(tiny_graph, question)
        check(subgraph)
        assert len(subgraph) == 0
        assert Retriever(tiny_graph).paths(subgraph, 0) == ()


@pytest.mark.slow
def test_hubs_loops_and_lone_concepts_stay_within_the_caps():
    """Two hubs of 100,000 neighbours, the same ones, each a neighbour of itself; and a concept without any."""
    facts = [(hub, "IsA", f"leaf{i}") for hub in ("zorb", "quix") for i in range(100_000)]
    facts += [(hub, relation, hub) for hub in ("zorb", "quix") for relation in ("IsA", "RelatedTo", "NotDesires")]
    graph = KnowledgeGraph.from_triples(facts, labels={"plam": "plam"})
    assert (graph.num_nodes, graph.num_edges) == (100_003, 400_000)
    question = Question("zorb plam", ("quix", "plam"))
    for config in (RetrievalConfig(), RetrievalConfig(wide=True)):
        found = Retriever(graph, config).retrieve(Grounder(graph).ground(question))
        nodes, edges = (config.wide_nodes, config.wide_edges) if config.wide else (config.max_nodes, config.max_edges)
        assert 3 <= len(found.keys) <= nodes
        assert found.edge_index.shape[1] <= edges
        assert {"zorb", "quix", "plam"} <= set(found.keys)


def test_an_empty_graph_gives_an_empty_subgraph():
    subgraph = retrieve(KnowledgeGraph.from_triples([]), Question("zorb", ("quix",)))
    check(subgraph)
    assert len(subgraph) == 0


def test_threads_may_share_a_retriever(tiny_graph):
    asked = [Question(f"{a} and {b}", ("zoo", b)) for a in ("penguin", "bird", "oven") for b in ("fly", "water", "hot")]
    retriever, grounder = Retriever(tiny_graph, WIDE), Grounder(tiny_graph)
    alone = [named(retriever.retrieve(grounder.ground(question))) for question in asked]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            assert list(pool.map(lambda q: named(retriever.retrieve(grounder.ground(q))), asked)) == alone


@given(triples, questions)
def test_the_same_question_gives_the_same_bytes(facts, question):
    first, second = (retrieve(build(order), question) for order in (facts, facts[::-1]))
    for name in (field.name for field in dataclasses.fields(first)):
        a, b = getattr(first, name), getattr(second, name)
        assert np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b
