from __future__ import annotations

import json

import pytest

from kgreason.tasks import write_samples
from tests.models import moods, places


@pytest.fixture
def samples(tmp_path, home):
    write_samples(tmp_path / "data" / "places.jsonl", places(23))
    write_samples(tmp_path / "data" / "moods.jsonl.gz", moods(11))
    (tmp_path / "data" / "notes.txt").write_text("no samples")
    return tmp_path / "data"


def test_a_folder_is_diagnosed(run, samples, checkpoint, tiny_folder, tmp_path):
    asked = ("diagnose", samples, "-o", tmp_path / "out", "-m", checkpoint, "-g", tiny_folder, "--limit", "6")
    shown = run(*asked, "--json")
    assert shown.code == 0, shown.err
    values = shown.json()
    assert [(each["file"], each["n"]) for each in values["results"]] == [("moods.jsonl.gz", 11), ("places.jsonl", 23)]
    assert json.loads((tmp_path / "out" / "diagnosis.json").read_text()) == values
    assert "places.jsonl" in (tmp_path / "out" / "diagnosis.html").read_text()
    assert "score places.jsonl" in shown.err
    quiet = run(*asked, "--quiet")
    assert quiet.code == 0
    assert quiet.err == ""
    assert "No phenomenon is surely weaker" in quiet.out


@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_a_folder_without_samples_is_refused(run, tmp_path, folder):
    (tmp_path / "empty").mkdir()
    shown = run("diagnose", tmp_path / folder, "-o", tmp_path / "out")
    assert shown.code == 2
    assert "Give a folder of sample files." in shown.err
