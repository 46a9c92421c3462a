from __future__ import annotations

import sys

import numpy as np
import pytest

from kgreason.config import RetrievalConfig
from kgreason.graph import KnowledgeGraph
from kgreason.records import Grounding, Question
from kgreason.retrieval.edits import GraphView
from kgreason.retrieval.network import Network, Room
from kgreason.retrieval.wide_kernels import connect, expand

FACTS = (("zorb", "IsA", "quix"), ("zorb", "IsA", "plam"), ("quix", "Antonym", "plam"), ("plam", "HasA", "fosk"))


@pytest.fixture
def view():
    """A graph of four concepts, and a fifth that only the question knows."""
    question = Question("?", facts=(("gluv", "IsA", "zorb"),))
    return GraphView(KnowledgeGraph.from_triples(FACTS), Grounding(question, ()))


def network(view, roles=(1,)):
    return Network.of(view, np.array(roles, np.uint8), RetrievalConfig())


def ids(view, *names):
    return np.array([view.node(name) for name in names], np.int32)


def test_new_neighbours_are_marked_and_known_ones_are_not(view):
    place, found, reached = np.zeros(5, np.int32), np.empty(5, np.int32), np.array([True])
    start = ids(view, "zorb")
    place[start] = 1
    assert expand(start, network(view), sys.maxsize, 5, place, reached, found) == (3, 3, 1)
    assert set(found[:3].tolist()) == set(ids(view, "quix", "plam", "gluv").tolist())
    assert sorted(place.tolist()) == [-1, -1, -1, 0, 1]


def test_a_row_that_does_not_fit_is_left_as_it_was(view):
    place, found, reached = np.zeros(5, np.int32), np.empty(5, np.int32), np.array([True, False])
    start = ids(view, "zorb", "plam")
    place[start] = [1, 2]
    before = place.copy()
    assert expand(start[:1], network(view, (1, 2)), sys.maxsize, 1, place, reached, found) == (0, 0, 0)
    assert np.array_equal(place, before)
    assert reached.tolist() == [True, False]
    assert expand(start[:1], network(view, (1, 2)), sys.maxsize, 2, place, reached, found) == (3, 2, 1)
    assert reached.all()


def test_a_long_row_is_passed_over(view):
    place, found = np.zeros(5, np.int32), np.empty(5, np.int32)
    assert expand(ids(view, "zorb"), network(view), 2, 5, place, np.array([True]), found) == (0, 0, 1)
    assert not place.any()


def test_edges_are_written_once_as_their_relation_runs(view):
    place = np.zeros(5, np.int32)
    kept = ids(view, "zorb", "plam", "quix", "gluv")
    place[kept] = [1, 2, 3, 4]
    turn, out = np.array([1, 0, 2, 2], np.int32), Room.of(5)
    lead = kept[[1, 0]]
    assert connect(lead, turn, network(view), place, out) == (4, 2)
    names = [view.relations[code] for code in out.code[:4].tolist()]
    written = set(zip(out.source[:4].tolist(), names, out.target[:4].tolist(), strict=True))
    antonym = (1, "Antonym", 2) if kept[1] < kept[2] else (2, "Antonym", 1)
    assert written == {(0, "IsA", 2), (0, "IsA", 1), (3, "IsA", 0), antonym}
    assert np.count_nonzero(out.origin[:4]) == 1
    assert (out.weight[:4] == 1).all()
    small = Room.of(3)
    assert connect(lead, turn, network(view), place, small) == (2, 1)
