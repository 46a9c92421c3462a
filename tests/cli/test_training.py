from __future__ import annotations

import json

import pytest

from kgreason.tasks import load, write_samples
from tests.models import moods, places, tiny_model


@pytest.fixture
def samples(tmp_path, home):
    write_samples(tmp_path / "places.jsonl", places(31))
    rows = [f'"{question.text}",{question.options[question.answer or 0]}' for question in moods(43)]
    (tmp_path / "moods.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    return tmp_path


@pytest.fixture
def recipe(samples, tiny_base, tiny_folder):
    """Two steps on two tasks, with a graph."""
    path = samples / "run.toml"
    path.write_text(f"""
output = "{samples / "out"}"
graph = "{tiny_folder}"
epochs = 1
steps_per_epoch = 2
batch_size = 3
held_out = 0.1
device = "cpu"
bf16 = false

[model]
base = "{tiny_base}"
max_length = 32
lora = {{ rank = 2, alpha = 4, dropout = 0.0 }}
knowledge = {{ graph_width = 8, heads = 2, relations = ["AtLocation", "IsA"] }}

[tasks.places]
data = "{samples / "places.jsonl"}"
test = "{samples / "places.jsonl"}"

[tasks.moods]
data = "{samples / "moods.csv"}"
""")
    return path


def test_train_resume_and_no_overwriting(run, recipe, samples):
    shown = run("train", recipe, "--set", "test=true", "--json")
    assert shown.code == 0
    values = shown.json()
    assert values["model"] == str(samples / "out" / "model")
    assert (samples / "out" / "model" / "config.json").is_file()
    (report,) = values["reports"]
    assert set(report["tasks"]) == {"places", "moods"}
    (test,) = values["test"]
    assert (test["task"], test["n"]) == ("places", 31)
    assert "No test split: moods." in shown.err

    failed = run("train", recipe)
    assert failed.code == 2
    assert "holds a run already" in failed.err
    assert "--resume" in failed.err

    again = run("train", recipe, "--resume")
    assert again.code == 0
    assert f"The model is in {samples / 'out' / 'model'}." in " ".join(again.out.split()).replace("/ ", "/")

    answered = run("ask", "Where is a penguin?", "--options", "zoo", "oven", "-g", "none", "-m", values["model"])
    assert answered.code == 0


def test_train_shows_loss_and_figures_of_every_epoch_and_a_report_per_label(run, recipe, samples):
    settings = (
        "graph=none",
        f"output={samples / 'text'}",
        "epochs=2",
        "test=true",
        f"tasks.moods.test={samples / 'moods.csv'}",
    )
    shown = run("train", recipe, *(part for setting in settings for part in ("--set", setting)))
    assert shown.code == 0, shown.err
    for epoch in ("epoch 1/2   loss ", "epoch 2/2   loss "):
        assert epoch in shown.out
    assert shown.out.count("dev score") == 2
    assert "loss nan" not in shown.out
    assert "precision     recall   f1-score    support" in shown.out
    assert "positive" in shown.out
    assert "moods, test: accuracy" in shown.out


def test_a_dry_run_writes_nothing(run, recipe, samples):
    before = sorted(samples.rglob("*"))
    shown = run("train", recipe, "--dry-run")
    assert shown.code == 0
    assert "2 steps of 3 questions in 1 epochs" in shown.out
    assert "subgraphs" not in {path.name for path in samples.rglob("*")}
    values = run("train", recipe, "--dry-run", "--json").json()
    assert values["steps"] == 2
    assert values["trainable"] < values["parameters"]
    assert set(values["tasks"]) == {"places", "moods"}
    assert sorted(samples.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--set", "epoch=1"], "unknown key epoch"),
        (["--set", "epochs"], "--set got 'epochs'"),
        (["--set", "epochs=0"], "epochs is 0"),
        (["--set", "epochs=1\nbatch_size=2"], "holds more than one value"),
        (["--set", 'freeze=["nothing"]'], "freeze names 'nothing'"),
        (["--set", "device=abacus"], "device is 'abacus'"),
        (["--resume"], "no checkpoint to resume"),
        (["--set", "tasks.moods.data=none.csv"], "none.csv"),
        (["--set", "model.max_length=129"], "max_length is 129"),
        (["--set", "tasks.moods.data=sst2"], "--data"),
        (["--set", "tasks.moods.data=sst2", "--data", "nowhere"], "nowhere is not a folder"),
        (["--set", "tasks.moods.test=none.csv", "--set", "test=true"], "none.csv"),
        (["--set", "graph=nowhere"], "nowhere"),
    ],
)
def test_what_is_wrong_with_a_run_is_told(run, recipe, samples, monkeypatch, arguments, says):
    monkeypatch.delenv("KGREASON_DATA", raising=False)
    failed = run("train", recipe, *arguments)
    assert failed.code == 2
    assert says in " ".join(failed.err.split())
    assert failed.out == ""
    assert not (samples / "out").exists()


