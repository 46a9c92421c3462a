"""What a diagnosis finds, as records."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from kgreason.metrics import ReliabilityBin

__all__ = ["Calibration", "Diagnosis", "Effect", "Result", "Slice", "Wrong"]

Ends = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Result:
    """Accuracy on a file, with its 95 % interval."""

    file: str
    task: str
    n: int
    accuracy: float
    interval: Ends


@dataclass(frozen=True, slots=True)
class Slice:
    """The samples of a file that show a phenomenon, beside its others.

    ``interval`` is at 95 %; ``ends`` are those of ``difference``, accuracy here minus accuracy on the rest, at a level
    at which all slices hold together (Bonferroni).
    """

    file: str
    phenomenon: str
    n: int
    accuracy: float
    interval: Ends
    rest: float
    difference: float
    ends: Ends


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change of the model or of the samples does to the same samples.

    ``difference`` is accuracy after minus before, ``ends`` its paired 95 % interval, ``kept`` the share of choices that
    stay.
    """

    file: str
    change: str
    n: int
    before: float
    after: float
    difference: float
    ends: Ends
    kept: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far confidence can be believed on a file; where one option is right."""

    file: str
    n: int
    ece: float
    bins: tuple[ReliabilityBin, ...]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong answer, how sure it was, and what spoke for it."""

    file: str
    id: str
    text: str
    options: tuple[str, ...]
    choice: str
    right: str
    confidence: float
    phenomena: tuple[str, ...]
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What :func:`kgreason.evaluation.diagnose` finds.

    Args:
        weakness: the slice that is surely worse than the rest of its file by most; None where none surely is.
        results: one a file.
        slices: weakest first.
        faculties: K, E, C and R off in turn; only what a model has and a file calls for.
        robustness: one a change and file.
        calibration: one a file.
        worst: surest first.
        left_out: samples whose answer is not known, or is no choice (affect alone).
        seconds: how long it took.
    """

    weakness: Slice | None
    results: tuple[Result, ...]
    slices: tuple[Slice, ...]
    faculties: tuple[Effect, ...]
    robustness: tuple[Effect, ...]
    calibration: tuple[Calibration, ...]
    worst: tuple[Wrong, ...]
    left_out: int
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis as JSON-ready values."""
        return asdict(self)
