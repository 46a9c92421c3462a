from __future__ import annotations

from kgreason.bench.arms import Budget
from tests.models import places
from tools.bench.cost import Costs, measure


def test_costs_are_measured_on_the_same_questions(tiny_base, tiny_graph):
    found = measure(places(12), tiny_graph, Budget(str(tiny_base), batch_size=4, max_length=32, bf16=False), few=2)
    assert set(found.parts) == set(found.few) == {"counter", "counter-nodes", "follower-nodes"}
    assert min(found.text, found.relations, *found.parts.values(), found.plain, found.factored) > 0


def test_the_dearest_form_of_k_counts():
    found = Costs(40.0, 8.0, {"a": 2.0, "b": 6.0}, {"a": 3.0, "b": 10.0}, plain=1000.0, factored=150.0)
    assert (found.share, found.times) == (15.0, 100.0)
