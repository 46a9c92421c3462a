"""Optimisers by name, and the average of weights over steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from kgreason import storage
from kgreason.errors import CheckpointError
from kgreason.nn.weights import read_tensors
from kgreason.training.config import RunConfig
from kgreason.training.practices import AverageConfig

__all__ = ["AVERAGE", "Average", "build_optimizer"]

#: The file of a checkpoint that holds the average.
AVERAGE = "average.safetensors"


def build_optimizer(run: RunConfig, model: nn.Module) -> torch.optim.Optimizer:
    """The optimiser of a run: M and the parts around it at their own rates, no decay on vectors and scalars.

    The factors of IA3, which PEFT keeps as matrices of one column, are vectors: decay would draw them from 1 to 0.

    Args:
        run: its configuration.
        model: whose weights that learn it takes.
    """
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            rate = run.learning_rate if name.startswith("backbone.") else run.head_rate
            decay = run.optimizer.weight_decay if parameter.dim() > 1 and ".ia3_l." not in name else 0.0
            groups.setdefault((rate, decay), []).append(parameter)
    table = [{"params": ps, "lr": rate, "weight_decay": decay} for (rate, decay), ps in groups.items()]
    if run.optimizer.name == "adafactor":
        return torch.optim.Adafactor(table)
    if run.optimizer.name == "radam":
        return torch.optim.RAdam(table, decoupled_weight_decay=True)
    return torch.optim.AdamW(table)


class Average:
    """The average over steps of the weights that learn, kept beside them.

    Args:
        config: its form.
        model: whose weights it follows.
        steps: of the whole run.

    Example:
        >>> layer = nn.Linear(1, 1, bias=False)
        >>> average = Average(AverageConfig("tail", start=0.0), layer, steps=2)
        >>> for step, weight in enumerate((1.0, 3.0), start=1):
        ...     _ = nn.init.constant_(layer.weight, weight)
        ...     average.update(step)
        >>> with average.read():
        ...     layer.weight.item()
        2.0
        >>> layer.weight.item()
        3.0
    """

    def __init__(self, config: AverageConfig, model: nn.Module, steps: int) -> None:
        self._learning = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self._first = round(config.start * steps) if config.form != "none" else steps
        self._decay = config.decay if config.form == "exponential" else None
        self._kept: dict[str, Tensor] = {}

    def update(self, step: int) -> None:
        """Take in the weights after a step.

        Raises:
            CheckpointError: averaging has begun, but the checkpoint to go on from does not hold the average.
        """
        number = step - self._first - 1
        if number < 0:
            return
        if number == 0:
            self._kept = {name: p.detach().clone() for name, p in self._learning.items()}
            return
        if not self._kept:
            raise CheckpointError(f"the checkpoint holds no {AVERAGE}", fix="Resume from another, or begin anew.")
        share = 1 / (number + 1) if self._decay is None else 1 - self._decay
        for name, mean in self._kept.items():
            mean.lerp_(self._learning[name].detach(), share)

    @contextmanager
    def read(self) -> Iterator[None]:
        """The model with the average in place of its weights, as soon as there is one."""
        own = {name: self._learning[name].data for name in self._kept}
        self.settle()
        try:
            yield
        finally:
            for name, data in own.items():
                self._learning[name].data = data

    def settle(self) -> None:
        """Leave the average in the model."""
        for name, mean in self._kept.items():
            self._learning[name].data = mean

    def save(self, folder: Path) -> None:
        """Write it into a checkpoint, if it has begun."""
        from safetensors.torch import save

        if self._kept:
            storage.write_bytes(folder / AVERAGE, save({n: t.cpu().contiguous() for n, t in self._kept.items()}))

    def load(self, folder: Path) -> None:
        """Read it from a checkpoint.

        Raises:
            CheckpointError: it is damaged, or of other weights.
        """
        found = read_tensors(folder / AVERAGE) if (folder / AVERAGE).is_file() else {}
        own = {name: parameter.shape for name, parameter in self._learning.items()}
        if found and {name: tensor.shape for name, tensor in found.items()} != own:
            raise CheckpointError(f"{folder / AVERAGE} is of other weights", fix="Resume with the run's own settings.")
        self._kept = {name: found[name].to(p.device) for name, p in self._learning.items() if found}
