from __future__ import annotations

from dataclasses import replace

from kgreason.tasks import read_samples, write_samples
from tests.models import places


def test_select_writes_samples_that_are_still_unlabelled(run, checkpoint, tiny_folder, tmp_path, home):
    file = tmp_path / "places.jsonl"
    write_samples(file, [replace(question, answer=None) for question in places(11)] + [replace(places(1)[0], id="x")])
    shown = run("select", file, "-n", "5", "-g", tiny_folder, "-m", checkpoint, "--json")
    assert shown.json() == {"path": str(tmp_path / "places.select.jsonl"), "selected": 5, "of": 11}
    chosen = read_samples(tmp_path / "places.select.jsonl")
    doubts = [float(str(question.extra["sure"])) for question in chosen]
    assert doubts == sorted(doubts)
    assert all(question.answer is None and question.extra["guess"] in question.options for question in chosen)
    told = run("select", file, "-o", tmp_path / "other.jsonl", "--by", "entropy", "-g", "none", "-m", checkpoint)
    assert "11 of 11 unlabelled samples" in told.out
    assert len(read_samples(tmp_path / "other.jsonl")) == 11


def test_what_cannot_be_selected_is_named(run, checkpoint, tmp_path):
    write_samples(tmp_path / "a.jsonl", places(2))
    failed = run("select", tmp_path / "a.jsonl", "-g", "none", "-m", checkpoint)
    assert failed.code == 2
    assert "without an answer" in failed.err
    assert run("select", tmp_path / "a.jsonl", "--by", "luck").code == 2


def test_sure_answers_become_labels(run, checkpoint, tmp_path, home):
    file = tmp_path / "places.jsonl"
    write_samples(file, [replace(question, answer=None) for question in places(11)] + [replace(places(1)[0], id="x")])
    shown = run("label", file, "--above", "0", "-g", "none", "-m", checkpoint, "--json")
    assert shown.json() == {"path": str(tmp_path / "places.label.jsonl"), "labelled": 11, "of": 11}
    assert all(question.labelled for question in read_samples(tmp_path / "places.label.jsonl"))
    none = run("label", file, "--above", "1", "-o", tmp_path / "none.jsonl", "-g", "none", "-m", checkpoint)
    assert "0 of 11 unlabelled samples" in none.out
    assert run("label", file, "--above", "2").code == 2
