from __future__ import annotations

import numpy as np

from kgreason.graph import KnowledgeGraph


def test_a_form_with_several_candidates():
    aliases = [("puppies", "dog", 0.8), ("Bank", "bank_2", 0.5), ("bank", "dog", 0.25)]
    triples = [("bank_1", "IsA", "dog"), ("bank_2", "IsA", "dog")]
    graph = KnowledgeGraph.from_triples(triples, labels={"bank_1": "bank"}, aliases=aliases)
    surfaces = graph.surfaces
    names = [(graph.key(node), prior) for node, prior in surfaces.lookup("bank")]
    assert names == [("bank_1", 1.0), ("bank_2", 0.5), ("dog", 0.25)]
    assert surfaces.form(surfaces.index("puppies")) == "puppies"
    assert surfaces.index("Puppies") == -1
    assert surfaces.longest == len("puppies")
    assert len(surfaces.slots) >= 2 * len(surfaces)


def test_an_empty_table():
    surfaces = KnowledgeGraph.from_triples([]).surfaces
    assert (len(surfaces), surfaces.longest, surfaces.lookup("x")) == (0, 0, [])


def test_arrays_are_read_only_and_of_stated_types(tiny_graph):
    surfaces = tiny_graph.surfaces
    types = {"slots": "u8", "offsets": "i8", "data": "u1", "ptr": "i8", "node": "i4", "prior": "f4"}
    for name, dtype in types.items():
        assert getattr(surfaces, name).dtype == np.dtype(dtype)
        assert not getattr(surfaces, name).flags.writeable
