"""A whole run: data, model, training with a dev report, calibration, the finished model."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from kgreason import storage
from kgreason.errors import ConfigError
from kgreason.nn.batch import Item
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import predict
from kgreason.records import Question
from kgreason.tasks import load
from kgreason.training.config import RunConfig, TaskConfig
from kgreason.training.mixture import Mixture
from kgreason.training.report import main_score, report

__all__ = ["Data", "TaskData", "build_model", "load_data", "plan_steps", "train"]

_log = logging.getLogger(__name__)
Retrieve = Callable[[Sequence[Question]], Sequence[Item]]


@dataclass(frozen=True, eq=False)
class TaskData:
    """Samples of one task with their subgraphs: for training, held out for fitting, and dev."""

    train: Sequence[Item]
    held_out: Sequence[Item]
    dev: Sequence[Item]


Data = Mapping[str, TaskData]


def load_data(run: RunConfig, retrieve: Retrieve, data: str | Path | None = None) -> Data:
    """All samples of a run.

    Args:
        run: its configuration.
        retrieve: joins questions with their subgraphs (or with None).
        data: the folder of data sets; KGREASON_DATA if not given.
    """
    return {name: _task(run, task, retrieve, data) for name, task in run.tasks.items()}


def _task(run: RunConfig, task: TaskConfig, retrieve: Retrieve, data: str | Path | None) -> TaskData:
    named = not Path(task.data).suffix
    questions = load(task.data, "train" if named else None, data=data)
    kept = [q for q in questions if not _falls(q, "held out", run.held_out)]
    held_out = [q for q in questions if _falls(q, "held out", run.held_out)]
    if named or task.dev:
        dev = load(task.data, "dev", data=data) if named else load(task.dev, data=data)
    else:
        dev = [q for q in kept if _falls(q, "dev", 0.1)]
        kept = [q for q in kept if not _falls(q, "dev", 0.1)]
    if task.limit:
        kept = [kept[i] for i in np.random.default_rng(run.seed).permutation(len(kept))[: task.limit]]
    if not kept or not dev:
        raise ConfigError(
            f"{task.data} leaves {len(kept)} training and {len(dev)} dev samples",
            fix="Give more data, or less held_out.",
        )
    return TaskData(retrieve(kept), retrieve(held_out), retrieve(dev))


def _falls(question: Question, purpose: str, share: float) -> bool:
    """Whether a question falls into a share, by a hash of its text: the same in every run."""
    digest = hashlib.blake2b(f"{purpose}\n{question.text}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


def plan_steps(run: RunConfig, data: Data) -> int:
    """Steps of the whole run."""
    each = run.steps_per_epoch or -(-sum(len(task.train) for task in data.values()) // run.batch_size)
    return each * run.epochs


def build_model(run: RunConfig) -> ReasoningModel:
    """The model to train: new, or a checkpoint to go on from (with a new K where the run names one and it has none)."""
    torch.manual_seed(run.seed)
    if run.init:
        model = ReasoningModel.from_pretrained(run.init, trainable=True, device=run.device)
        if run.model.knowledge is not None:
            model = model.with_knowledge(run.model.knowledge)
    else:
        model = ReasoningModel.create(run.model)
    for part in run.freeze:
        frozen = [p for name, p in model.named_parameters() if name == part or name.startswith(f"{part}.")]
        if not frozen:
            raise ConfigError(
                f"freeze names {part!r}", fix="Name a module or parameter, such as backbone or logic.scale."
            )
        for parameter in frozen:
            parameter.requires_grad_(False)
    return model


def train(
    run: RunConfig,
    model: ReasoningModel,
    data: Data,
    *,
    resume: bool = False,
    on_report: Callable[[str], None] | None = None,
) -> ReasoningModel:
    """Train, and write the finished model to ``<output>/model``.

    Args:
        run: its configuration.
        model: from :func:`build_model`.
        data: from :func:`load_data`.
        resume: go on from the last checkpoint in the run's folder; bit for bit what an unbroken run gives.
        on_report: called with one line for each dev report.

    Returns:
        The trained model, calibrated.
    """
    from kgreason.training.calibration import calibrate
    from kgreason.training.trainer import ReasoningTrainer

    mixture = Mixture(
        {name: task.train for name, task in data.items()},
        steps=plan_steps(run, data),
        batch_size=run.batch_size,
        temperature=run.temperature,
        weights={name: task.weight for name, task in run.tasks.items()},
        graph_dropout=run.graph_dropout,
        seed=run.seed,
    )
    autocast = torch.bfloat16 if run.bf16 else None
    model.backbone.autocast = autocast

    def dev_report() -> dict[str, float]:
        figures: dict[str, float] = {}
        scores: list[float] = []
        for name, task in data.items():
            items = task.dev[: run.dev_limit] if run.dev_limit else task.dev
            predictions = predict(model, items, autocast=autocast)
            found = report([q for q, _ in items], predictions)
            figures |= {f"{name}_{key}": value for key, value in found.items()}
            scores.append(main_score(found))
        if on_report is not None:
            on_report("  ".join(f"{key} {value:.3f}" for key, value in figures.items()))
        return figures | {"score": float(np.mean(scores))}

    trainer = ReasoningTrainer(model, run, mixture, dev_report)
    trainer.train(resume_from_checkpoint=resume or None)
    model.backbone.autocast = None
    model = calibrate(model, {name: task.held_out for name, task in data.items()}, autocast=autocast)
    model.save_pretrained(Path(run.output) / "model")
    storage.write_json(Path(run.output) / "log.json", trainer.state.log_history)
    return model
