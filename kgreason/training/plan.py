"""What a run would do: its samples, steps, parameters, time and memory, without writing anything."""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch

from kgreason.nn.batch import Item
from kgreason.nn.model import ReasoningModel, pick_device
from kgreason.nn.predict import predict
from kgreason.training.config import RunConfig
from kgreason.training.mixture import Mixture, mean_shares, stages
from kgreason.training.objective import Objective
from kgreason.training.optimisation import Average, build_optimizer
from kgreason.training.run import Data, plan_steps

__all__ = ["Plan", "TaskPlan", "plan"]

TRIALS = 3
DEV_TRIAL = 32


@dataclass(frozen=True)
class TaskPlan:
    """One task of a run beforehand.

    Args:
        train: training samples.
        held_out: samples kept for fitting.
        dev: dev samples.
        share: of the steps.
        step_seconds: measured time of a step.
        question_seconds: measured time of a dev question.
    """

    train: int
    held_out: int
    dev: int
    share: float
    step_seconds: float
    question_seconds: float


@dataclass(frozen=True)
class Plan:
    """A run beforehand.

    Args:
        tasks: by name.
        steps: of the whole run.
        trainable: parameters that change.
        parameters: all parameters.
        hours: expected time of steps, dev reports and the final fit.
        memory_gb: peak of this process (of the GPU, where one is used) over the steps that were tried.
    """

    tasks: dict[str, TaskPlan]
    steps: int
    trainable: int
    parameters: int
    hours: float
    memory_gb: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


def plan(
    run: RunConfig, model: ReasoningModel, data: Data, *, progress: Callable[[str, int, int], None] | None = None
) -> Plan:
    """Try a few steps of every task and reckon the rest; the model's weights stay as they are.

    Args:
        run: its configuration.
        model: from :func:`~kgreason.training.run.build_model`; goes to the run's device.
        data: from :func:`~kgreason.training.run.load_data`; only the samples tried are read.
        progress: called with (stage, done, total).
    """
    sizes = {name: len(task.train) for name, task in data.items()}
    weights = {name: task.weight for name, task in run.tasks.items()}
    since = {name: task.from_epoch for name, task in run.tasks.items()}
    share = mean_shares(stages(sizes, run.temperature, weights, since), run.epochs)
    model.to(pick_device(run.device))
    before, training = model.backbone.autocast, model.training
    model.backbone.autocast = autocast = torch.bfloat16 if run.bf16 else None
    tasks = {}
    for done, (name, task) in enumerate(data.items()):
        if progress is not None:
            progress("try steps", done, len(data))
        step = _step_seconds(run, model, task.train)
        question = _question_seconds(model, task.dev, autocast)
        tasks[name] = TaskPlan(len(task.train), len(task.held_out), len(task.dev), share[name], step, question)
    model.backbone.autocast = before
    model.train(training)
    numbers = [(p.numel(), p.requires_grad) for p in model.parameters()]
    steps = plan_steps(run, data)
    return Plan(
        tasks=tasks,
        steps=steps,
        trainable=sum(number for number, learns in numbers if learns),
        parameters=sum(number for number, _ in numbers),
        hours=_seconds(run, tasks, steps) / 3600,
        memory_gb=_peak_bytes(model.device) / 1e9,
    )


def _seconds(run: RunConfig, tasks: dict[str, TaskPlan], steps: int) -> float:
    """Steps, a report an epoch, held-out questions scored twice for the final fit, losses of a curriculum.

    Teachers are reckoned as fast as the model.
    """
    total = steps * sum(task.share * task.step_seconds for task in tasks.values())
    for task in tasks.values():
        reported = min(task.dev, run.dev_limit or task.dev)
        before = (run.curriculum.by == "loss") + run.distill.on * len(run.distill.teachers)
        total += (run.epochs * reported + 2 * task.held_out + before * task.train) * task.question_seconds
    return total


def _some(items: Sequence[Item], count: int, seed: int) -> list[Item]:
    """So many items drawn at random; fewer only where there are fewer."""
    rows = np.random.default_rng(seed).permutation(len(items))[:count]
    return [items[int(row)] for row in rows]


def _step_seconds(run: RunConfig, model: ReasoningModel, items: Sequence[Item]) -> float:
    """Median time of a step as the run makes it, the first, a warm-up, left out. At rate 0 no weight changes.

    Samples lie in the cache when the run reads them, but for those that are changed, which are retrieved anew.
    """
    still = replace(run, learning_rate=0.0, head_rate=0.0)
    optimizer, times = build_optimizer(still, model), list[float]()
    average = Average(replace(run.average, start=0.0), model, TRIALS + 1)
    size = run.batch_size // run.accumulate
    mixture = Mixture(
        {"": items},
        steps=TRIALS + 1,
        batch_size=run.batch_size,
        graph_dropout=run.graph_dropout,
        edge_noise=run.edge_noise,
        augment=run.augment,
        seed=run.seed,
    )
    objective = Objective(run, model, mixture.anew)
    model.train()
    for trial in range(TRIALS + 1):
        start = perf_counter()
        chosen = [mixture[i] for i in range(trial * run.batch_size, (trial + 1) * run.batch_size)]
        read = perf_counter() - start
        start = perf_counter()
        parts = [objective.collate(chosen[first : first + size]) for first in range(0, len(chosen), size)]
        whole = objective.whole(parts) if run.accumulate > 1 else None
        for part in parts:
            there = {name: tensor.to(model.device) for name, tensor in part.items()}
            torch.autograd.backward(objective.loss(model, there, whole))
        optimizer.step()
        optimizer.zero_grad()
        average.update(trial + 1)
        _wait(model.device)
        times.append(perf_counter() - start + run.augment.share * read)
    return median(times[1:])


def _question_seconds(model: ReasoningModel, items: Sequence[Item], autocast: torch.dtype | None) -> float:
    chosen = _some(items, DEV_TRIAL, 0)
    start = perf_counter()
    predict(model, chosen, autocast=autocast)
    return (perf_counter() - start) / len(chosen)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _peak_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
