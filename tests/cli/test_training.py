from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.checkpoints import tiny_model

GOOD, BAD = ("a joy to watch", "lovely and warm", "what a delight"), ("dull and cold", "a waste of time", "so boring")


def reviews(count: int) -> str:
    rows = (
        f"{phrase} number {i},{label}"
        for i in range(count)
        for phrase, label in ((GOOD[i % 3], "good"), (BAD[i % 3], "bad"))
    )
    return "\n".join(["text,label", *rows]) + "\n"


@pytest.fixture
def run_file(tmp_path: Path, tiny_base: Path) -> Path:
    """A run of two reports of two steps over a user's own reviews."""
    (tmp_path / "reviews.csv").write_text(reviews(40))
    (tmp_path / "test.csv").write_text(reviews(5))
    file = tmp_path / "run.toml"
    file.write_text(
        f"""
output = "{tmp_path / "run"}"
epochs = 2
steps_per_epoch = 2
batch_size = 8
bf16 = false
test = true
[model]
base = "{tiny_base}"
lora = false
max_length = 32
[tasks.own]
data = "{tmp_path / "reviews.csv"}"
test = "{tmp_path / "test.csv"}"
"""
    )
    return file


def test_train_reports_every_epoch_and_ends_with_a_report_per_label(run, run_file, tmp_path):
    shown = run("train", run_file)
    assert shown.code == 0, shown.err
    for epoch in ("epoch 1/2", "epoch 2/2"):
        assert epoch in shown.out
    assert shown.out.count("loss 0.") + shown.out.count("loss 1.") + shown.out.count("loss 2.") == 2
    assert "precision     recall   f1-score    support" in shown.out
    assert "good" in shown.out
    assert f"The model is in {tmp_path / 'run' / 'model'}." in shown.out.replace("\n", " ").replace("  ", " ")
    assert (tmp_path / "run" / "model" / "config.json").is_file()

    refused = run("train", run_file)
    assert refused.code == 2
    assert "holds a run already" in refused.err
    assert "--resume" in refused.err
    assert run("train", run_file, "--resume", "--quiet").code == 0

    answer = run("emotion", "a joy to watch", "-g", "none", "-m", tmp_path / "run" / "model", "--json")
    assert answer.json()["graph_used"] is False


def test_train_as_json(run, run_file, tmp_path):
    values = run("train", run_file, "--json", "--set", "epochs=1").json()
    assert values["model"] == str(tmp_path / "run" / "model")
    (report,) = values["reports"]
    assert report["loss"] > 0
    assert set(report["tasks"]["own"]) == {"accuracy", "ece", "macro_f1"}
    (test,) = values["test"]
    assert test["n"] == 10
    assert [row["label"] for row in test["labels"]["classes"]] == ["bad", "good"]


def test_a_run_with_a_graph_reads_it(run, run_file, tiny_folder, home):
    k = 'model.knowledge={graph_width=8,nodes=false,fusion=false,relations=["IsA"]}'
    shown = run("train", run_file, "--set", f"graph={tiny_folder}", "--set", k, "--set", "epochs=1")
    assert shown.code == 0, shown.err
    assert any((home / "subgraphs").iterdir())


def test_the_plan_writes_nothing(run, run_file, tiny_folder, home, tmp_path):
    before = set(tmp_path.rglob("*"))
    shown = run("train", run_file, "--dry-run", "--set", f"graph={tiny_folder}")
    assert shown.code == 0, shown.err
    assert "4 steps of 8 questions in 2 epochs" in shown.out
    values = run("train", run_file, "--dry-run", "--json").json()
    assert values["steps"] == 4
    assert values["tasks"]["own"]["share"] == 1
    assert set(tmp_path.rglob("*")) == before
    assert not home.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--set", "epoch=1"), "unknown key epoch"),
        (("--set", "tasks.own.data=sst2"), "--data"),
        (("--set", "tasks.own.data=sst2", "--data", "nowhere"), "nowhere is not a folder"),
        (("--set", "tasks.own.data=missing.csv"), "missing.csv"),
        (("--set", "tasks.own.test=missing.csv"), "missing.csv"),
        (("--set", "model.base=no/such/base"), "no/such/base"),
        (("--set", "graph=nowhere"), "nowhere"),
        (("--resume",), "no checkpoint to resume"),
    ],
)
def test_what_is_wrong_with_a_run_is_told(run, run_file, tmp_path, monkeypatch, arguments, says):
    monkeypatch.delenv("KGREASON_DATA", raising=False)
    failed = run("train", run_file, *arguments)
    assert failed.code == 2, failed.err
    assert failed.out == ""
    assert says in failed.err
    assert not (tmp_path / "run").exists()


