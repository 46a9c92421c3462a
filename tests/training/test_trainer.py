from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from typing import Any

import pytest
import torch
from transformers import TrainerCallback

from kgreason.errors import CheckpointError
from kgreason.nn.lora import LoraSettings
from kgreason.records import Question
from kgreason.retrieval import Pairs
from kgreason.tasks.entailment import THREE_WAY
from kgreason.training.config import RunConfig, TaskConfig
from kgreason.training.consistency import consistency_loss, linked
from kgreason.training.mixture import Mixture
from kgreason.training.practices import (
    AdversarialConfig,
    AugmentConfig,
    AverageConfig,
    CurriculumConfig,
    DistillConfig,
    OptimizerConfig,
)
from kgreason.training.run import TaskData, build_model, train
from kgreason.training.trainer import ReasoningTrainer
from tests.models import KNOWLEDGE, moods, places, tiny_config, tiny_model
from tools.measure_resume import curve, differing
from tools.safety.attack import Place
from tools.safety.hostile import payloads

STEPS = 12


class Killed(Exception):
    """Stands for the end of a process."""


class Kill(TrainerCallback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, args, state, control, **_):
        if state.global_step == self.step:
            raise Killed


def recipe(base, folder, adapter="lora", **more):
    """12 steps of 4 questions in 2 epochs, with a checkpoint after each 5 steps too."""
    settings: dict[str, Any] = {
        "epochs": 2, "steps_per_epoch": STEPS // 2, "batch_size": 4, "save_steps": 5, "device": "cpu", "bf16": False,
    }  # fmt: skip
    lora = None if adapter == "full" else LoraSettings(rank=2, alpha=4, dropout=0.1, kind=adapter)
    settings["model"] = replace(tiny_config(base, knowledge=KNOWLEDGE), lora=lora)
    settings["tasks"] = {"places": TaskConfig("places.jsonl"), "moods": TaskConfig("moods.csv")}
    return RunConfig(str(folder), **(settings | more))


@pytest.fixture
def data(tiny_graph, home):
    graph, text = Pairs(places(23), tiny_graph), Pairs(moods(29))
    return {"places": TaskData(graph, [], graph[:5]), "moods": TaskData(text, [], text[:6])}


def kill_after(step):
    """Raises from the Trainer's callback once a step is done, before its checkpoint."""

    def progress(_, done, __):
        if done == step:
            raise Killed

    return progress


