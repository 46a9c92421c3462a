from __future__ import annotations

import threading

from kgreason.config import RetrievalConfig
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.records import Question
from kgreason.retrieval import Retriever
from kgreason.retrieval.network import Room
from kgreason.retrieval.scratch import Scratch
from tests.retrieval.oracle import named


def test_it_grows_and_never_shrinks():
    scratch = Scratch()
    scratch.fit(7, 13)
    assert len(scratch.near) == len(scratch.lists.head) == len(scratch.lists.place) == 7
    assert len(scratch.lists.following) >= 13
    held = scratch.near
    scratch.fit(5, 11)
    assert scratch.near is held


def test_every_thread_has_its_own():
    scratch, seen = Scratch(), []
    threads = [threading.Thread(target=lambda: seen.append(scratch.table.keys)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(table) for table in [*seen, scratch.table.keys]}) == 3


def test_kernels_leave_it_as_they_found_it(tiny_graph):
    retriever = Retriever(tiny_graph)
    subgraph = retriever.retrieve(Grounder(tiny_graph).ground(Question("cold penguin bird", ("zoo", "hot oven"))))
    retriever.paths(subgraph, 0)
    scratch = retriever._scratch
    assert not scratch.near.any()
    assert not scratch.lists.place.any()
    assert (scratch.lists.head == -1).all()
    assert (scratch.table.keys == -1).all()


def test_small_memory_grows_until_all_types_and_edges_fit():
    facts = [
        (a, f"r{i}{a}", f"{b}{i}") if a == "zorb" else (f"{b}{i}", f"r{i}{a}", a)
        for i in range(31)
        for a, b in (("zorb", "m"), ("quix", "m"))
    ]
    graph, config = KnowledgeGraph.from_triples(facts), RetrievalConfig(max_edges=100_000)
    grounding = Grounder(graph).ground(Question("zorb", ("quix",)))
    plain, tight = Retriever(graph, config), Retriever(graph, config)
    tight._scratch.fit_types(2)
    tight._scratch.edges = Room.of(1)
    expected, found = named(plain.retrieve(grounding)), named(tight.retrieve(grounding))
    assert len(expected["paths"]) == 31
    assert len(expected["edges"]) == 124
    assert found == expected
