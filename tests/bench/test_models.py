from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kgreason import storage
from tests.bench.conftest import repeated, tiny_row


def test_an_interrupted_row_is_taken_up_where_it_was(runner, monkeypatch):
    whole = runner.measure(tiny_row("T", fold="dev"))

    steps = iter(range(100))

    def broken(stage: str, done: int, total: int) -> None:
        if "train" in stage and done == 4 and next(steps) == 0:
            raise KeyboardInterrupt

    monkeypatch.setattr("kgreason.bench.arms.SAVE_STEPS", 2)
    other = repeated(runner, label="other", progress=broken)
    row = replace(tiny_row("T", fold="dev"), bench="other")
    with pytest.raises(KeyboardInterrupt):
        other.measure(row)
    home = Path(other.config(row).output)
    assert list(home.glob("checkpoint-*"))
    assert other.entries() == {}
    spent = storage.read_json(home / "cost.json")[0]
    entry = other.measure(row)
    assert entry["right"] == whole["right"]
    assert entry["seconds"] > spent
    first, second = (each.trained(r).state_dict() for each, r in ((runner, tiny_row("T")), (other, row)))
    for name in first:
        torch.testing.assert_close(second[name], first[name], rtol=0, atol=0, msg=name)


def test_a_run_broken_off_before_its_first_checkpoint_begins_anew(runner):
    row = tiny_row("T")
    (Path(runner.config(row).output) / "checkpoint-2").mkdir(parents=True)
    assert runner.measure(row)["n"] == 29
