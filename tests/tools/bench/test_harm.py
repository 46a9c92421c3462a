from __future__ import annotations

import asyncio

import pytest

from kgreason.graph.build import build
from tests.models import opened, tiny_model
from tests.web import LOCAL
from tools.bench import harm, serve


@LOCAL
@pytest.mark.slow
def test_a_server_bears_what_is_promised(tiny_base, tiny_graph, tmp_path):
    opened(tiny_model(tiny_base)).save_pretrained(tmp_path / "model")
    build(harm.FACTS, tmp_path / "graph")
    bodies = serve.questions(tiny_graph)
    arguments = ("--model", str(tmp_path / "model"), "--graph", f"default={tmp_path / 'graph'}", "--permits", "32")
    with serve.serving(*arguments) as (address, process):
        assert asyncio.run(harm.slowed(address, bodies, 1.0, 30)).more["of"].keys() == {"200"}
        assert asyncio.run(harm.left(address, bodies, 40)).value < 5
        assert [each.value for each in asyncio.run(harm.swapped(address, tmp_path / "graph", 2))] == [0, 0]
        assert asyncio.run(harm.grown(address, process, bodies, 40)).more["last_mb"] > 1
        sent, lost = asyncio.run(harm.ended(address, process, bodies))
        assert (sent, lost) == (serve.CLIENTS, 0)
    with serve.serving(*arguments, "--workers", "2") as (address, process):
        assert serve.resident_mb(process) > 1
        assert harm.killed(address, process, bodies) < 10
