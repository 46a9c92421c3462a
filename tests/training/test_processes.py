from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import nn

from kgreason.nn.lora import LoraSettings
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import predict
from kgreason.retrieval import Pairs
from kgreason.tasks import write_samples
from kgreason.training import processes
from kgreason.training.config import RunConfig, TaskConfig, to_toml
from kgreason.training.practices import AdversarialConfig, AverageConfig
from kgreason.training.run import build_model, load_data, train
from tests.models import moods, places, tiny_config

#: A run in two processes, and in how many parts one process reads its steps: a text that questions share is perturbed
#: once a part.
PRACTICES = {
    "plain": ({}, 1),
    "perturbed": ({"adversarial": AdversarialConfig(kind="fgm")}, 2),
    "averaged, in parts": ({"average": AverageConfig("exponential"), "bias": 1.0, "accumulate": 2}, 1),
}


@pytest.fixture
def calm_base(tiny_base, tmp_path):
    """The small BERT without dropout, of which each process draws its own."""
    folder = shutil.copytree(tiny_base, tmp_path / "calm")
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def recipe(base, folder, **more):
    write_samples(folder / "moods.jsonl", moods(97))
    write_samples(folder / "places.jsonl", places(31))
    tasks = {name: TaskConfig(str(folder / f"{name}.jsonl")) for name in ("moods", "places")}
    model = replace(tiny_config(base, knowledge=None), lora=LoraSettings(rank=2, alpha=4, dropout=0.0))
    settings = {
        "output": str(folder / "one"), "epochs": 2, "steps_per_epoch": 3, "batch_size": 8, "save_steps": 2,
        "device": "cpu", "bf16": False,
    }  # fmt: skip
    return RunConfig(tasks=tasks, model=model, tracker="none", **{**settings, **more})


def launched(run, folder, *arguments):
    """The run in two processes."""
    (folder / "run.toml").write_text(to_toml(run))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command += ["-m", "kgreason", "train", str(folder / "run.toml"), "--json", *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def losses(folder):
    return [entry["loss"] for entry in json.loads((folder / "log.json").read_text()) if "loss" in entry]


def said(folder):
    """Log-probabilities: what is added to all options has no gradient but noise, which Adam makes as large as any."""
    questions = [*moods(11), *places(11)]
    found = predict(ReasoningModel.from_pretrained(folder / "model"), [(question, None) for question in questions])
    return torch.cat([torch.from_numpy(each.logits).log_softmax(0) for each in found])


@pytest.mark.slow
@pytest.mark.parametrize(("practices", "parts"), PRACTICES.values(), ids=list(PRACTICES))
def test_two_processes_come_to_what_one_comes_to(practices, parts, calm_base, tmp_path):
    one = recipe(calm_base, tmp_path, **{**practices, "accumulate": parts})
    train(one, build_model(one), load_data(one, Pairs))
    two = recipe(calm_base, tmp_path, **practices, output=str(tmp_path / "two"))
    done = launched(two, tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["model"] == str(tmp_path / "two" / "model")  # one of them tells, once
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), abs=1e-4)
    torch.testing.assert_close(said(tmp_path / "two"), said(tmp_path / "one"), atol=1e-4, rtol=1e-3)


@pytest.mark.slow
def test_two_processes_go_on_where_they_were_broken_off(calm_base, tmp_path):
    run = recipe(calm_base, tmp_path)
    assert launched(run, tmp_path).returncode == 0
    whole = losses(tmp_path / "one")
    again = launched(run, tmp_path)
    assert again.returncode != 0
    assert "holds a run already" in again.stderr
    for name in ("model", "checkpoint-6"):
        shutil.rmtree(tmp_path / "one" / name)
    assert launched(run, tmp_path, "--resume").returncode == 0
    assert losses(tmp_path / "one") == pytest.approx(whole, abs=1e-4)


def test_alone_nothing_is_added_up(monkeypatch):
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    assert (processes.count(), processes.place(), processes.place_here(), processes.first()) == (1, 0, 0, True)
    processes.wait()


@pytest.fixture
def group(tmp_path):
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path / 'meet'}", rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.enable_socket
def test_gradients_are_added_up_and_none_stays_none(group):
    layer = nn.Linear(3, 2)
    idle, held = nn.Parameter(torch.ones(5)), nn.Parameter(torch.ones(1), requires_grad=False)
    layer(torch.ones(1, 3)).sum().backward()
    processes.add_up([*layer.parameters(), idle, held])
    torch.testing.assert_close([layer.weight.grad, layer.bias.grad], [torch.ones(2, 3), torch.ones(2)])
    assert idle.grad is None
    assert held.grad is None
    assert processes.summed([1.0, 2.5], torch.device("cpu")) == [1.0, 2.5]
