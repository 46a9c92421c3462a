from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.config import RetrievalConfig
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.records import Question, Task
from kgreason.retrieval import Retriever, facts_graph, wide
from tests.retrieval.oracle import NAMES, as_networkx, build, check, merged, named, questions, triples
from tests.retrieval.test_edits import NEW_NAMES, edited, edits

SETTINGS = st.builds(
    RetrievalConfig,
    wide=st.just(True),
    hops=st.integers(1, 3),
    negated=st.booleans(),
    direct=st.booleans(),
    wide_nodes=st.sampled_from([1, 2, 3, 5, 7, 11, 1009]),
    wide_edges=st.sampled_from([2, 6, 14, 1009]),
)
FREE = RetrievalConfig(wide=True, hops=3)


def retrieve(graph, question, config=FREE, **edits):
    grounding = Grounder(graph, config).ground(question, add=edits.get("add", ()))
    return Retriever(graph, config).retrieve(grounding, **edits)


def opened(question):
    return dataclasses.replace(question, task="open", options=())


def concepts(subgraph, role):
    return {key for key, own in zip(subgraph.keys, subgraph.role, strict=True) if own & role}


def distances(subgraph, visible):
    """Steps from the question's concepts, hubs leading nowhere."""
    starts = concepts(subgraph, 1)
    away = dict.fromkeys(starts, 0)
    frontier = set(starts)
    degree = dict(visible["whole"].degree())
    for hop in range(1, visible["hops"] + 1):
        leading = {node for node in frontier if hop == 1 or degree[node] <= wide.HUB}
        frontier = {other for node in leading for other in visible["open"].neighbors(node)} - set(away)
        away.update(dict.fromkeys(frontier, hop))
    return away


def seen(edges, subgraph, config):
    """The edges that take part."""
    start, end = concepts(subgraph, 1), concepts(subgraph, 2)

    def takes_part(source, relation, target):
        crossing = (source in start and target in end) or (source in end and target in start)
        return (config.negated or not relation.startswith("Not")) and (config.direct or not crossing)

    return {edge: weight for edge, weight in edges.items() if takes_part(*edge)}


def given_edges(subgraph, edges):
    return {edge: weight for edge, weight in named(subgraph)["edges"].items() if edge in edges}


@pytest.fixture(autouse=True, params=[3, 1000])
def hub(request, monkeypatch):
    monkeypatch.setattr(wide, "HUB", request.param)


@given(triples, questions, st.integers(1, 3), st.booleans(), st.booleans())
def test_nodes_and_edges_are_those_of_the_definition(facts, question, hops, negated, direct):
    config = RetrievalConfig(wide=True, hops=hops, negated=negated, direct=direct)
    graph, edges = build(facts), merged(facts)
    for asked in (question, opened(question)):
        subgraph = retrieve(graph, asked, config)
        check(subgraph)
        visible = seen(edges, subgraph, config)
        away = distances(subgraph, {"whole": as_networkx(edges), "open": as_networkx(visible), "hops": hops})
        kept = away.keys() | concepts(subgraph, 2)
        assert set(subgraph.keys) == kept
        inside = {
            (s, r, t): weight
            for (s, r, t), weight in visible.items()
            if {s, t} <= kept and min(away.get(s, hops), away.get(t, hops)) < hops
        }
        assert given_edges(subgraph, edges) == inside
        own = [key for key in subgraph.keys if key not in concepts(subgraph, 3)]
        assert own == sorted(own, key=lambda key: (away[key], graph.find(key)))


@given(triples, questions, st.integers(1, 3))
def test_without_hubs_all_shortest_paths_are_inside(facts, question, hops):
    graph = build(facts)
    if wide.HUB < 1000:
        return
    subgraph = retrieve(graph, opened(question), RetrievalConfig(hops=hops, negated=True))
    whole = as_networkx(merged(facts))
    here = nx.Graph(zip(*subgraph.edge_index.tolist(), strict=True))
    here.add_nodes_from(range(len(subgraph)))
    for start in np.flatnonzero(subgraph.role & 1).tolist():
        lengths = nx.single_source_shortest_path_length(whole, subgraph.keys[start], cutoff=hops)
        found = nx.single_source_shortest_path_length(here, start, cutoff=hops)
        assert {subgraph.keys[node]: length for node, length in found.items()} == dict(lengths)


