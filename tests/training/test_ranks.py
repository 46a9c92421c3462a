from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from kgreason.errors import CheckpointError
from kgreason.nn.lora import LoraSettings
from kgreason.nn.model import ReasoningModel
from kgreason.training.ranks import RANKS, Ranks, orthogonality
from tests.models import tiny_config

STEPS = 20


@pytest.fixture
def model(tiny_base) -> ReasoningModel:
    torch.manual_seed(4)
    config = replace(tiny_config(tiny_base, knowledge=None), lora=LoraSettings(rank=4, alpha=4, kind="adalora"))
    return ReasoningModel.create(config)


def values(model):
    return {name: p for name, p in model.named_parameters() if ".lora_E." in name}


def follow(model, ranks, steps):
    """Steps whose gradients are larger the later a layer stands; ranks left after each."""
    left = []
    for step in steps:
        for place, (name, parameter) in enumerate(model.named_parameters()):
            if ".lora_" in name:
                random = torch.Generator().manual_seed(1000 * step + place)
                parameter.grad = place * torch.randn(parameter.shape, generator=random)
                parameter.data += 0.001 * parameter.grad
        ranks.update(step)
        left.append(sum(int((value != 0).sum()) for value in values(model).values()))
    return left


def test_ranks_fall_to_the_mean_asked_for_and_stay_where_they_matter(model):
    left = follow(model, Ranks(model, STEPS), range(1, STEPS + 1))
    layers = len(values(model))
    assert left[:2] == [6 * layers] * 2
    assert left[2:14] == sorted(left[2:14], reverse=True)
    assert left[13:] == [4 * layers] * 7
    by_layer = [int((value != 0).sum()) for value in values(model).values()]
    half = layers // 2
    assert sum(by_layer[half:]) > sum(by_layer[:half])


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_the_shortest_runs_come_to_it_too(model, steps):
    assert follow(model, Ranks(model, steps), range(1, steps + 1))[-1] == 4 * len(values(model))


def test_without_a_gradient_a_layer_counts_for_nothing(model):
    ranks = Ranks(model, STEPS)
    follow(model, ranks, [1])
    model.zero_grad()
    ranks.update(2)


def test_singular_vectors_are_drawn_to_be_orthogonal(model):
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=20.0)
    before = orthogonality(model).item()
    for _ in range(20):
        optimizer.zero_grad()
        orthogonality(model).backward()
        optimizer.step()
    assert orthogonality(model).item() < before / 2
    for name, parameter in model.backbone.model.named_parameters():
        if ".lora_A." in name:
            torch.nn.init.orthogonal_(parameter)
        if ".lora_B." in name:
            torch.nn.init.orthogonal_(parameter)
    assert orthogonality(model).item() == pytest.approx(0.0, abs=1e-5)


def test_other_adapters_are_left_alone(tiny_base, tmp_path):
    other = ReasoningModel.create(tiny_config(tiny_base, knowledge=None))
    ranks = Ranks(other, STEPS)
    ranks.update(3)
    ranks.save(tmp_path)
    ranks.load(tmp_path)
    assert not list(tmp_path.iterdir())
    assert orthogonality(other) == 0.0


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t | {"exp_avg_ipt.nobody": torch.ones(1)},
        lambda t: {name: tensor[:1].clone() for name, tensor in t.items()},
        lambda t: {name: tensor.float() for name, tensor in t.items()},
    ],
)
def test_ranks_of_another_adapter_are_refused(model, tmp_path, change):
    ranks = Ranks(model, STEPS)
    follow(model, ranks, range(1, 8))
    ranks.save(tmp_path)
    save_file(change(load_file(tmp_path / RANKS)), tmp_path / RANKS)
    with pytest.raises(CheckpointError, match=RANKS):
        Ranks(model, STEPS).load(tmp_path)
