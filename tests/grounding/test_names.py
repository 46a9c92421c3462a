from __future__ import annotations

import pytest

from kgreason.grounding.names import local_names, local_surfaces, namesakes, resolve


@pytest.mark.parametrize("name", ["penguin", "Penguin", " PENGUIN "])
def test_a_key_or_any_spelling_of_a_label_is_resolved(tiny_graph, name):
    assert resolve(tiny_graph, name) == tiny_graph.find("penguin")


def test_a_key_goes_before_a_label():
    from kgreason.graph import KnowledgeGraph

    graph = KnowledgeGraph.from_triples([("Ant", "IsA", "x"), ("ant", "IsA", "y"), ("ant", "IsA", "z")])
    assert resolve(graph, "Ant") == graph.find("Ant")
    assert resolve(graph, "ANT") == graph.find("ant")


def test_namesakes_are_all_concepts_of_one_label():
    from kgreason.graph import KnowledgeGraph

    labels = {"q1": "Paris", "q2": "paris", "q3": "Paris", "q4": "Rome"}
    graph = KnowledgeGraph.from_triples([("q1", "IsA", "q4")], labels=labels, aliases=[("roma", "q4", 0.5)])
    found = {name: {graph.key(node) for node in namesakes(graph, name)} for name in ("Paris", "PARIS", "q4", "roma")}
    assert found == {"Paris": {"q1", "q3"}, "PARIS": {"q1", "q2", "q3"}, "q4": {"q4"}, "roma": set()}


def test_names_the_graph_does_not_know_keep_their_first_spelling(tiny_graph):
    facts = [("Zorblax", "IsA", "bird"), ("zorblax", "LivesIn", "the Quix"), ("penguin", "IsA", "zoo")]
    assert local_names(tiny_graph, facts) == {"zorblax": "Zorblax", "the quix": "the Quix"}


def test_a_name_is_found_at_its_place():
    surfaces = local_surfaces(["quix", "é", "ant"])
    assert [surfaces.lookup(name) for name in ("quix", "é", "ant", "bee")] == [[(0, 1.0)], [(1, 1.0)], [(2, 1.0)], []]
    assert len(surfaces.slots) >= 2 * len(surfaces)
