"""What a run may do beyond plain training: tables of its TOML, each of them off unless it is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kgreason.errors import ConfigError
from kgreason.tasks.changes import CHANGES

__all__ = [
    "AdversarialConfig", "AugmentConfig", "AverageConfig", "CurriculumConfig", "DistillConfig", "OptimizerConfig",
    "Tracker", "check_ranges",
]  # fmt: skip

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


@dataclass(frozen=True)
class AdversarialConfig:
    """Training on texts whose word embeddings are moved to where the model does worst.

    Args:
        kind: ``fgm``, one step along the gradient of the loss (Miyato et al. 2017); ``pgd``, several steps within the
            radius (Madry et al. 2018); ``smooth``, where what is said of the options changes most, whatever is right,
            and that change is the loss (virtual adversarial training, Miyato et al. 2018).
        radius: length of a text's perturbation, as a share of that of its embeddings; 0 trains plainly. At 0.1 MiniLM
            with an adapter learned nothing any more (docs/log.md).
        steps: of ``pgd``, and of the search for the direction of ``smooth``; ``fgm`` takes one.
        weight: of the loss on perturbed texts, beside that on the texts as they are.

    Raises:
        ConfigError: a value out of its range.
    """

    kind: Literal["none", "fgm", "pgd", "smooth"] = "none"
    radius: float = 0.02
    steps: int = 1
    weight: float = 1.0

    def __post_init__(self) -> None:
        check_ranges(self, ("radius", 0, 10), ("steps", 1, 100), ("weight", 0, 100))

    @property
    def on(self) -> bool:
        """Whether it changes anything."""
        return self.kind != "none" and self.radius > 0 and self.weight > 0


@dataclass(frozen=True)
class AugmentConfig:
    """Samples changed in ways that leave their answer as it is (:mod:`kgreason.tasks.changes`), drawn anew each time.

    Open questions and those that bring facts of their own are left as they are: a name misspelt there is another one.

    Args:
        share: of the samples that are changed, each in one way.
        changes: the ways; without any all that apply.

    Raises:
        ConfigError: a value out of its range, or an unknown change.
    """

    share: float = 0.0
    changes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_ranges(self, ("share", 0, 1))
        if unknown := sorted(set(self.changes) - set(CHANGES)):
            raise ConfigError(f"augment.changes has {unknown[0]!r}", fix=f"Use some of {', '.join(CHANGES)}.")


@dataclass(frozen=True)
class CurriculumConfig:
    """Easy samples first: each step draws among the easiest of its task, and ever more of them are let in.

    Args:
        by: what makes a sample hard: ``length`` of its texts, ``hops`` as its data annotates them, or ``loss`` of the
            model before training.
        start: share of the samples that the first step draws from.
        until: share of the steps after which all are let in.

    Raises:
        ConfigError: a value out of its range.
    """

    by: Literal["none", "length", "hops", "loss"] = "none"
    start: float = 0.1
    until: float = 0.5

    def __post_init__(self) -> None:
        check_ranges(self, ("start", 0, 1), ("until", 0, 1))


@dataclass(frozen=True)
class DistillConfig:
    """Learning what other models say of the samples (:mod:`kgreason.training.distillation`), beside the truth.

    Args:
        teachers: checkpoints, folders or names of shipped ones; of several the mean probabilities are learnt.
        weight: of the divergence from the teachers, beside the loss of the truth.
        temperature: at which both are compared.

    Raises:
        ConfigError: a value out of its range.
    """

    teachers: tuple[str, ...] = ()
    weight: float = 0.5
    temperature: float = 2.0

    def __post_init__(self) -> None:
        check_ranges(self, ("weight", 0, 100), ("temperature", 0.1, 100))

    @property
    def on(self) -> bool:
        """Whether it changes anything."""
        return bool(self.teachers) and self.weight > 0


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
