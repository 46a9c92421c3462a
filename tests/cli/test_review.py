from __future__ import annotations

import io
import json

import pytest

from kgreason.tasks import read_samples, write_samples
from tests.models import places


@pytest.fixture
def call(run, checkpoint, tiny_folder, tmp_path, home, monkeypatch):
    write_samples(tmp_path / "places.jsonl", places(3))

    def review(*arguments, said=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(said))
        given = ("--below", "2", "-o", tmp_path / "out", "-g", tiny_folder, "-m", checkpoint)
        return run("review", tmp_path / "places.jsonl", *given, *arguments)

    return review


def test_verdicts_are_asked_for_and_go_on_where_they_ended(call, run, tiny_folder, tmp_path):
    listed = call("--list", "--json").json()
    assert [row["confidence"] for row in listed] == sorted(row["confidence"] for row in listed)
    shown = call("--json", said="9\n-1\n+ penguin | AtLocation | iceberg\n2\nq\n")
    assert shown.json()["left"] == 2
    assert "'9' is none of the 2 numbers" in shown.err
    again = call("--json", said="s\n\n")
    assert {name: again.json()[name] for name in ("samples", "added", "removed")} == {
        "samples": 2,
        "added": 1,
        "removed": 1,
    }
    first, last = read_samples(tmp_path / "out" / "samples.jsonl")
    assert first.options[first.answer or 0] == listed[0]["options"][1]
    assert last.options[last.answer or 0] == listed[2]["choice"]
    removed = json.loads((tmp_path / "out" / "remove.jsonl").read_text())
    assert list(removed.values()) == listed[0]["edges"][0]


def test_edits_are_what_graph_add_and_remove_read(call, run, tmp_path, facts):
    (tmp_path / "facts.tsv").write_text(
        "\n".join(["source\trelation\ttarget\tweight", *("\t".join(map(str, fact)) for fact in facts)]) + "\n"
    )
    run("graph", "build", tmp_path / "facts.tsv", "-o", tmp_path / "graph", "-q")
    call(said="-1\n+ penguin | AtLocation | iceberg\n1\nq\n")
    assert run("graph", "add", tmp_path / "graph", tmp_path / "out" / "add.jsonl", "--json").json()["added"] == 1
    assert (
        run("graph", "remove", tmp_path / "graph", tmp_path / "out" / "remove.jsonl", "--json").json()["removed"] == 1
    )


def test_verdicts_are_read_from_a_file(call, tmp_path):
    rows = [{"question": row["question"], "answer": row["options"][0]} for row in call("--list", "--json").json()]
    (tmp_path / "verdicts.jsonl").write_text("\n".join(map(json.dumps, rows)))
    shown = call("--verdicts", tmp_path / "verdicts.jsonl", "--json").json()
    assert (shown["samples"], shown["left"]) == (3, 0)


def test_verdicts_that_do_not_fit_leave_nothing_behind(call, tmp_path):
    (row, *_) = call("--list", "--json").json()
    for line in (json.dumps({"question": row["question"], "answer": "moon"}), '{"question": '):
        (tmp_path / "verdicts.jsonl").write_text(line)
        assert call("--verdicts", tmp_path / "verdicts.jsonl").code == 2
    assert not (tmp_path / "out").exists()


def test_a_log_is_reviewed_if_it_holds_texts(run, checkpoint, tmp_path):
    asked = ("ask", "Where?", "--options", "zoo", "oven", "-g", "none", "-m", checkpoint)
    run(*asked, "--audit", tmp_path / "bare")
    failed = run("review", tmp_path / "bare", "-o", tmp_path / "out")
    assert (failed.code, "--audit-text" in failed.err) == (2, True)
    run(*asked, "--audit", tmp_path / "told", "--audit-text")
    shown = run("review", tmp_path / "told", "-o", tmp_path / "out", "--list", "--below", "2")
    assert "1 of 1 answers" in shown.out
