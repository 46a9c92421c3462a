"""What a run may do beyond plain training: tables of its TOML, each of them off unless it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kgreason.errors import ConfigError

__all__ = ["AverageConfig", "OptimizerConfig", "Tracker", "check_ranges"]

#: ``auto`` is tensorboard where it is installed; the other names are those of the Hugging Face Trainer.
Tracker = Literal[
    "auto", "none", "azure_ml", "clearml", "codecarbon", "comet_ml", "dagshub", "dvclive", "mlflow", "neptune",
    "swanlab", "tensorboard", "trackio", "wandb",
]  # fmt: skip


@dataclass(frozen=True)
class OptimizerConfig:
    """How weights follow their gradients.

    Args:
        name: ``adamw`` (Loshchilov & Hutter 2019), ``adafactor`` (Shazeer & Stern 2018: its state is a row and a column
            for each matrix, its rate relative to the weights) or ``radam`` (Liu et al. 2020).
        weight_decay: of matrices; vectors and scalars never decay.
        schedule: of the rate after its warm-up, as the Trainer names it.
        max_grad_norm: longer gradients are cut to this length; 0 leaves them.

    Raises:
        ConfigError: a value out of its range.
    """

    name: Literal["adamw", "adafactor", "radam"] = "adamw"
    weight_decay: float = 0.01
    schedule: Literal["linear", "cosine", "constant_with_warmup", "inverse_sqrt"] = "linear"
    max_grad_norm: float = 1.0

    def __post_init__(self) -> None:
        check_ranges(self, ("weight_decay", 0, 1), ("max_grad_norm", 0, 1e6))


@dataclass(frozen=True)
class AverageConfig:
    """Weights averaged over steps: dev reports and the finished model read the average, training goes on without it.

    Args:
        form: ``exponential`` (Polyak & Juditsky 1992, with a decay) or ``tail``, the plain mean of the last steps
            (Izmailov et al. 2018).
        decay: share of the exponential average that a step keeps.
        start: share of the steps after which averaging begins.

    Raises:
        ConfigError: a value out of its range.
    """

    form: Literal["none", "exponential", "tail"] = "none"
    decay: float = 0.999
    start: float = 0.5

    def __post_init__(self) -> None:
        check_ranges(self, ("decay", 0, 1), ("start", 0, 1))


def check_ranges(config: object, *ranges: tuple[str, float, float]) -> None:
    """Refuse a value out of its range.

    Args:
        config: what has the values.
        ranges: name, lowest and highest value of each.

    Raises:
        ConfigError: names the first that is out of range.
    """
    for name, low, high in ranges:
        value = getattr(config, name)
        if not low <= value <= high:
            raise ConfigError(f"{name} is {value}", fix=f"Give a value from {low} to {high}.")
