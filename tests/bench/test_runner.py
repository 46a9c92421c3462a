from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from kgreason import storage
from kgreason.bench.plan import Request
from kgreason.bench.rows import PLAIN
from kgreason.bench.runner import Runner
from kgreason.bench.tables import markdown
from tests.bench.conftest import TINY, repeated, tiny_row

ASKED = Request(("T:separate", "T+K:counter-nodes"), seeds=(1,))
K = "separate.counter-nodes"


def test_text_against_text_and_graph_with_controls_end_to_end(runner):
    seen = []
    assert runner.run(ASKED, lambda row, entry: seen.append((row, entry)))
    entries = dict(seen)
    assert [row.control for row in entries] == [
        PLAIN, PLAIN, "none@test", "rewired@test", "permuted@test", "rewired", "no-direct",
    ]  # fmt: skip
    text, graph = entries[tiny_row("T")], entries[tiny_row("T+K", K)]
    assert (text["n"], text["trained_on"]) == (29, 37)
    assert text["seconds"] > 0
    assert graph["core_hours"] >= 0
    assert text["budget"]["epochs"] == 1
    # With its graph off the model is the text model, answer for answer.
    assert entries[tiny_row("T+K", K, "none@test")]["right"] == text["right"]
    logits = storage.load_npy(runner.place(tiny_row("T")) / "logits.npy")
    answers = [runner.pool.questions[row].answer for row in runner.pool.folds["test"].test]
    assert text["value"] == pytest.approx(100 * np.mean(logits.argmax(1) == answers), abs=1e-3)
    assert not list(runner.folder.rglob("checkpoint-*"))
    assert "T+K − T+K rewired" in markdown(TINY, runner.entries())
    assert repeated(runner).missing(ASKED) == []


def test_the_time_given_ends_a_call_and_the_next_goes_on(runner):
    assert not repeated(runner, seconds=0.0).run(ASKED)
    assert len(runner.missing(ASKED)) == 7
    assert runner.run(Request(("T:separate",), seeds=(1,)))


def test_rows_with_another_budget_are_other_rows(runner):
    runner.measure(tiny_row("T"))
    longer = repeated(runner)
    longer = Runner(
        TINY, runner.pool, runner.graph, replace(runner.budget, epochs=2), runner.book, runner.folder.parents[1]
    )
    assert longer.missing(Request(("T:separate",), seeds=(1,))) == [tiny_row("T")]
    assert longer.folder != runner.folder


def test_rows_of_another_checkpoint_are_measured_again(runner):
    request, row = Request(("mini",), seeds=(1,), controls=(PLAIN,)), tiny_row("mini", "")
    same = json.loads(json.dumps(runner._same))
    for checkpoint, missing in (("another", [row]), (runner._checkpoint(row), [])):
        runner.book.append(row, 50.0, checkpoint=checkpoint, **same)
        assert runner.missing(request) == missing
    assert runner.place(row).parent.parent.name == f"mini.{runner._checkpoint(row)[:8]}"


def test_the_tuning_fold_decides_what_is_scored(runner):
    values = {"separate": 10.0, "joint": 90.0, "summed": 20.0}
    same = {"budget": json.loads(json.dumps(runner._same["budget"])), "graph": runner._same["graph"]}
    for name, value in values.items():
        runner.book.append(tiny_row("T", name, fold="dev"), value, questions=runner._same["questions"], **same)
    assert [row.variant for row in runner.missing(Request(("T",), seeds=(1,)))] == ["joint"]
