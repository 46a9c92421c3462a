"""What a run would do: its samples, steps, parameters, time and memory, without writing anything."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

import torch

from kgreason.nn.batch import Item
from kgreason.nn.model import ReasoningModel
from kgreason.training.config import RunConfig
from kgreason.training.losses import losses
from kgreason.training.mixture import Mixture, shares
from kgreason.training.run import Data, plan_steps

__all__ = ["Plan", "plan"]

_TRIALS = 3


@dataclass(frozen=True)
class Plan:
    """A run beforehand.

    Args:
        samples: training samples per task.
        shares: share of the steps per task.
        steps: of the whole run.
        trainable: parameters that change.
        parameters: all parameters.
        minutes: expected time of the steps, reports not counted.
        memory_mb: largest memory of this process so far, a few steps in.
    """

    samples: dict[str, int]
    shares: dict[str, float]
    steps: int
    trainable: int
    parameters: int
    minutes: float
    memory_mb: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


def plan(run: RunConfig, model: ReasoningModel, data: Data) -> Plan:
    """Time a few steps of every task and reckon the rest; the model's weights stay as they are."""
    samples = {name: len(task.train) for name, task in data.items()}
    share = shares(samples, run.temperature, {name: task.weight for name, task in run.tasks.items()})
    steps = plan_steps(run, data)
    model.backbone.autocast = torch.bfloat16 if run.bf16 else None
    model.train()
    seconds = sum(share[name] * _step_seconds(run, model, task.train) for name, task in data.items())
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return Plan(
        samples=samples,
        shares=share,
        steps=steps,
        trainable=sum(size for size, learns in sizes if learns),
        parameters=sum(size for size, _ in sizes),
        minutes=steps * seconds / 60,
        memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def _step_seconds(run: RunConfig, model: ReasoningModel, items: Sequence[Item]) -> float:
    """Seconds of one step, the first (which warms up) left out."""
    mixture = Mixture({"": items}, steps=_TRIALS + 1, batch_size=run.batch_size, seed=run.seed)
    collate, size, start = model.collator(), run.batch_size, 0.0
    for step in range(_TRIALS + 1):
        if step == 1:
            start = perf_counter()
        batch = collate([mixture[i] for i in range(step * size, (step + 1) * size)]).to(model.device)
        torch.autograd.backward(losses(model(batch), batch).total)
        model.zero_grad()
    return (perf_counter() - start) / _TRIALS