@given(triples, questions, SETTINGS)
def test_caps_hold_and_the_nearest_stay(facts, question, config):
    graph = build(facts)
    for asked in (question, opened(question)):
        small, all_ = (
            retrieve(graph, asked, config),
            retrieve(graph, asked, dataclasses.replace(config, wide_nodes=1009)),
        )
        if len(small) >= len(concepts(all_, 3)):
            check(small)
        assert len(small) <= config.wide_nodes
        assert small.edge_index.shape[1] <= config.wide_edges
        assert len(small) == min(config.wide_nodes, len(all_))
        assert set(small.keys) <= set(all_.keys)
        visible = {
            "whole": as_networkx(merged(facts)),
            "open": as_networkx(seen(merged(facts), all_, config)),
            "hops": config.hops,
        }
        away = distances(all_, visible)
        reached = [away[key] for key in small.keys if key not in concepts(all_, 3)]
        left = [away[key] for key in set(all_.keys) - set(small.keys) - concepts(all_, 3)]
        assert max(reached, default=0) <= min(left, default=9)


@given(triples, questions, SETTINGS)
def test_edges_fill_the_room_there_is(facts, question, config):
    graph = build(facts)
    small = retrieve(graph, opened(question), config)
    all_ = retrieve(graph, opened(question), dataclasses.replace(config, wide_edges=1009))
    assert small.edge_index.shape[1] == min(config.wide_edges, all_.edge_index.shape[1])
    assert named(small)["edges"].items() <= named(all_)["edges"].items()
    assert len(named(small)["edges"]) == small.edge_index.shape[1]


@given(edits(), questions, SETTINGS, st.booleans())
def test_an_edited_view_equals_a_graph_built_with_the_edits(change, question, config, is_open):
    facts, given_, added, removed = change
    question = Question(f"{question.text} newquix", (*question.options, "new zorb"), facts=tuple(given_))
    question = opened(question) if is_open else question
    here = retrieve(build(facts), question, config, add=added, remove=removed)
    known = {name for edge in [*given_, *added] for name in (edge[0], edge[2])}
    built = KnowledgeGraph.from_triples(
        edited(*change), labels={name: name for name in NEW_NAMES if name in NAMES or name in known}
    )
    there = retrieve(built, dataclasses.replace(question, facts=()), config)
    a, b = named(here), named(there)
    for part in ("nodes", "edges", "options", "mentions"):
        assert a[part] == b[part]
    assert a["paths"].keys() == b["paths"].keys()


@given(triples, questions, SETTINGS)
def test_facts_alone_are_a_graph(facts, question, config):
    from kgreason.retrieval import facts_graph

    own = tuple(fact[:3] for fact in facts)
    built = KnowledgeGraph.from_triples(own)
    for asked in (question, opened(question)):
        here = retrieve(facts_graph(), dataclasses.replace(asked, facts=own), config)
        there = retrieve(built, asked, config)
        a, b = named(here), named(there)
        assert (a["nodes"], a["edges"], a["options"]) == (b["nodes"], b["edges"], b["options"])


@given(triples, questions, SETTINGS)
def test_the_same_question_gives_the_same_bytes(facts, question, config):
    first, second = (retrieve(build(order), opened(question), config) for order in (facts, facts[::-1]))
    for name in (field.name for field in dataclasses.fields(first)):
        a, b = getattr(first, name), getattr(second, name)
        assert np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b


def test_choice_counts_paths_as_ever(tiny_graph):
    question = Question("Where would you keep a cold penguin?", ("zoo", "desert", "oven"), answer=0)
    near, far = retrieve(tiny_graph, question, RetrievalConfig()), retrieve(tiny_graph, question)
    for name in ("path_option", "path_type", "path_value"):
        assert np.array_equal(getattr(near, name), getattr(far, name))
    assert {(o, far.keys[n]) for o, n in far.option_node.T.tolist()} == {
        (o, near.keys[n]) for o, n in near.option_node.T.tolist()
    }
    assert far.keys[: len(concepts(far, 3))] == ("cold", "penguin", "zoo", "desert", "oven")


def test_open_questions_and_those_about_facts_alone_are_read_wide(tiny_graph):
    near, far = RetrievalConfig(), RetrievalConfig(wide=True)
    answers: dict[Task, tuple[bool, bool]] = {
        "choice": (False, True),
        "open": (True, True),
        "entailment": (False, False),
        "emotion": (False, False),
    }
    for task, expected in answers.items():
        assert tuple(wide.is_wide(tiny_graph, Question("?", task=task), config) for config in (near, far)) == expected
        known = Question("?", task=task, facts=(("zorb", "IsA", "quix"),))
        assert wide.is_wide(facts_graph(), known, near) == (task in ("choice", "open"))
        assert wide.is_wide(tiny_graph, known, near) == (task == "open")