def test_a_recipe_that_is_not_there(run, tmp_path):
    failed = run("train", tmp_path / "none.toml")
    assert failed.code == 2
    assert "none.toml" in failed.err


def test_evaluate(run, samples, checkpoint, tiny_folder):
    files = (samples / "places.jsonl", samples / "moods.csv")
    shown = run("evaluate", *files, "-g", tiny_folder, "-m", checkpoint)
    assert shown.code == 0
    assert all(word in shown.out for word in ("with graph", "without", "accuracy", "95 % interval"))
    rows = run("evaluate", *files, "-g", tiny_folder, "-m", checkpoint, "--limit", "7", "--json").json()
    assert [(row["task"], row["n"]) for row in rows] == [("choice", 7), ("emotion", 7)]
    assert rows[0]["accuracy"] >= rows[0]["text"]["accuracy"]


def test_several_models_are_measured_together(run, samples, checkpoint, tiny_base, tiny_folder, tmp_path):
    tiny_model(tiny_base, knowledge=None).save_pretrained(tmp_path / "text")
    asked = ("evaluate", samples / "places.jsonl", "-g", tiny_folder, "-m", checkpoint, "--json")
    (alone,), (both,) = run(*asked).json(), run(*asked, "-m", tmp_path / "text").json()
    assert both["n"] == alone["n"] == 31
    assert both["accuracy"] == alone["accuracy"]  # the other one has no opinion of its own
    assert both["ece"] != alone["ece"]


def test_evaluate_needs_truth_and_files(run, samples, checkpoint):
    blind = samples / "blind.jsonl"
    blind.write_text('{"task": "choice", "question": "Where?", "options": ["a", "b"]}\n')
    failed = run("evaluate", blind, "-g", "none", "-m", checkpoint)
    assert failed.code == 2
    assert "says its answer" in " ".join(failed.err.split())
    assert run("evaluate", samples / "none.jsonl", "-g", "none", "-m", checkpoint).code == 2
    assert run("evaluate", "-g", "none", "-m", checkpoint).code == 2
    failed = run("evaluate", blind, "--split", "dev", "-g", "none", "-m", checkpoint)
    assert "split 'dev'" in failed.err


@pytest.mark.data
def test_a_data_set_is_measured_by_name(run, checkpoint):
    asked = ("evaluate", "emobank", "-m", checkpoint, "-g", "none", "--limit", "9", "--bf16", "--json")
    (row,) = run(*asked).json()
    assert {"pearson", "pearson_v", "pearson_a", "pearson_d"} <= set(row)


def test_predict(run, samples, checkpoint, tiny_folder):
    out = samples / "answers.jsonl"
    asked = ("predict", samples / "places.jsonl", "-o", out, "-g", tiny_folder, "-m", checkpoint)
    shown = run(*asked)
    assert shown.code == 0
    assert "31 answers in" in shown.out
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["id"] for row in rows] == [question.id for question in places(31)]
    assert all(abs(sum(row["probabilities"]) - 1) < 1e-6 for row in rows)
    assert run(*asked, "--limit", "5", "--json").json() == {"path": str(out), "questions": 5}
    again = out.read_bytes()
    run(*asked, "--limit", "5")
    assert out.read_bytes() == again


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(("name", "train", "judged"), [("isear", "train", "train"), ("c3-zh", "train", "dev")])
def test_own_labels_in_either_language_need_no_code(run, tmp_path, tiny_base, data_dir, name, train, judged):
    """Seven feelings in English, and options in Chinese that are other ones in every question, as a user's files."""
    write_samples(tmp_path / "own.jsonl", load(name, train, data=data_dir)[:200])
    write_samples(tmp_path / "judged.jsonl", load(name, judged, data=data_dir)[-50:])
    (tmp_path / "run.toml").write_text(f"""
output = "{tmp_path / "out"}"
epochs = 1
steps_per_epoch = 3
device = "cpu"
model = {{ base = "{tiny_base}", max_length = 64, lora = false, knowledge = false }}
tasks.own = {{ data = "{tmp_path / "own.jsonl"}", test = "{tmp_path / "judged.jsonl"}" }}
""")
    assert run("train", tmp_path / "run.toml", "--set", "test=true").code == 0
    own = ("-m", tmp_path / "out" / "model", "-g", "none")
    (row,) = run("evaluate", tmp_path / "judged.jsonl", *own, "--json").json()
    assert row["n"] == 50
    assert 0 <= row["accuracy"] <= 1
    assert run("predict", tmp_path / "judged.jsonl", "-o", tmp_path / "answers.jsonl", *own).code == 0
    answers = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
    assert all(answer["choice"] in answer["options"] for answer in answers)
    assert len(answers) == 50
