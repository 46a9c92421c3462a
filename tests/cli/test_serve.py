from __future__ import annotations

import polars as pl

from kgreason.graph import KnowledgeGraph
from kgreason.graph.build import build
from kgreason.graph.update import add
from kgreason.records import Question
from kgreason.serving.access import read_keys
from tests.web import LOCAL


def test_a_key_is_shown_once_and_kept_as_a_digest(run, tmp_path):
    path = tmp_path / "keys.json"
    values = run("key", "ann", "--keys", path, "--graph-only", "--json").json()
    assert values["name"] == "ann"
    assert values["key"] not in path.read_text()
    assert [(key.name, key.ask) for key in read_keys(path)] == [("ann", False)]
    again = run("key", "ann", "--keys", path)
    assert again.code == 2
    assert "has a key already" in again.err


def test_a_public_address_without_a_key_is_refused_before_a_model_is_loaded(run):
    failed = run("serve", "--host", "0.0.0.0", "--model", "no such model")
    assert failed.code == 2
    assert "there is no key" in failed.err


def test_what_the_log_holds_is_one_of_three(run):
    failed = run("serve", "--log-text", "some")
    assert failed.code == 2
    assert "masked" in failed.err


def test_a_graph_is_named_once(run, checkpoint):
    for graphs in (("a=none", "a=none"), ("none", "none"), ("default=none", "none"), ("a=",), ("=none",)):
        failed = run("serve", *(part for graph in graphs for part in ("--graph", graph)), "--model", checkpoint)
        assert failed.code == 2
        assert "Write NAME=DIR" in failed.err


@LOCAL
def test_versions_to_come_hide_what_the_first_one_hides(run, checkpoint, tmp_path, monkeypatch):
    hidden = ("penguin", "AtLocation", "zoo")
    facts = {"source": ["penguin", "oven"], "relation": "AtLocation", "target": ["zoo", "kitchen"]}
    build(pl.DataFrame(facts), tmp_path / "g")
    monkeypatch.setattr("kgreason.cli.serve.open_graph", lambda source, out: KnowledgeGraph.open(tmp_path / "g"))
    monkeypatch.setattr("kgreason.cli.serve.demeaning", lambda graph: [hidden])
    served = []
    monkeypatch.setattr("kgreason.serving.server.run", lambda service, *_: served.append(service))
    assert run("serve", "--port", "0", "--model", checkpoint).code == 0
    (service,) = served
    add(tmp_path / "g", pl.DataFrame({"source": ["penguin"], "relation": "IsA", "target": ["bird"]}))
    assert service.graphs.refresh() == ("default",)
    reasoner = service.graphs.live["default"].reasoner
    question = Question("Where is a penguin?", ("zoo", "bird"))
    read = reasoner.subgraph(question)
    kept = {(read.keys[s], read.keys[t]) for s, t in read.edge_index.T.tolist()}
    assert ("penguin", "bird") in kept
    assert ("penguin", "zoo") not in kept
    service.close()
