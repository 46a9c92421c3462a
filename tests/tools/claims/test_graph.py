from __future__ import annotations

from tools.bench import graph, retrieval
from tools.claims.graph import CLAIMS


def test_every_target_of_the_benches_is_claimed_once():
    names = [claim.name for claim in CLAIMS]
    assert len(names) == len(set(names))
    assert {*graph.TARGETS, *retrieval.TARGETS} <= set(names)