def test_a_hub_leads_nowhere_unless_it_is_asked_about(monkeypatch):
    monkeypatch.setattr(wide, "HUB", 7)
    star = [("hub", "IsA", f"leaf{i}") for i in range(7)] + [("zorb", "IsA", "hub"), ("leaf0", "IsA", "quix")]
    graph = KnowledgeGraph.from_triples([*star, ("zorb", "IsA", "leaf3")])
    assert set(retrieve(graph, Question("zorb", task="open")).keys) == {"zorb", "hub", "leaf3"}
    asked = retrieve(graph, Question("hub", task="open"))
    assert len(asked) == graph.num_nodes
    edges = named(retrieve(graph, Question("zorb", task="open")))["edges"]
    assert ("hub", "IsA", "leaf3") in edges  # a hub's edges to nodes that others lead to are there
    monkeypatch.setattr(wide, "HUB", 8)
    assert len(retrieve(graph, Question("zorb", task="open"))) == graph.num_nodes


def test_gold_is_what_the_answers_name():
    graph = KnowledgeGraph.from_triples(
        [("q1", "IsA", "q2"), ("q1", "HasA", "q3"), ("q3", "IsA", "Zorb"), ("q4", "IsA", "q1")],
        labels={"q2": "Plam", "q3": "plam", "q4": "fosk"},
        aliases=[("dinge", "q4", 0.5)],
    )

    def gold(*answers, **more):
        subgraph = retrieve(graph, Question("q1?", task="open", gold=answers, **more))
        return {subgraph.keys[node] for node in subgraph.gold}

    assert gold("Plam") == {"q2"}
    assert gold("PLAM") == {"q2", "q3"}
    assert gold("q1", "zorb", "nothing", "dinge") == {"q1", "Zorb"}
    assert gold("Krud", facts=(("Krud", "IsA", "q1"),)) == {"Krud"}
    assert not len(retrieve(graph, Question("q1?", ("Plam", "fosk"), answer=0)).gold)


def test_no_concepts(tiny_graph):
    subgraph = retrieve(tiny_graph, Question("?", task="open"))
    check(subgraph)
    assert len(subgraph) == 0


def test_threads_may_share_a_retriever(tiny_graph):
    asked = [Question(f"{a} and {b}", task="open") for a in ("penguin", "bird", "oven") for b in ("fly", "water")]
    retriever, grounder = Retriever(tiny_graph, FREE), Grounder(tiny_graph)
    alone = [named(retriever.retrieve(grounder.ground(question))) for question in asked]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            assert list(pool.map(lambda q: named(retriever.retrieve(grounder.ground(q))), asked)) == alone


def test_a_failure_leaves_the_memory_clean(tiny_graph, monkeypatch):
    retriever, grounding = Retriever(tiny_graph), Grounder(tiny_graph).ground(Question("penguin", task="open"))
    expected = named(retriever.retrieve(grounding))
    with monkeypatch.context() as patch:
        patch.setattr(wide, "_edges", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            retriever.retrieve(grounding)
    assert named(retriever.retrieve(grounding)) == expected


def test_what_only_better_connected_nodes_lead_to_is_dropped_first(monkeypatch):
    monkeypatch.setattr(wide, "HUB", 1000)
    facts = [("zorb", "IsA", "busy"), ("zorb", "IsA", "calm"), ("calm", "IsA", "answer")]
    facts += [("busy", "IsA", f"leaf{i}") for i in range(5)] + [("leaf3", "IsA", f"twig{i}") for i in range(3)]
    graph = KnowledgeGraph.from_triples(facts)

    def kept(nodes, edges=1009):
        return retrieve(graph, Question("zorb", task="open"), RetrievalConfig(wide_nodes=nodes, wide_edges=edges))

    assert list(kept(4).keys) == ["zorb", "busy", "calm", "answer"]
    assert set(kept(5).keys) == {"zorb", "busy", "calm", "answer", "leaf3"}  # the best connected of its neighbours
    edges = {edge for edge in named(kept(1009, 8))["edges"] if not edge[1].endswith("-")}
    assert edges == {*facts[:3], ("busy", "IsA", "leaf3")}
    graph = KnowledgeGraph.from_triples(facts[:-3])
    edges = {edge for edge in named(kept(1009, 8))["edges"] if not edge[1].endswith("-")}
    assert edges == {*facts[:3], ("busy", "IsA", "leaf0")}  # not the one to zorb again
