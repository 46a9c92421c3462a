"""A whole run: data, model, training with a dev report, calibration, the finished model."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from kgreason import storage
from kgreason.errors import ConfigError, FormatError
from kgreason.nn.batch import Item
from kgreason.nn.model import ReasoningModel, pick_device
from kgreason.nn.predict import predict
from kgreason.nn.weights import find_checkpoint
from kgreason.records import Question
from kgreason.retrieval import Pairs, questions_of
from kgreason.tasks import ADAPTERS, load
from kgreason.training import processes
from kgreason.training.config import RunConfig, TaskConfig
from kgreason.training.curriculum import hops, initial_losses, length
from kgreason.training.distillation import teachers_say
from kgreason.training.mixture import Mixture
from kgreason.training.report import main_score, report

__all__ = [
    "Data", "DevReport", "Progress", "TaskData", "build_model", "check_output", "last_checkpoint", "load_data",
    "load_test", "plan_steps", "train",
]  # fmt: skip

_log = logging.getLogger(__name__)
#: Bytes of a fixed M's states that are kept, and questions that it reads at once for that.
_MEMORY, _TEXTS = 3 << 30, 64
Retrieve = Callable[[Sequence[Question]], Sequence[Item]]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class TaskData:
    """Samples of one task with their subgraphs: for training, held out for fitting, and dev."""

    train: Sequence[Item]
    held_out: Sequence[Item]
    dev: Sequence[Item]


Data = Mapping[str, TaskData]


@dataclass(frozen=True)
class DevReport:
    """How a run stands; printing it gives a line.

    Args:
        epoch: of ``epochs``, counted by reports.
        epochs: of the run.
        loss: mean training loss since the last report.
        tasks: figures of each task's dev questions.
        score: mean over the tasks of the figure each is judged by.
    """

    epoch: int
    epochs: int
    loss: float
    tasks: Mapping[str, Mapping[str, float]]
    score: float

    def __str__(self) -> str:
        figures = (f"{task} {name} {value:.3f}" for task, found in self.tasks.items() for name, value in found.items())
        return "  ".join([f"epoch {self.epoch}/{self.epochs}", f"loss {self.loss:.4f}", *figures])


def load_data(
    run: RunConfig,
    retrieve: Retrieve,
    data: str | Path | None = None,
    *,
    leave_out: Callable[[Question], bool] = lambda question: False,
) -> Data:
    """All samples of a run.

    Args:
        run: its configuration.
        retrieve: joins questions with their subgraphs (or with None).
        data: the folder of data sets; KGREASON_DATA if not given.
        leave_out: which questions are neither trained on nor held out.
    """
    return {name: _task(run, task, retrieve, data, leave_out) for name, task in run.tasks.items()}


def _task(
    run: RunConfig,
    task: TaskConfig,
    retrieve: Retrieve,
    data: str | Path | None,
    leave_out: Callable[[Question], bool],
) -> TaskData:
    named = not Path(task.data).suffix
    questions = [q for q in load(task.data, "train" if named else None, data=data) if not leave_out(q)]
    kept = [q for q in questions if not falls_in(q, "held out", run.held_out)]
    held_out = [q for q in questions if falls_in(q, "held out", run.held_out)]
    if named or task.dev:
        dev = load(task.data, "dev", data=data) if named else load(task.dev, data=data)
    else:
        dev = [q for q in kept if falls_in(q, "dev", 0.1)]
        kept = [q for q in kept if not falls_in(q, "dev", 0.1)]
    if task.limit:
        kept = [kept[i] for i in np.random.default_rng(run.seed).permutation(len(kept))[: task.limit]]
        held_out = held_out[: round(run.held_out * task.limit)]
    if not kept or not dev:
        raise ConfigError(
            f"{task.data} leaves {len(kept)} training and {len(dev)} dev samples",
            fix="Give more data, or less held_out.",
        )
    join = Pairs if task.own_facts else retrieve
    return TaskData(join(kept), join(held_out), join(dev))


def load_test(run: RunConfig, data: str | Path | None = None) -> dict[str, list[Question]]:
    """Questions of the test splits; a task that has none is left out.

    Args:
        run: its configuration.
        data: the folder of data sets; KGREASON_DATA if not given.
    """
    found: dict[str, list[Question]] = {}
    for name, task in run.tasks.items():
        if task.test:
            found[name] = load(task.test, data=data)
        elif task.data in ADAPTERS and "test" in ADAPTERS[task.data].splits:
            found[name] = load(task.data, "test", data=data)
    return found


def check_output(run: RunConfig, *, resume: bool) -> None:
    """Refuse to write over a run, or to resume what was never begun.

    Raises:
        ConfigError: says which, and what to do.
    """
    folder = Path(run.output)
    begun = any(folder.glob("checkpoint-*"))
    if resume and last_checkpoint(folder) is None:
        raise ConfigError(
            f"{folder} holds no checkpoint to resume",
            fix="Delete what was broken off, and begin without --resume." if begun else "Leave out --resume to begin.",
        )
    if not resume and (begun or (folder / "model").exists()):
        raise ConfigError(
            f"{folder} holds a run already", fix="Go on with --resume, or choose another folder: --set output=DIR."
        )


def _check_parts(run: RunConfig) -> None:
    """Refuses steps that several processes cannot share evenly."""
    if run.batch_size % (run.accumulate * processes.count()):
        raise ConfigError(
            f"batch_size is {run.batch_size}, of {run.accumulate} parts in each of {processes.count()} processes",
            fix="Give a multiple of accumulate times the processes.",
        )


def last_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint that was written to its end, or None: the Trainer's state is written last."""

    def whole(checkpoint: Path) -> bool:
        try:
            return bool(storage.read_json(checkpoint / "trainer_state.json"))
        except FormatError:
            return False

    found = {int(path.name.partition("-")[2]): path for path in folder.glob("checkpoint-[0-9]*")}
    return next((found[step] for step in sorted(found, reverse=True) if whole(found[step])), None)


