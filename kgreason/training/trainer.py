"""The training loop: Hugging Face's Trainer, told what our batches, losses, reports and checkpoints are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import nn
from torch.utils.data import Dataset, Sampler, SequentialSampler
from transformers import (
    EarlyStoppingCallback,
    PrinterCallback,
    ProgressCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)

from kgreason import storage
from kgreason.errors import CheckpointError
from kgreason.nn.batch import Item
from kgreason.nn.model import ReasoningModel
from kgreason.training import processes
from kgreason.training.config import RunConfig
from kgreason.training.mixture import Mixture
from kgreason.training.objective import Objective, Whole
from kgreason.training.optimisation import Average, build_optimizer
from kgreason.training.ranks import Ranks
from kgreason.training.trackers import trackers

__all__ = ["ReasoningTrainer"]

_RELATIONS = "relations.json"


class ReasoningTrainer(Trainer):
    """Trainer over a :class:`~kgreason.training.mixture.Mixture`.

    The mixture is the whole run in order, read once; an epoch is a report. A checkpoint is the model's own folder, the
    relation names met so far (their order is that of sums over relations), and the Trainer's optimiser, schedule and
    random states, so that a resumed run goes on bit for bit.

    Args:
        model: to train.
        run: its configuration.
        mixture: the samples in order.
        report: evaluates on dev and returns metrics, ``score`` among them.
        progress: called with (stage, done, total) after each step.
    """

    def __init__(
        self,
        model: ReasoningModel,
        run: RunConfig,
        mixture: Mixture,
        report: Callable[[], dict[str, float]],
        progress: Callable[[str, int, int], None] | None = None,
    ) -> None:
        self.run = run
        self._began, self._before = perf_counter(), -1.0
        self.mixture = mixture
        self.report = report
        steps = len(mixture) // run.batch_size
        each = max(1, steps // run.epochs)
        self.objective = Objective(run, model, mixture.anew)
        self.average = Average(run.average, model, steps)
        self.ranks = Ranks(model, steps)
        super().__init__(
            model=model,
            args=_arguments(run, steps, each),
            train_dataset=mixture,
            eval_dataset=mixture,  # the Trainer asks for one; evaluate reads the dev splits
            data_collator=self.objective.collate,
            callbacks=[EarlyStoppingCallback(run.patience)] if run.patience else None,
        )
        for printing in (PrinterCallback, ProgressCallback):  # what is shown is the caller's to say
            self.remove_callback(printing)
        self.add_callback(_Ranking(self.ranks))
        self.add_callback(_Averaging(self.average))
        self.add_callback(_Steps(run.save_steps, progress))
        if processes.count() > 1:
            self.add_callback(_Chance())
        self.loss_is_scaled_for_ga = True  # losses of a step's parts add up to that of the step

    @property
    def loss(self) -> float:
        """Mean training loss since the last report."""
        since = [entry["loss"] for entry in self.state.log_history[self._last_report() + 1 :] if "loss" in entry]
        return sum(since) / len(since) if since else float("nan")

    @property
    def reports(self) -> int:
        """How many dev reports there have been."""
        return sum("eval_score" in entry for entry in self.state.log_history)

    def _last_report(self) -> int:
        return max((i for i, entry in enumerate(self.state.log_history) if "eval_score" in entry), default=-1)

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """As the Trainer does, with the seconds trained so far, those before a break among them."""
        if self._before < 0:
            self._before = max((entry.get("elapsed", 0.0) for entry in self.state.log_history), default=0.0)
        super().log({**logs, "elapsed": self._before + perf_counter() - self._began}, start_time)

    def create_accelerator_and_postprocess(self) -> None:
        """As the Trainer does, but the model stays unwrapped: gradients are added up by :meth:`training_step`."""
        super().create_accelerator_and_postprocess()
        bare = partial(self.accelerator.prepare_model, evaluation_mode=True)
        setattr(self.accelerator, "prepare_model", bare)  # noqa: B010 - a method of the instance alone

    def training_step(self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        """As the Trainer does; once the parts of a step are read, the processes add up what they found."""
        loss: torch.Tensor = super().training_step(model, inputs, num_items_in_batch)
        if processes.count() > 1 and self.accelerator.sync_gradients:
            processes.add_up(model.parameters())
        return loss * processes.count()  # the Trainer tells the mean over the processes

    def compute_loss(
        self, model: nn.Module, inputs: dict[str, Any], *_: Any, num_items_in_batch: Whole | None = None, **__: Any
    ) -> Any:
        """Loss of a batch, or what it adds to that of its step."""
        return self.objective.loss(model, inputs, num_items_in_batch)

    def _get_num_items_in_batch(self, batch_samples: list[dict[str, Any]], device: torch.device) -> Any:
        if self.run.accumulate * processes.count() == 1:
            return None
        whole = self.objective.whole(batch_samples)
        return whole if processes.count() == 1 else whole.of(processes.summed(whole.flat(), device))

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """The one that the run names."""
        self.optimizer = build_optimizer(self.run, self.model)
        return self.optimizer

    def evaluate(self, *_: Any, metric_key_prefix: str = "eval", **__: Any) -> dict[str, float]:
        """The dev report."""
        with self.average.read():
            metrics = {f"{metric_key_prefix}_{name}": value for name, value in self.report().items()}
        self.log(metrics)
        self.control: Any = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _get_train_sampler(self, train_dataset: Dataset[Item] | None = None) -> Sampler[int]:
        return SequentialSampler(self.mixture)

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:
        folder = Path(output_dir or self.args.output_dir)
        self._reasoner.save_pretrained(folder / "model")
        storage.write_json(folder / _RELATIONS, self._reasoner.relations.names)
        self.average.save(folder)
        self.ranks.save(folder)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: nn.Module | None = None) -> None:
        folder = Path(resume_from_checkpoint)
        self._reasoner.load_weights(folder / "model")
        for name in storage.read_json(folder / _RELATIONS):
            self._reasoner.relations.index(name)
        self.average.load(folder)
        self.ranks.load(folder)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        with _legible(checkpoint):
            super()._load_optimizer_and_scheduler(checkpoint)

    def _load_rng_state(self, checkpoint: str | None) -> None:
        with _legible(checkpoint):
            super()._load_rng_state(checkpoint)

    def _load_best_model(self) -> None:
        best = Path(str(self.state.best_model_checkpoint))
        self._reasoner.load_weights(best / "model")
        self.average.load(best)

    @property
    def _reasoner(self) -> ReasoningModel:
        model = self.accelerator.unwrap_model(self.model)
        assert isinstance(model, ReasoningModel)
        return model


@contextmanager
def _legible(checkpoint: str | None) -> Iterator[None]:
    """States beside the model, which torch reads without running what they hold, or an error of ours."""
    try:
        yield
    except Exception as error:  # torch, its unpickler and the optimiser raise what they like
        raise CheckpointError(
            f"{checkpoint}: the states of the optimiser and of chance cannot be read ({type(error).__name__})",
            fix="Delete this checkpoint and resume from the one before, or begin anew in another folder.",
        ) from error


class _Ranking(TrainerCallback):
    """Takes ranks away after each step, while its gradients are still there."""

    def __init__(self, ranks: Ranks) -> None:
        self.ranks = ranks

    def on_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self.ranks.update(state.global_step + 1)


class _Chance(TrainerCallback):
    """Gives each process its own dropout; a resumed one goes on with its own."""

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if state.global_step == 0:
            torch.manual_seed(args.seed + processes.place())


class _Averaging(TrainerCallback):
    """Takes every step into the average, and leaves that in the model at the end."""

    def __init__(self, average: Average) -> None:
        self.average = average

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.average.update(state.global_step)

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        self.average.settle()


class _Steps(TrainerCallback):
    """Tells of every step, and adds checkpoints between reports.

    The loss is logged before a checkpoint: the Trainer does not keep what it summed since the last log, so that a
    resumed run would else show another curve.
    """

    def __init__(self, save_steps: int, progress: Callable[[str, int, int], None] | None) -> None:
        self.save_steps = save_steps
        self.progress = progress

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        if self.save_steps and state.global_step % self.save_steps == 0:
            control.should_save = True
        if control.should_save or control.should_evaluate:
            control.should_log = True
        if self.progress is not None:
            self.progress("train", state.global_step, state.max_steps)


def _arguments(run: RunConfig, steps: int, each: int) -> TrainingArguments:
    return TrainingArguments(
        output_dir=run.output,
        max_steps=steps,
        per_device_train_batch_size=run.batch_size // (run.accumulate * processes.count()),
        gradient_accumulation_steps=run.accumulate,
        warmup_steps=round(run.warmup * steps),
        lr_scheduler_type=run.optimizer.schedule,
        max_grad_norm=run.optimizer.max_grad_norm,
        eval_strategy="steps",
        eval_steps=each,
        save_strategy="steps",
        save_steps=each,
        save_total_limit=2,
        load_best_model_at_end=bool(run.patience),
        metric_for_best_model="score" if run.patience else None,
        logging_steps=max(1, min(50, each // 4)),
        report_to=trackers(run.tracker),
        dataloader_num_workers=0,
        dataloader_pin_memory=torch.cuda.is_available(),
        remove_unused_columns=False,
        use_cpu=run.device == "cpu" or (run.device == "auto" and not torch.cuda.is_available()),
        seed=run.seed,
        label_names=["labels"],
        save_only_model=False,
        ignore_data_skip=False,
        restore_callback_states_from_checkpoint=True,
    )
