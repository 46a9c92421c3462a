from __future__ import annotations

import polars as pl
import pytest

from kgreason.engine import Reasoner
from kgreason.graph import KnowledgeGraph
from kgreason.graph.build import build
from kgreason.graph.update import add
from kgreason.serving.graphs import Graphs
from kgreason.serving.refusals import Refusal

FACTS = pl.DataFrame({"source": ["penguin", "oven"], "relation": "AtLocation", "target": ["zoo", "kitchen"]})


def test_a_new_version_is_taken_over_and_the_old_one_stays_with_its_holders(tmp_path, reasoner):
    build(FACTS.head(1), tmp_path / "g")
    graphs = Graphs({"g": Reasoner(reasoner.model, KnowledgeGraph.open(tmp_path / "g"))})
    live = graphs.live
    held = live["g"]
    assert graphs.refresh() == ()
    add(tmp_path / "g", FACTS.tail(1))
    assert graphs.refresh() == ("g",)
    assert graphs.refresh() == ()
    assert graphs.live["g"].info["nodes"] == 4
    assert live["g"] is held
    assert held.info["nodes"] == held.graph.num_nodes == 2
    assert held.reasoner.ask("Where is a penguin?", ["zoo", "kitchen"]).graph_used


def test_a_version_that_cannot_be_read_leaves_the_old_one(tmp_path, reasoner):
    build(FACTS, tmp_path / "g")
    graphs = Graphs({"g": Reasoner(reasoner.model, KnowledgeGraph.open(tmp_path / "g"))})
    held = graphs.live["g"]
    (tmp_path / "g" / "CURRENT").write_text("v-0000\n")
    assert graphs.refresh() == ()
    assert graphs.live["g"] is held


def test_names(reasoner):
    graphs = Graphs({"none": Reasoner(reasoner.model, None)})
    assert graphs.live.names == ("none",)
    with pytest.raises(Refusal, match="no such graph"):
        graphs.live["other"]
    with pytest.raises(Refusal, match="no such graph"):
        _ = graphs.live["none"].info
    assert graphs.refresh() == ()
