from __future__ import annotations

import json

import pytest
import torch

from kgreason.retrieval import Pairs
from kgreason.training.config import RunConfig, TaskConfig
from kgreason.training.mixture import shares
from kgreason.training.plan import plan
from kgreason.training.run import TaskData
from tests.models import moods, places, tiny_model


@pytest.fixture
def found(tiny_base, tiny_graph, tmp_path):
    run = RunConfig(
        str(tmp_path / "out"), {"a": TaskConfig("a"), "b": TaskConfig("b", weight=2.0)},
        device="cpu", epochs=3, batch_size=5, temperature=2.0,
    )  # fmt: skip
    model = tiny_model(tiny_base)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    a = Pairs(places(31), tiny_graph, stored=False)
    data = {"a": TaskData(a, a[:3], a[:7]), "b": TaskData(Pairs(moods(17)), [], Pairs(moods(2)))}
    steps = []
    return plan(run, model, data, progress=lambda *step: steps.append(step)), model, before, steps


def test_sizes_steps_and_shares(found, tmp_path):
    planned, model, _, steps = found
    assert planned.steps == 3 * 10
    assert [(t.train, t.held_out, t.dev) for t in planned.tasks.values()] == [(31, 3, 7), (17, 0, 2)]
    expected = shares({"a": 31, "b": 17}, 2.0, {"b": 2.0})
    assert {name: task.share for name, task in planned.tasks.items()} == expected
    assert planned.parameters == sum(p.numel() for p in model.parameters()) > planned.trainable > 0
    assert planned.hours > 0
    assert planned.memory_gb > 0.1
    assert all(task.step_seconds > 0 and task.question_seconds > 0 for task in planned.tasks.values())
    assert steps == [("try steps", 0, 2), ("try steps", 1, 2)]
    assert json.loads(json.dumps(planned.to_dict())) == planned.to_dict()
    assert not list(tmp_path.iterdir())


def test_the_model_stays_as_it_was(found):
    _, model, before, _ = found
    assert not model.training
    assert model.backbone.autocast is None
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
