from __future__ import annotations

import asyncio
import itertools
import json

import polars as pl
import pytest

from kgreason.graph.build import build
from tests.models import opened, tiny_model
from tests.web import LOCAL
from tools.bench import serve


def test_no_two_questions_are_alike(tiny_graph):
    made = list(itertools.islice(serve.questions(tiny_graph), 20))
    assert len(set(made)) == 20
    assert all(len(set(json.loads(body)["options"])) == 3 for body in made)


def test_figures_of_a_load():
    load = serve.Load(took=2.0)
    for milliseconds in range(1, 102):
        load.add(200, milliseconds / 1000)
    load.add(429, 0.001)
    assert load.rate == 50.5
    assert load.counts == {"200": 101, "429": 1}
    assert load.milliseconds(200, 0.5) == pytest.approx(51)
    assert load.milliseconds(200, 0.99) == pytest.approx(100)
    load = serve.Load(took=8.0, answered=[0.5, *(3 + i / 10 for i in range(50))])
    assert load.reached(9.9) == 3.0
    assert load.reached(11) == load.took


@LOCAL
@pytest.mark.slow
def test_a_server_is_asked_and_strained(tiny_base, tiny_graph, facts, tmp_path):
    opened(tiny_model(tiny_base)).save_pretrained(tmp_path / "model")
    build(pl.DataFrame(facts, schema=["source", "relation", "target", "weight"], orient="row"), tmp_path / "graph")
    bodies = serve.questions(tiny_graph)
    arguments = ("--model", str(tmp_path / "model"), "--graph", f"default={tmp_path / 'graph'}", "--permits", "2")
    with serve.serving(*arguments) as (address, process):
        load = asyncio.run(serve.steady(address, bodies, 1.0, clients=2))
        assert set(load.counts) == {"200"}
        assert load.rate > 1
        strained = asyncio.run(serve.overload(address, bodies, 1.0, 20 * load.rate))
        assert set(strained.counts) == {"200", "429"}
        assert serve.resident_mb(process) > 1
