from __future__ import annotations

import pytest

from kgreason.grounding import Grounder
from kgreason.records import Edge, Path, Question
from tools.claims import evidence

STEP = Edge("penguin", "AtLocation", "zoo", 2.0)


def test_a_renaming_is_followed():
    measured = evidence.unfollowed_renamings(graphs=3)
    assert measured.value == 0


@pytest.mark.parametrize(
    ("edges", "connects", "exists"),
    [
        ((STEP,), True, True),
        ((Edge("penguin", "IsA", "bird", 4.0), Edge("bird", "AtLocation", "zoo", 1.0)), True, True),
        ((Edge("penguin", "AtLocation", "zoo", 2.5),), True, False),
        ((Edge("penguin", "UsedFor", "zoo", 2.0),), True, False),
        ((Edge("zoo", "AtLocation", "penguin", 2.0),), True, False),
        ((Edge("zoo", "AtLocation", "city", 1.0),), False, True),
        ((STEP, Edge("zoo", "AtLocation", "city", 1.0)), False, True),
        ((Edge("penguin", "IsA", "bird", 4.0), STEP), False, True),
    ],
)
def test_false_evidence_is_seen(tiny_graph, edges, connects, exists):
    grounding = Grounder(tiny_graph).ground(Question("Where is a penguin?", ("zoo", "oven")))
    assert evidence._exists(tiny_graph, Path(edges)) is exists
    assert evidence._connects(grounding, 0, Path(edges)) is connects