def test_a_missing_run_is_named(run, tmp_path):
    failed = run("train", tmp_path / "none.toml")
    assert failed.code == 2
    assert "none.toml" in failed.err


@pytest.fixture(scope="module")
def model(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "graph"
    tiny_model(tiny_base, knowledge=True).save_pretrained(folder)
    return folder


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    rows = [
        {
            "id": f"{i}",
            "task": "choice",
            "question": "Where do you keep penguins?",
            "options": ["zoo", "desert", "oven", "nest"],
            "answer": i,
        }
        for i in range(3)
    ]
    file = tmp_path / "samples.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_evaluate_compares_with_the_graph_switched_off(run, model, samples, tiny_folder, home):
    arguments = ("evaluate", samples, "-m", model, "-g", tiny_folder)
    (row,) = run(*arguments, "--json").json()
    assert row["file"] == str(samples)
    assert (row["task"], row["n"]) == ("choice", 3)
    assert set(row["hits"]) == {"1", "3"}
    assert set(row) - {"file", "task", "n", "text"} == set(row["text"])
    assert row["text"]["ece"] != row["ece"]
    shown = run(*arguments)
    assert "with graph" in shown.out
    assert f"{100 * row['accuracy']:.1f}" in shown.out
    assert run(*arguments, "--limit", "2", "--json").json()[0]["n"] == 2


def test_evaluate_takes_several_files_and_no_graph(run, model, samples, tmp_path):
    other = tmp_path / "reviews.csv"
    other.write_text(reviews(2))
    rows = run("evaluate", samples, other, "-m", model, "-g", "none", "--bf16", "--json").json()
    assert [row["task"] for row in rows] == ["choice", "emotion"]
    assert all({name: row[name] for name in row["text"]} == row["text"] for row in rows)


@pytest.mark.parametrize(
    ("content", "arguments", "says"),
    [
        ('{"task": "open", "question": "Where?", "answers": ["zoo"]}\n', (), "none of the 1 questions"),
        ("", (), "samples.jsonl"),
        ('{"task": "choice"}\n', (), "samples.jsonl, line 1"),
        ("text,label\n", ("--split", "dev"), "split 'dev'"),
    ],
)
def test_a_file_that_cannot_be_measured_is_named(run, model, tmp_path, content, arguments, says):
    file = tmp_path / "samples.jsonl"
    file.write_text(content)
    failed = run("evaluate", file, *arguments, "-m", model, "-g", "none")
    assert failed.code == 2
    assert says in failed.err


def test_predict_writes_a_line_a_sample(run, model, samples, tmp_path, tiny_folder, home):
    output = tmp_path / "answers.jsonl"
    shown = run("predict", samples, "-o", output, "-m", model, "-g", tiny_folder, "--json")
    assert shown.json() == {"path": str(output), "questions": 3}
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert [row["id"] for row in rows] == ["0", "1", "2"]
    assert all(row["choice"] == row["options"][row["index"]] for row in rows)
    assert all(sum(row["probabilities"]) == pytest.approx(1) for row in rows)
    assert "vad" not in rows[0]


@pytest.mark.data
def test_a_data_set_is_measured_by_name(run, model):
    (row,) = run("evaluate", "emobank", "-m", model, "-g", "none", "--limit", "9", "--json").json()
    assert {"pearson", "pearson_v", "pearson_a", "pearson_d"} <= set(row)
