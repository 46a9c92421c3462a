from __future__ import annotations

from pathlib import Path

from kgreason.tasks import read_samples
from kgreason.training.config import RunConfig, TaskConfig, load_run
from tools import make_mini


def test_the_files_of_a_run_are_made_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(make_mini, "TEXTS", {"train": (6, 1), "dev": (3, 2)})
    run = RunConfig("runs/a", {"told": TaskConfig("runs/stories/train.jsonl"), "csqa": TaskConfig("commonsenseqa")})
    make_mini.make_data(run, None)
    made = tmp_path / "runs/stories/train.jsonl"
    assert len(read_samples(made)) == 6
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["stories"]
    made.write_text("kept")
    make_mini.make_data(run, None)
    assert made.read_text() == "kept"


def test_every_recipe_can_be_read_and_its_folders_be_made():
    known = {*make_mini.QUIZZES, *make_mini.DRAWN, "runs", "."}
    for recipe in make_mini.RECIPES.glob("*.toml"):
        for task in load_run(recipe).tasks.values():
            assert str(Path(task.data).parent) in known
