from __future__ import annotations

from pathlib import Path

from kgreason.records import Question
from kgreason.tasks import read_samples
from kgreason.training.config import RunConfig, TaskConfig, load_run
from tools import make_mini


def test_the_files_of_a_run_are_made_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(make_mini.DRAWN, "runs/told", lambda split, data: iter([Question(split, ("a", "b"))]))
    run = RunConfig("runs/a", {"told": TaskConfig("runs/told/train.jsonl"), "csqa": TaskConfig("commonsenseqa")})
    make_mini.make_data(run, None)
    made = tmp_path / "runs/told/train.jsonl"
    assert [question.text for question in read_samples(made)] == ["train"]
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["told"]
    made.write_text("kept")
    make_mini.make_data(run, None)
    assert made.read_text() == "kept"


def test_every_recipe_can_be_read_and_its_folders_be_made():
    known = {*make_mini.QUIZZES, *make_mini.DRAWN, "runs", "."}
    for recipe in make_mini.RECIPES.glob("*.toml"):
        for task in load_run(recipe).tasks.values():
            assert str(Path(task.data).parent) in known
