"""A claim is a name, a target and the way to measure it; checking one never ends the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

from tools import results

__all__ = ["Claim", "Line", "Measured", "Target", "at_least", "at_most", "check", "recorded"]


@dataclass(frozen=True, slots=True)
class Target:
    """A bound that a figure has to keep."""

    sense: Literal["≤", "≥"]
    bound: float
    unit: str = ""

    def met(self, value: float) -> bool:
        """Whether a figure keeps the bound; what is not a number never does."""
        return value <= self.bound if self.sense == "≤" else value >= self.bound

    def show(self, value: float) -> str:
        """A figure with the unit of the target."""
        return f"{value:.4g} {self.unit}".rstrip()

    def __str__(self) -> str:
        return f"{self.sense} {self.show(self.bound)}"


def at_most(bound: float, unit: str = "") -> Target:
    """The figure may not exceed the bound."""
    return Target("≤", bound, unit)


def at_least(bound: float, unit: str = "") -> Target:
    """The figure may not fall short of the bound."""
    return Target("≥", bound, unit)


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure, and how it came to be: what was counted, or the row of the book it stands in."""

    value: float
    how: str = "now"


@dataclass(frozen=True, slots=True)
class Claim:
    """What we say of ourselves, and the measurement that can prove us wrong."""

    name: str
    target: Target
    measure: Callable[[], Measured]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    name: str
    target: str
    measured: str
    ok: bool
    how: str


def check(claim: Claim) -> Line:
    """Measure a claim; a measurement that fails is a claim not kept."""
    try:
        measured = claim.measure()
    except Exception as error:  # noqa: BLE001 - one broken measurement must not hide the others
        return Line(claim.name, str(claim.target), "none", False, f"{type(error).__name__}: {error}")
    ok = claim.target.met(measured.value)
    return Line(claim.name, str(claim.target), claim.target.show(measured.value), ok, measured.how)


def recorded(
    name: str, book: Path = results.RESULTS, figure: Callable[[Mapping[str, Any]], float] = itemgetter("value")
) -> Callable[[], Measured]:
    """A measurement too long to repeat here: a figure of the newest row of that name in the book of results."""

    def measure() -> Measured:
        row = results.latest(name, book)
        if row is None:
            raise LookupError(f"no row {name!r} in {book.name}")
        return Measured(figure(row), f"{row['commit']} {row['date']}: {row['command']}")

    return measure
