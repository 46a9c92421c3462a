from __future__ import annotations

import json

import pytest

from kgreason.bench import benches
from tests.bench.conftest import TINY
from tests.models import opened, places, tiny_model


@pytest.fixture
def arguments(tiny_base, tiny_folder, tmp_path, home, monkeypatch):
    """A benchmark of the tiny graph on the tiny base."""
    monkeypatch.setattr(benches, "BENCHES", {"tiny": TINY})
    monkeypatch.chdir(tmp_path)
    return ["--base", tiny_base, "--graph", tiny_folder, "--seeds", "1", "--device", "cpu", "-o", tmp_path / "b.jsonl"]


def test_rows_are_run_shown_and_not_run_again(run, arguments, tmp_path):
    command = ["bench", "tiny", *arguments, "--arms", "T:separate,T+K:counter", "--controls", "rewired@test"]
    shown = run(*command)
    assert shown.code == 0, shown.err
    assert "| T | separate | plain | 1 | 29 |" in shown.out
    assert "T+K is withheld: its controls none@test, permuted@test, rewired, no-direct are not measured." in shown.out
    lines = [json.loads(line) for line in (tmp_path / "b.jsonl").read_text().splitlines()]
    label = f"tiny+{arguments[1].name}~tiny"
    assert [line["claim"] for line in lines] == [
        f"bench {label}/T:separate/plain/test/1",
        f"bench {label}/T+K:separate.counter/plain/test/1",
        f"bench {label}/T+K:separate.counter/rewired@test/test/1",
    ]
    assert "29, 0." in shown.err
    again = run(*command, "--json")
    assert again.json()["tiny"]["test"]["withheld"] == {"T+K": ["none@test", "permuted@test", "rewired", "no-direct"]}
    assert len((tmp_path / "b.jsonl").read_text().splitlines()) == 3
    table = run("bench", "tiny", *arguments, "--table")
    assert table.out == shown.out


def test_a_plan_lists_rows_with_their_time(run, arguments, tmp_path):
    shown = run("bench", "tiny", *arguments, "--arms", "T", "--dry-run", "--json")
    assert [each["row"].split("/")[1] for each in shown.json()] == ["T:separate", "T:joint", "T:summed", "T:separate"]
    assert all(each["seconds"] > 0 for each in shown.json())
    people = run("bench", "tiny", *arguments, "--arms", "T:joint", "--dry-run")
    assert "1 rows, about" in people.out
    assert not (tmp_path / "b.jsonl").exists()


def test_the_budget_of_time(run, arguments):
    shown = run("bench", "tiny", *arguments, "--arms", "T:joint", "--budget", "0.0001")
    assert shown.code == 0
    assert "1 rows are missing" in shown.err
    assert "Nothing is measured yet." in shown.out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["squad"], "there is no benchmark 'squad'"),
        (["tiny", "--seeds", "one"], "--seeds is 'one'"),
        (["tiny", "--arms", "LLM"], "there is no arm 'LLM'"),
        (["tiny", "--controls", "reversed"], "there is no control 'reversed'"),
        (["tiny", "--limit", "1"], "Give a larger --limit."),
    ],
)
def test_bad_input_is_told(run, arguments, more, said):
    failed = run("bench", *more[:1], *arguments, *more[1:])
    assert failed.code == 2
    assert said in failed.err


def test_faithfulness_of_a_finished_model(run, arguments, tiny_base, tmp_path, monkeypatch):
    folder = tmp_path / "model"
    opened(tiny_model(tiny_base)).save_pretrained(folder)
    monkeypatch.setattr("kgreason.bench.faithful.load", lambda *_, **__: places(11))
    shown = run("bench", "faithfulness", *arguments, "--model", folder, "--json")
    assert shown.code == 0, shown.err
    assert shown.json()["questions"] == 77
    people = run("bench", "faithfulness", *arguments, "--model", folder, "--limit", "3")
    assert "of 21 choices" in people.out
    assert "contributions sum to the score" in people.out
    assert (tmp_path / "b.jsonl").exists()
