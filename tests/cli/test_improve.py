from __future__ import annotations

import json

import pytest

from kgreason.tasks import write_samples
from kgreason.training.config import load_run
from tests.models import DENIED, WORDS, moods, reviewer, reviews

FILMS = tuple(f"film {letter}" for letter in "abcdefghijklmnop")
RUN = """
output = "unused"
epochs = 1
steps_per_epoch = 2
batch_size = 4
bf16 = false
device = "cpu"
[tasks.reviews]
data = "{}"
"""


@pytest.fixture(scope="module")
def checkpoint(tiny_base, tmp_path_factory):
    """A model that never read a review with a denial."""
    folder = tmp_path_factory.mktemp("checkpoints") / "positive"
    reviewer(tiny_base, reviews(WORDS, ["The {} was {}."], FILMS[:8])).save_pretrained(folder)
    return folder


@pytest.fixture
def samples(tmp_path, home):
    plain, denied = (
        reviews(words, [form], FILMS) for words, form in ((WORDS, "The {} was {}."), (DENIED, "The {} was not {}."))
    )
    write_samples(tmp_path / "data" / "reviews.jsonl", [*plain[64:], *denied[64:]])
    write_samples(tmp_path / "pool.jsonl", [*plain[:64], *denied[:64]])
    (tmp_path / "run.toml").write_text(RUN.format(tmp_path / "pool.jsonl"))
    return tmp_path


def test_a_diagnosis_proposes_the_next_run(run, samples, checkpoint):
    asked = ("diagnose", samples / "data", "-o", samples / "out", "-m", checkpoint, "-g", "none", "--limit", "1")
    shown = run(*asked, "--propose", samples / "run.toml", "--json")
    assert shown.code == 0, shown.err
    toml = samples / "out" / "proposal.toml"
    assert shown.json()["proposal"] == str(toml)
    planned = load_run(toml)
    assert (planned.init, list(planned.tasks)) == (str(checkpoint), ["reviews", "weak"])
    assert "not" in (samples / "out" / "weak.jsonl").read_text()
    trained = run("train", toml, "--json")
    assert trained.code == 0, trained.err


def test_a_model_is_improved(run, samples, checkpoint):
    asked = ("improve", samples / "data", "-o", samples / "out", "-m", checkpoint, "-g", "none")
    shown = run(*asked, "--run", samples / "run.toml", "--rounds", "1")
    assert shown.code == 0, shown.err
    assert "Round 1: negation in reviews.jsonl, with" in shown.out
    assert "everything else" in shown.out
    assert "The model is " in shown.out
    again = run(*asked, "--run", samples / "run.toml", "--rounds", "1", "--json")
    assert again.code == 0, again.err
    written = json.loads((samples / "out" / "improve.json").read_text())
    assert again.json() == {key: value for key, value in written.items() if key != "setup"}
    other = run(*asked, "--run", samples / "run.toml", "--set", "seed=2")
    assert other.code == 2
    assert "holds a loop of another run" in other.err


def test_where_nothing_is_weak_that_is_said(run, samples, checkpoint):
    write_samples(samples / "moods" / "moods.jsonl", moods(60))
    asked = (samples / "moods", "-o", samples / "out", "-m", checkpoint, "-g", "none")
    shown = run("improve", *asked, "--run", samples / "run.toml")
    assert shown.code == 0, shown.err
    assert "Round 1. Not kept: nothing is surely weak that could be trained on." in shown.out
    shown = run("diagnose", *asked, "--propose", samples / "run.toml", "--limit", "1")
    assert shown.code == 0, shown.err
    assert "No run is proposed." in shown.out
