from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.bench.rows import PLAIN, Outcome, Row, default_book
from kgreason.errors import FormatError, InputError

ROW = Row("csqa@110", "T+K", "separate.counter", "rewired@test", "in-house", 3)


def test_a_row_is_found_by_its_name():
    assert ROW.id == "bench csqa@110/T+K:separate.counter/rewired@test/in-house/3"
    assert Row.parse(ROW.id) == ROW
    assert Row.parse(Row("csqa", "zero-shot", "", PLAIN, "0", 1).id).variant == ""


@pytest.mark.parametrize(
    "text", ["mini training hours", "bench csqa/T:/plain/1", "bench csqa/T/plain/1/1", "bench a/T:/p/1/x"]
)
def test_what_names_no_row_is_refused(text):
    with pytest.raises(InputError, match="names no row"):
        Row.parse(text)


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=7), min_size=1, max_size=11))
def test_outcomes_survive_the_book(clusters):
    right = np.array([one for cluster in clusters for one in cluster])
    cluster = np.repeat(np.arange(len(clusters)), [len(each) for each in clusters])
    found = Outcome.parse(str(Outcome(right, 5 * cluster)))
    assert found.right.tolist() == right.tolist()
    assert found.cluster.tolist() == cluster.tolist()


def test_the_newest_entry_counts_and_other_lines_stay(book):
    other = {"claim": "mini training hours", "value": 1.056}
    book.path.write_text(json.dumps(other) + "\n")
    book.append(ROW, 40.0)
    book.append(Row("csqa@110", "T", "separate", PLAIN, "1", 1), 41.0)
    entry = book.append(ROW, 42.0, n=7)
    assert {row: each["value"] for row, each in book.rows().items()}[ROW] == 42.0
    assert list(book.rows())[-1] == ROW
    assert book.rows("obqa") == {}
    lines = [json.loads(line) for line in book.path.read_text().splitlines()]
    assert lines[0] == other
    assert lines[-1] == entry
    assert {"commit", "date", "command", "n"} <= entry.keys()


def test_only_rows_measured_alike_are_put_together(book):
    first = Row("csqa", "T", "separate", PLAIN, "1", 1)
    book.append(first, 1.0, budget={"epochs": 3}, graph="a", questions="q")
    book.append(Row("csqa", "T", "joint", PLAIN, "1", 1), 2.0, budget={"epochs": 1}, graph="a", questions="q")
    assert [row.variant for row in book.alike("csqa")] == ["joint"]
    assert list(book.alike("csqa", {"budget": {"epochs": 3}})) == [first]


def test_a_damaged_line_is_named(book):
    book.path.write_text('{"claim": "a"}\n{"claim"\n')
    with pytest.raises(FormatError, match="line 2"):
        book.rows()


def test_results_go_where_they_are_told(tmp_path):
    assert default_book(tmp_path / "a.jsonl") == tmp_path / "a.jsonl"
    assert default_book().parts[-2:] == ("docs", "results.jsonl")


def test_outside_a_checkout_a_place_is_asked_for(monkeypatch):
    monkeypatch.setattr("kgreason.bench.rows._root", lambda: None)
    with pytest.raises(InputError, match="--output"):
        default_book()


@pytest.mark.parametrize(
    "places", [["--output", "b.jsonl", "--data", "d"], ["-o", "b.jsonl"], ["--runs=/r", "--data=/d"]]
)
def test_a_command_names_no_place_of_this_machine(book, monkeypatch, places):
    monkeypatch.setattr("sys.argv", ["kgreason", "bench", "csqa", *places, "--seeds", "1"])
    assert book.note("a figure", 1.0)["command"] == "kgreason bench csqa --seeds 1"
