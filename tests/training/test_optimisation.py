from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from kgreason.errors import CheckpointError
from kgreason.training.config import RunConfig, TaskConfig
from kgreason.training.optimisation import Average, build_optimizer
from kgreason.training.practices import AverageConfig, OptimizerConfig

NAMES = {"adamw": torch.optim.AdamW, "adafactor": torch.optim.Adafactor, "radam": torch.optim.RAdam}


def layer(weight: float = 0.0) -> nn.Linear:
    made = nn.Linear(3, 2)
    nn.init.constant_(made.weight, weight)
    return made


def run_of(**more) -> RunConfig:
    return RunConfig("out", {"a": TaskConfig("a.csv")}, head_rate=0.1, optimizer=OptimizerConfig(**more))


@pytest.mark.parametrize("name", NAMES)
def test_matrices_alone_decay_whatever_the_optimiser(name):
    model = layer(1.0)
    nn.init.constant_(model.bias, 1.0)
    optimizer = build_optimizer(run_of(name=name, weight_decay=0.5), model)
    assert type(optimizer) is NAMES[name]
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    assert model.bias.tolist() == [1.0, 1.0]
    torch.testing.assert_close(model.weight.data, torch.full((2, 3), 0.95))  # 1 − rate · decay


@given(
    weights=st.lists(st.floats(-10, 10), min_size=1, max_size=17),
    start=st.sampled_from([0.0, 0.25, 1.0]),
    form=st.sampled_from(["none", "exponential", "tail"]),
)
def test_an_average_is_that_of_the_weights_of_the_steps(weights, start, form):
    model = layer()
    average = Average(AverageConfig(form, decay=0.75, start=start), model, steps=len(weights))
    for step, weight in enumerate(weights, start=1):
        nn.init.constant_(model.weight, weight)
        average.update(step)
    tail = weights[round(start * len(weights)) :] if form != "none" else []
    expected = weights[-1] if not tail else sum(tail) / len(tail)
    if form == "exponential" and tail:
        expected = tail[0]
        for weight in tail[1:]:
            expected = 0.75 * expected + 0.25 * weight
    with average.read():
        assert model.weight.flatten().tolist() == pytest.approx([expected] * 6, abs=1e-4)
    assert model.weight.flatten().tolist() == pytest.approx([weights[-1]] * 6)
    average.settle()
    assert model.weight.flatten().tolist() == pytest.approx([expected] * 6, abs=1e-4)


def test_weights_held_fixed_are_not_averaged():
    model = layer()
    model.weight.requires_grad_(False)
    average = Average(AverageConfig("tail", start=0.0), model, steps=2)
    average.update(1)
    nn.init.constant_(model.weight, 5.0)
    average.settle()
    assert model.weight.flatten().tolist() == [5.0] * 6


def test_a_kept_average_goes_on_and_what_does_not_fit_is_refused(tmp_path):
    config = AverageConfig("exponential", start=0.0)
    model = layer(3.0)
    average = Average(config, model, steps=3)
    average.update(1)
    average.save(tmp_path)
    nn.init.constant_(model.weight, 4.0)
    resumed = Average(config, model, steps=3)
    resumed.load(tmp_path)
    average.update(2)
    resumed.update(2)
    values = []
    for each in (average, resumed):
        with each.read():
            values.append(model.weight.data.clone())
    assert torch.equal(*values)
    with pytest.raises(CheckpointError, match="of other weights"):
        Average(config, nn.Linear(2, 2), steps=3).load(tmp_path)
    (tmp_path / "average.safetensors").unlink()
    lost = Average(config, model, steps=3)
    lost.load(tmp_path)
    with pytest.raises(CheckpointError, match="holds no average"):
        lost.update(2)
