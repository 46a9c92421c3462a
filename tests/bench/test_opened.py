from __future__ import annotations

from dataclasses import replace

import pytest

from kgreason.bench.benches import BENCHES, official
from kgreason.bench.opened import METAQA_POOLS
from kgreason.bench.plan import Request
from kgreason.bench.rows import Book
from kgreason.bench.runner import Runner
from kgreason.bench.tables import markdown
from kgreason.records import Question


def places(count: int) -> list[Question]:
    """Open questions about the tiny graph; the topic is given, as in the public sets."""
    facts = (("penguin", ("zoo", "antarctica")), ("bird", ("nest", "zoo")), ("oven", ("kitchen",)))
    return [
        Question(
            f"where is {facts[i % 3][0]} {i}",
            task="open",
            gold=facts[i % 3][1],
            extra={"topic": facts[i % 3][0]},
            id=f"{i}",
        )
        for i in range(count)
    ]


@pytest.fixture
def runner(tiny_graph, budget, tmp_path, home) -> Runner:
    bench = replace(
        BENCHES["pathquestion-2hop"],
        load=lambda data, graph: [places(31), places(7), places(13)],
        part=official,
        pools={"test": ("test",)},
    )
    return Runner(bench, bench.pool(tiny_graph), tiny_graph, budget, Book(tmp_path / "b.jsonl"), tmp_path / "runs")


def test_open_questions_end_to_end(runner):
    assert runner.run(Request(("K:follower",), (1,)))
    entries = {row.control: entry for row, entry in runner.entries().items()}
    assert set(entries) == {"plain", "permuted@test"}
    assert entries["plain"]["n"] == 13
    assert {"hits1", "hits3", "hits10", "set_f1", "auroc"} <= entries["plain"].keys()
    assert entries["plain"]["value"] == entries["plain"]["hits1"]
    assert entries["plain"]["right"].count(" ") == 2  # three topics
    assert "| K − K permuted@test |" in markdown(runner.bench, runner.entries())


def test_every_fold_of_metaqa_is_shown():
    assert BENCHES["metaqa"].folds == ("1", "2", "3", "1-wordings", "2-wordings", "3-wordings")
    assert len(METAQA_POOLS) == 6