def falls_in(question: Question, purpose: str, share: float) -> bool:
    """Whether a question falls into a share, by a hash of its text: the same in every run."""
    digest = hashlib.blake2b(f"{purpose}\n{question.text}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


def plan_steps(run: RunConfig, data: Data) -> int:
    """Steps of the whole run."""
    each = run.steps_per_epoch or -(-sum(len(task.train) for task in data.values()) // run.batch_size)
    return each * run.epochs


def build_model(run: RunConfig) -> ReasoningModel:
    """The model to train: new, or a checkpoint to go on from, with a new K where the run names one of another make.

    Raises:
        ConfigError: there is no such device, nothing to freeze by that name, or K does not fit the checkpoint.
        CheckpointError: the checkpoint or the base cannot be used.
    """
    place = pick_device(run.device)
    if str(place) == "cuda":
        torch.cuda.set_device(processes.place_here())
    torch.manual_seed(run.seed)
    if run.init:
        model = ReasoningModel.from_pretrained(find_checkpoint(run.init), trainable=True, device=str(place))
        if run.model.knowledge is not None:
            model = model.with_knowledge(run.model.knowledge)
        if run.model.valence:
            model = model.with_valence()
    else:
        model = ReasoningModel.create(run.model).to(place)
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
    on_report: Callable[[DevReport], None] | None = None,
    progress: Progress | None = None,
) -> ReasoningModel:
    """Train, and write the finished model to ``<output>/model``.

    Several processes that ``torchrun`` or ``accelerate launch`` started share each step, and come to what one comes to,
    but for the order of sums and for dropout; the first of them reports and writes.

    Args:
        run: its configuration.
        model: from :func:`build_model`.
        data: from :func:`load_data`.
        resume: go on from the last checkpoint in the run's folder; bit for bit what an unbroken run of one process
            gives.
        on_report: called with each dev report.
        progress: called with (stage, done, total) after each step.

    Returns:
        The trained model, calibrated.

    Raises:
        ConfigError: the run's folder holds a run that is not to be resumed, or none that could be; or several
            processes cannot share a step.
        CheckpointError: the checkpoint to go on from is damaged.
    """
    from kgreason.training.calibration import calibrate
    from kgreason.training.trainer import ReasoningTrainer

    _check_parts(run)
    check_output(run, resume=resume)
    if not processes.first():
        on_report = progress = None
    autocast = torch.bfloat16 if run.bf16 else None
    model.backbone.autocast = autocast

    def dev_report() -> dict[str, float]:
        found = _dev_figures(run, model, data, autocast)
        score = float(np.mean([main_score(figures) for figures in found.values()]))
        if on_report is not None:
            on_report(DevReport(trainer.reports + 1, run.epochs, trainer.loss, found, score))
        flat = {f"{task}_{name}": value for task, figures in found.items() for name, value in figures.items()}
        return flat | {"score": score}

    _remember(model, data, progress)
    mixture = _mixture(run, model, data, resume=resume, progress=progress)
    trainer = ReasoningTrainer(model, run, mixture, dev_report, progress)
    with _deterministic(model.device), model.backbone.cast(training=True):
        trainer.train(resume_from_checkpoint=str(last_checkpoint(Path(run.output))) if resume else None)
    model.backbone.forget()
    model.backbone.autocast = None
    model = calibrate(model, {name: task.held_out for name, task in data.items()}, autocast=autocast)
    if processes.first():
        model.save_pretrained(Path(run.output) / "model")
        storage.write_json(Path(run.output) / "log.json", trainer.state.log_history)
    processes.wait()
    return model


def _mixture(run: RunConfig, model: ReasoningModel, data: Data, *, resume: bool, progress: Progress | None) -> Mixture:
    """The samples of the run in their order."""
    tasks = {name: task.train for name, task in data.items()}
    folder, autocast = Path(run.output), model.backbone.autocast
    difficulty, lessons = None, None
    if run.curriculum.by == "loss":
        difficulty = initial_losses(model, tasks, folder, autocast=autocast, resume=resume, progress=progress)
    elif run.curriculum.by != "none":
        hard = length if run.curriculum.by == "length" else hops
        difficulty = {name: np.array([hard(question) for question in questions_of(t)]) for name, t in tasks.items()}
    if run.distill.on:
        lessons = teachers_say(
            run.distill, tasks, folder, device=model.device, autocast=autocast, resume=resume, progress=progress
        )
    return Mixture(
        tasks,
        steps=plan_steps(run, data),
        batch_size=run.batch_size,
        temperature=run.temperature,
        weights={name: task.weight for name, task in run.tasks.items()},
        graph_dropout=run.graph_dropout,
        edge_noise=run.edge_noise,
        augment=run.augment,
        curriculum=run.curriculum,
        difficulty=difficulty,
        epochs=run.epochs,
        since={name: task.from_epoch for name, task in run.tasks.items()},
        lessons=lessons,
        seed=run.seed,
    )


def _remember(model: ReasoningModel, data: Data, progress: Progress | None) -> None:
    """Where M is fixed, run it once over all training texts, as far as memory allows.

    The order is one of its own, so that a resumed run keeps the same states.
    """
    if model.backbone.learns:
        return
    collate, room = model.collator(), _MEMORY
    with model.backbone.cast():
        for name, task in data.items():
            questions = sorted(questions_of(task.train), key=lambda question: len(question.text))
            for start in range(0, len(questions), _TEXTS):
                if room <= 0:
                    return
                batch = collate([(question, None) for question in questions[start : start + _TEXTS]])
                room -= model.backbone.remember(batch.to(model.device))
                if progress is not None:
                    progress(f"read {name}", start, len(questions))


@contextmanager
def _deterministic(device: torch.device) -> Iterator[None]:
    """On the CPU sums of gradients run in a fixed order, however many threads there are; CUDA is left as it is."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(before or device.type == "cpu")
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)


def _dev_figures(
    run: RunConfig, model: ReasoningModel, data: Data, autocast: torch.dtype | None
) -> dict[str, dict[str, float]]:
    found = {}
    for name, task in data.items():
        items = task.dev[: run.dev_limit] if run.dev_limit else task.dev
        found[name] = report([question for question, _ in items], predict(model, items, autocast=autocast))
    return found