def weights(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def assert_same(whole, broken, a, b):
    """One loss curve, and one model in the end, bit for bit."""
    assert differing(curve(whole.output), curve(broken.output)) == 0
    assert a.keys() == b.keys()
    assert [name for name in a if not torch.equal(a[name], b[name])] == []


@pytest.mark.parametrize(
    ("more", "kills"),
    [
        ({}, 2),
        ({"bf16": True, "patience": 2}, 1),
        ({"steps_per_epoch": 13, "epochs": 1}, 1),
        (
            {
                "accumulate": 2,
                "optimizer": OptimizerConfig("adafactor", schedule="cosine"),
                "average": AverageConfig("tail", start=0.25),
            },
            1,
        ),
        ({"bf16": True, "adversarial": AdversarialConfig("smooth")}, 1),
        ({"adapter": "adalora"}, 2),
        ({"adapter": "ia3"}, 1),
        ({"adapter": "full"}, 1),
        (
            {
                "edge_noise": 0.5,
                "graph_dropout": 0.0,
                "curriculum": CurriculumConfig("loss"),
                "distill": DistillConfig(("teacher",)),
                "bias": 1.0,
                "augment": AugmentConfig(0.5),
            },
            1,
        ),
    ],
)
def test_a_killed_run_goes_on_bit_for_bit(tiny_base, tmp_path, data, monkeypatch, more, kills):
    monkeypatch.chdir(tmp_path)
    tiny_model(tiny_base).save_pretrained("teacher")
    whole = recipe(tiny_base, tmp_path / "whole", **more)
    a = weights(train(whole, build_model(whole), data))
    assert all(math.isfinite(loss) for loss, _ in curve(whole.output).values())

    broken = replace(whole, output=str(tmp_path / "broken"))
    steps = broken.steps_per_epoch * broken.epochs
    for kill, step in enumerate(sorted(random.Random(kills).sample(range(6, steps), kills))):
        with pytest.raises(Killed):
            train(broken, build_model(broken), data, resume=kill > 0, progress=kill_after(step))
        torch.manual_seed(99)
        torch.rand(7)  # another process has other random states
    b = weights(train(broken, build_model(broken), data, resume=True))
    assert_same(whole, broken, a, b)


def test_relations_met_on_the_way_keep_their_order(tiny_base, tmp_path, tiny_graph):
    """Sums over relations run in the order of their codes: a resumed run must not number them anew."""
    own = [
        replace(question, facts=(("penguin", f"Relation{i % 7}", "oven"), ("bird", f"Relation{i % 5}", "zoo")))
        for i, question in enumerate(places(29))
    ]
    graph = Pairs(own, tiny_graph, stored=False)
    data = {"places": TaskData(graph, [], graph[:5])}
    whole = recipe(tiny_base, tmp_path / "whole", tasks={"places": TaskConfig("places.jsonl")})
    model = build_model(whole)
    a = weights(train(whole, model, data))
    broken = replace(whole, output=str(tmp_path / "broken"))
    with pytest.raises(Killed):
        train(broken, build_model(broken), data, progress=kill_after(6))
    resumed = build_model(broken)
    b = weights(train(broken, resumed, data, resume=True))
    assert resumed.relations.names == model.relations.names
    assert_same(whole, broken, a, b)


def make(tiny_base, tmp_path, data, **more):
    run = recipe(tiny_base, tmp_path / "run", **more)
    tasks = {name: task.train for name, task in data.items()}
    mixture = Mixture(tasks, steps=STEPS, batch_size=4, seed=run.seed)
    seen = []

    def report():
        seen.append(trainer.state.global_step)
        return {"score": float(len(seen))}

    trainer = ReasoningTrainer(build_model(run), run, mixture, report)
    return trainer, seen


def test_reports_come_once_an_epoch_and_the_loss_is_the_mean_since(tiny_base, tmp_path, data):
    trainer, seen = make(tiny_base, tmp_path, data)
    assert math.isnan(trainer.loss)
    assert trainer.reports == 0
    trainer.train()
    assert seen == [STEPS // 2, STEPS]
    assert trainer.reports == 2
    logged = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert len(logged) == STEPS
    trainer.state.log_history = [{"loss": 9.0}, {"eval_score": 1.0}, {"loss": 1.0}, {"loss": 2.0}]
    assert trainer.loss == 1.5


def test_time_before_a_break_counts(tiny_base, tmp_path, data):
    trainer, _ = make(tiny_base, tmp_path, data)
    trainer.state.log_history = [{"loss": 9.0, "elapsed": 100.0}, {"eval_score": 1.0}]  # as a checkpoint brings it
    trainer.log({"loss": 1.0})
    trainer.log({"loss": 1.0})
    first, second = (entry["elapsed"] for entry in trainer.state.log_history[-2:])
    assert 100.0 < first < second


def test_a_callback_of_the_trainer_can_break_it_off(tiny_base, tmp_path, data):
    trainer, _ = make(tiny_base, tmp_path, data)
    trainer.add_callback(Kill(8))
    with pytest.raises(Killed):
        trainer.train()
    found = sorted(path.name for path in (tmp_path / "run").glob("checkpoint-*"))
    assert found == ["checkpoint-5", "checkpoint-6"]
    names = json.loads((tmp_path / "run" / "checkpoint-6" / "relations.json").read_text())
    assert "AtLocation" in names


def test_rates_and_decay_by_group(tiny_base, tmp_path, data):
    trainer, _ = make(tiny_base, tmp_path, data, learning_rate=0.25, head_rate=0.5)
    groups = trainer.create_optimizer().param_groups
    names = {id(parameter): name for name, parameter in trainer.model.named_parameters()}
    for group in groups:
        for parameter in group["params"]:
            assert parameter.requires_grad
            assert group["lr"] == (0.25 if names[id(parameter)].startswith("backbone.") else 0.5)
            assert group["weight_decay"] == (0.01 if parameter.dim() > 1 else 0.0)
    learning = [parameter for parameter in trainer.model.parameters() if parameter.requires_grad]
    assert sum(len(group["params"]) for group in groups) == len(learning)


def test_a_step_read_in_parts_is_the_step(tiny_base, tmp_path, data):
    points = []
    for parts in (1, 2):
        still = {"accumulate": parts, "learning_rate": 0.0, "head_rate": 0.0, "save_steps": 0}
        trainer, _ = make(tiny_base, tmp_path / str(parts), data, **still)
        for module in trainer.model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        trainer.train()
        points.append([v for e in trainer.state.log_history if "loss" in e for v in (e["loss"], e["grad_norm"])])
    assert len(points[0]) == 2 * STEPS
    assert points[1] == pytest.approx(points[0], rel=1e-3)


def test_reports_and_the_finished_model_read_the_average(tiny_base, tmp_path, data):
    trainer, _ = make(tiny_base, tmp_path, data, average=AverageConfig("tail", start=0.5), head_rate=1e-2)
    steps, reported = [], []

    class Watch(TrainerCallback):
        def on_step_end(self, *_, **__):
            steps.append(weights(trainer.model))

    def report():
        reported.append(weights(trainer.model))
        return {"score": 0.0}

    trainer.add_callback(Watch())
    trainer.report = report
    trainer.train()
    first, second = reported
    end = weights(trainer.model)
    for name, tensor in first.items():
        assert torch.equal(tensor, steps[STEPS // 2 - 1][name])  # averaging has not begun
        assert torch.equal(end[name], second[name])
        if tensor.is_floating_point():
            torch.testing.assert_close(end[name], torch.stack([each[name] for each in steps[STEPS // 2 :]]).mean(0))
    assert any(not torch.equal(end[name], steps[-1][name]) for name in end)


def test_patience_stops_a_run_that_gets_no_better_and_takes_the_best(tiny_base, tmp_path, data):
    run = recipe(tiny_base, tmp_path / "run", epochs=6, steps_per_epoch=2, patience=1, save_steps=0)
    mixture = Mixture({"moods": data["moods"].train}, steps=STEPS, batch_size=4, seed=1)
    scores, kept = iter([0.5, 0.75, 0.25, 0.9, 0.9, 0.9]), []

    def report():
        kept.append(weights(trainer.model))
        return {"score": next(scores)}

    trainer = ReasoningTrainer(build_model(run), run, mixture, report)
    trainer.train()
    assert len(kept) == 3
    assert all(torch.equal(kept[1][name], tensor) for name, tensor in trainer.model.state_dict().items())


def test_patience_is_kept_by_a_resumed_run(tiny_base, tmp_path, data):
    run = recipe(tiny_base, tmp_path / "run", epochs=6, steps_per_epoch=2, patience=2, save_steps=0)
    mixture = Mixture({"moods": data["moods"].train}, steps=STEPS, batch_size=4, seed=1)
    scores, seen = {2: 0.9, 4: 0.5, 6: 0.5}, []

    def start(progress=None):
        def report():
            seen.append(trainer.state.global_step)
            return {"score": scores[seen[-1]]}

        trainer = ReasoningTrainer(build_model(run), run, mixture, report, progress)
        return trainer

    with pytest.raises(Killed):
        start(kill_after(5)).train()
    trainer = start()
    trainer.train(resume_from_checkpoint=str(tmp_path / "run" / "checkpoint-4"))
    assert seen == [2, 4, 6]
    assert trainer.state.best_model_checkpoint == str(tmp_path / "run" / "checkpoint-2")


def test_rules_make_answers_hang_together(tiny_base, tmp_path):
    pairs = [
        Question(f"The bird sees {n} eggs.", THREE_WAY, "entailment", f"There are {n} eggs.", answer=n % 3)
        for n in range(12)
    ]
    data = {"pairs": TaskData(Pairs(pairs), [], Pairs(pairs[:3]))}
    more, links = linked(pairs)
    costs = []
    for weight in (0.0, 3.0):
        trainer, _ = make(tiny_base, tmp_path / str(weight), data, consistency=weight, head_rate=1e-2)
        trainer.train()
        model = trainer.model.eval()
        batch = model.collator()([(question, None) for question in (*pairs, *more)])
        with torch.no_grad():
            costs.append(float(consistency_loss(model(batch).logits, batch, links)))
    assert costs[1] < 0.8 * costs[0]


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "rng_state.pth"])
def test_code_in_the_place_of_a_state_is_refused(tiny_base, tmp_path, data, name):
    run = recipe(tiny_base, tmp_path / "run")
    with pytest.raises(Killed):
        train(run, build_model(run), data, progress=kill_after(6))
    marker = tmp_path / "marker"
    (state,) = (tmp_path / "run").glob(f"checkpoint-*/{name}")
    state.write_bytes(payloads(Place(tmp_path, "", tmp_path / "secret", marker))["pickle"])
    with pytest.raises(CheckpointError, match=state.parent.name) as refused:
        train(run, build_model(run), data, resume=True)
    assert refused.value.fix
    assert not marker.exists()
