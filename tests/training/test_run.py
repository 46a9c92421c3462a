from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from kgreason.errors import ConfigError
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import predict
from kgreason.retrieval import Pairs
from kgreason.tasks import write_samples
from kgreason.training.config import RunConfig, TaskConfig
from kgreason.training.run import (
    DevReport,
    TaskData,
    build_model,
    check_output,
    load_data,
    load_test,
    plan_steps,
    train,
)
from tests.models import KNOWLEDGE, moods, places, tiny_config


@pytest.fixture
def run(tiny_base, tmp_path):
    write_samples(tmp_path / "moods.jsonl", moods(211))
    write_samples(tmp_path / "places.jsonl", places(31))
    tasks = {"moods": TaskConfig(str(tmp_path / "moods.jsonl"))}
    return RunConfig(
        str(tmp_path / "out"), tasks, model=tiny_config(tiny_base, knowledge=None), device="cpu", bf16=False,
        epochs=2, steps_per_epoch=2, batch_size=4, dev_limit=7,
    )  # fmt: skip


def texts(items):
    return [question.text for question, _ in items]


def test_splits_are_apart_and_the_same_each_time(run):
    first, again = (load_data(run, Pairs)["moods"] for _ in range(2))
    parts = [texts(part) for part in (first.train, first.held_out, first.dev)]
    assert sorted(text for part in parts for text in part) == sorted(question.text for question in moods(211))
    assert all(0 < len(part) < 50 for part in parts[1:])
    assert parts == [texts(part) for part in (again.train, again.held_out, again.dev)]
    other = load_data(replace(run, seed=2), Pairs)["moods"]
    assert texts(other.held_out) == parts[1]


def test_a_dev_file_and_a_limit(run, tmp_path):
    task = TaskConfig(str(tmp_path / "moods.jsonl"), dev=str(tmp_path / "places.jsonl"), limit=13)
    found = load_data(replace(run, tasks={"moods": task}, held_out=0.0), Pairs)["moods"]
    assert (len(found.train), len(found.held_out), len(found.dev)) == (13, 0, 31)


def test_too_little_data_is_refused(run, tmp_path):
    write_samples(tmp_path / "few.jsonl", moods(1))
    with pytest.raises(ConfigError, match=r"few.jsonl leaves \d training and \d dev samples"):
        load_data(replace(run, tasks={"few": TaskConfig(str(tmp_path / "few.jsonl"))}), Pairs)


def test_test_splits(run, tmp_path):
    assert load_test(run) == {}
    task = TaskConfig(str(tmp_path / "moods.jsonl"), test=str(tmp_path / "places.jsonl"))
    assert len(load_test(replace(run, tasks={"moods": task}))["moods"]) == 31


def test_steps_of_a_pass_or_as_given(run):
    data = {"a": TaskData(Pairs(moods(9)), [], []), "b": TaskData(Pairs(moods(4)), [], [])}
    assert plan_steps(replace(run, steps_per_epoch=0, epochs=3), data) == 3 * 4
    assert plan_steps(replace(run, steps_per_epoch=5, epochs=3), data) == 15


def test_freeze(run):
    model = build_model(replace(run, freeze=("backbone", "logic.scale")))
    learning = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert learning
    assert not [name for name in learning if name.startswith("backbone.") or name == "logic.scale"]
    assert "logic.joint.weight" in learning


@pytest.mark.parametrize("name", ["backbon", "logic.scal", "knowledge", ""])
def test_freeze_of_an_unknown_name_is_refused(run, name):
    with pytest.raises(ConfigError, match=f"freeze names '{name}'") as caught:
        build_model(replace(run, freeze=(name,)))
    assert "such as backbone" in caught.value.fix


def test_a_device_that_is_not_there_is_refused(run):
    with pytest.raises(ConfigError, match="device is 'abacus'"):
        build_model(replace(run, device="abacus"))


def test_train_writes_the_model_and_its_log(run, tmp_path):
    data = load_data(run, Pairs)
    reports: list[DevReport] = []
    steps: list[tuple[str, int, int]] = []
    model = train(run, build_model(run), data, on_report=reports.append, progress=lambda *step: steps.append(step))
    assert steps == [("train", i, 4) for i in range(1, 5)]
    assert [(report.epoch, report.epochs) for report in reports] == [(1, 2), (2, 2)]
    assert all(report.score == report.tasks["moods"]["accuracy"] for report in reports)
    assert str(reports[0]).startswith("epoch 1/2  loss ")
    assert [entry["step"] for entry in json.loads((tmp_path / "out" / "log.json").read_text()) if "loss" in entry]
    again = ReasoningModel.from_pretrained(tmp_path / "out" / "model", device="cpu")
    for a, b in zip(predict(model, data["moods"].dev), predict(again, data["moods"].dev), strict=True):
        assert np.allclose(a.logits, b.logits, atol=1e-4)


def test_what_is_frozen_stays_and_the_rest_learns(run):
    fixed = replace(run, freeze=("backbone",), head_rate=1e-2)
    model = build_model(fixed)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    train(fixed, model, load_data(fixed, Pairs))
    changed = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert changed
    assert not [name for name in changed if name.startswith("backbone.")]


def test_a_checkpoint_goes_on_with_a_new_k(run, tmp_path):
    text = build_model(run)
    text.save_pretrained(tmp_path / "text")
    init = replace(run, init=str(tmp_path / "text"))
    assert build_model(init).knowledge is None
    assert build_model(replace(run, init="mini")).settings.base == "all-MiniLM-L6-v2"  # one that is shipped
    made = replace(KNOWLEDGE, graph_width=64)
    grown = build_model(replace(init, model=tiny_config(tmp_path, knowledge=made)))
    assert grown.settings.knowledge == replace(made, words=32)  # as wide as the embeddings of M
    kept = dict(text.named_parameters())
    assert torch.equal(
        dict(grown.named_parameters())["context.options.query.weight"], kept["context.options.query.weight"]
    )
    with pytest.raises(ConfigError, match="graph_width is 8, but the model was made with 64"):
        build_model(replace(init, model=tiny_config(tmp_path, knowledge=KNOWLEDGE)))


def test_a_run_is_not_written_over(run, tmp_path):
    folder = tmp_path / "out"
    with pytest.raises(ConfigError, match="no checkpoint to resume"):
        check_output(run, resume=True)
    check_output(run, resume=False)
    (folder / "checkpoint-7").mkdir(parents=True)
    with pytest.raises(ConfigError, match="holds a run already") as caught:
        check_output(run, resume=False)
    assert "--resume" in caught.value.fix
    with pytest.raises(ConfigError, match="no checkpoint to resume") as caught:
        check_output(run, resume=True)  # it was broken off before its end
    assert "Delete" in caught.value.fix
    (folder / "checkpoint-7" / "trainer_state.json").write_text('{"global_step": 7}')
    check_output(run, resume=True)
    shutil.rmtree(folder)
    (folder / "model").mkdir(parents=True)
    with pytest.raises(ConfigError, match="holds a run already"):
        train(run, build_model(run), {})


def test_a_report_in_a_line():
    report = DevReport(1, 3, 0.5, {"a": {"accuracy": 0.25}}, 0.25)
    assert str(report) == "epoch 1/3  loss 0.5000  a accuracy 0.250"


def test_steps_that_processes_cannot_share_are_refused(run, monkeypatch, tmp_path):
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(ConfigError, match="each of 3 processes"):
        train(run, build_model(run), {})
    assert not (tmp_path / "out").exists()
