from __future__ import annotations

import numpy as np

from kgreason.config import RetrievalConfig
from kgreason.records import Grounding, Question
from kgreason.retrieval.edits import GraphView
from kgreason.retrieval.network import Network, Room


def test_it_holds_the_image_and_what_the_configuration_leaves_out(tiny_graph):
    view = GraphView(tiny_graph, Grounding(Question("?"), ()))
    role = np.array([1, 2], np.uint8)
    net = Network.of(view, role, RetrievalConfig(direct=False))
    assert net.ptr is tiny_graph.ptr
    assert np.array_equal(net.halves[net.weight], tiny_graph.weight.astype(np.float32))
    assert np.array_equal(net.hidden, np.tile(tiny_graph.is_negated, 2))
    assert not net.direct
    assert not Network.of(view, role, RetrievalConfig(negated=True)).hidden.any()


def test_codes_make_room_for_relations_that_an_edit_brings(tiny_graph):
    view = GraphView(tiny_graph, Grounding(Question("?"), ()), [("penguin", "NewlyNamed", "zoo")])
    net, count = Network.of(view, np.empty(0, np.uint8), RetrievalConfig()), len(tiny_graph.relations)
    assert net.codes.tolist() == [*range(count), *range(count + 1, 2 * count + 1)]
    assert net.patched.tolist() == sorted(tiny_graph.resolve(name) for name in ("penguin", "zoo"))


def test_room_is_as_large_as_asked_for():
    assert [len(column) for column in Room.of(7)] == [7] * 5
