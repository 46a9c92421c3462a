"""Tables from the book: figures with intervals and paired tests, and nothing of an arm without its controls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kgreason.bench.arms import ARMS, TEXT, arm
from kgreason.bench.benches import Bench
from kgreason.bench.plan import Entries, form_of
from kgreason.bench.rows import PLAIN, Outcome, Row
from kgreason.bench.scores import pooled_ece
from kgreason.errors import InputError
from kgreason.metrics import McNemar, PairedDifference, ci95, mcnemar, paired_bootstrap

__all__ = ["Comparison", "Figure", "Results", "markdown", "to_json"]

Key = tuple[str, str]  #: An arm and a control.
DRAWS = 10_000
#: Controls whose graph says something else, so that what K gains over them is what it reads.
SPOILT = ("rewired@test", "rewired", "permuted@test", "permuted")


@dataclass(frozen=True)
class Figure:
    """Pooled accuracy of an arm under a control, in percent.

    Args:
        ci95: of the mean over the seeds, whole clusters drawn.
        ece: of the confidence in what was chosen, in percent; None where it was not measured.
        core_hours: of its rows, training included; not that of the text model it stands on.
    """

    arm: str
    variant: str
    control: str
    seeds: tuple[int, ...]
    n: int
    accuracy: float
    ci95: tuple[float, float]
    ece: float | None
    core_hours: float


@dataclass(frozen=True)
class Comparison:
    """One arm minus another on the same questions, in points.

    Args:
        seeds: those that both have; scores are means over them.
        difference: with its interval, clusters drawn together. The first is not inferior by a margin if ``low`` is
            above minus the margin.
        mcnemar: for each seed.
    """

    first: Key
    second: Key
    seeds: tuple[int, ...]
    difference: PairedDifference
    mcnemar: tuple[McNemar, ...]


@dataclass(frozen=True, eq=False)
class _Pooled:
    """Shapes: right [seeds, n], cluster [n]."""

    seeds: tuple[int, ...]
    right: npt.NDArray[np.bool_]
    cluster: npt.NDArray[np.int64]
    entries: tuple[dict[str, Any], ...]

    def of(self, seeds: Sequence[int]) -> npt.NDArray[np.bool_]:
        """Of some seeds. Shape: [seeds, n]."""
        return self.right[[self.seeds.index(seed) for seed in seeds]]


class Results:
    """What a book says of one pool of folds.

    Args:
        bench: the benchmark.
        entries: its rows, measured alike.
        pool: title of the folds that are scored together.
    """

    def __init__(self, bench: Bench, entries: Entries, pool: str) -> None:
        if pool not in bench.pools:
            raise InputError(f"{bench.name} has no pool {pool!r}", fix=f"Use one of {', '.join(bench.pools)}.")
        self.bench, self.entries, self.folds = bench, entries, bench.pools[pool]
        self.variants = {name: variant for name in ARMS if (variant := self._variant(name)) is not None}
        self._pooled = {
            (name, control): found
            for name in self.variants
            for control in dict.fromkeys(row.control for row in entries if row.arm == name)
            if (found := self._gather(name, control)) is not None
        }

    @property
    def keys(self) -> list[Key]:
        """Arms and controls of which all folds are measured with a seed or more."""
        return list(self._pooled)

    def lacking(self, name: str) -> tuple[str, ...]:
        """Controls without which nothing is said of an arm, and that are not measured."""
        needed = self.bench.controls if arm(name).claims else ()
        return tuple(control for control in needed if (name, control) not in self._pooled)

    def figure(self, key: Key) -> Figure:
        """Pooled accuracy.

        Raises:
            InputError: it is not measured, or its controls are not.
        """
        found = self._checked(key)
        score = 100 * found.right.mean(0)
        low, high = ci95(lambda x: float(x.mean()), score, groups=found.cluster)
        bins = [entry["bins"] for entry in found.entries if "bins" in entry]
        ece = 100 * pooled_ece(bins, found.right.size) if len(bins) == len(found.entries) else None
        hours = sum(float(entry["core_hours"]) for entry in found.entries)
        return Figure(
            key[0], self.variants[key[0]], key[1], found.seeds, len(score), float(score.mean()), (low, high), ece, hours
        )

    def compare(self, first: Key, second: Key) -> Comparison:
        """One minus the other.

        Raises:
            InputError: one of them is not measured, controls are missing, or they share no seed or no questions.
        """
        one, other = self._checked(first), self._checked(second)
        seeds = tuple(seed for seed in one.seeds if seed in other.seeds)
        if not seeds or not np.array_equal(one.cluster, other.cluster):
            raise InputError(
                f"{_name(first)} and {_name(second)} were not measured on the same questions with the same seed",
                fix="Run both with the same --seeds.",
            )
        scores = [100 * found.of(seeds).mean(0) for found in (one, other)]
        tests = tuple(mcnemar(a, b) for a, b in zip(one.of(seeds), other.of(seeds), strict=True))
        return Comparison(first, second, seeds, paired_bootstrap(*scores, groups=one.cluster, draws=DRAWS), tests)

    def comparisons(self) -> Iterator[Comparison]:
        """Each arm minus the text model, and minus itself with the graph spoilt; controls minus the text model."""
        text = (TEXT, PLAIN)
        for key in self.keys:
            if key == text or self.lacking(key[0]):
                continue
            if text in self._pooled:
                yield self.compare(key, text)
            if key[1] in SPOILT and (key[0], PLAIN) in self._pooled:
                yield self.compare((key[0], PLAIN), key)

    def _checked(self, key: Key) -> _Pooled:
        if key not in self._pooled:
            raise InputError(f"{_name(key)} is not measured on {', '.join(self.folds)}", fix="Run its rows.")
        if lacking := self.lacking(key[0]):
            raise InputError(
                f"nothing is said of {key[0]} without its controls: {', '.join(lacking)}", fix="Run their rows."
            )
        return self._pooled[key]

    def _variant(self, name: str) -> str | None:
        """The variant that is scored; of several the one that the fold for tuning prefers."""
        scored = dict.fromkeys(row.variant for row in self.entries if row.arm == name and row.fold in self.folds)
        tuned = {
            row.variant: entry["value"]
            for row, entry in self.entries.items()
            if (row.arm, row.fold, row.control) == (name, self.bench.tune, PLAIN)
        }
        if name != TEXT and (text := self._variant(TEXT)) is not None:
            of_text = [v for v in scored if arm(name).forms.get(v) or form_of(_row(name, v))[1] == text]
            scored = dict.fromkeys(of_text)
        return max(scored, key=lambda variant: tuned.get(variant, -1.0), default=None)

    def _gather(self, name: str, control: str) -> _Pooled | None:
        rows = {
            (row.seed, row.fold): entry
            for row, entry in self.entries.items()
            if (row.arm, row.variant, row.control) == (name, self.variants[name], control)
        }
        seeds = tuple(
            seed for seed in sorted({seed for seed, _ in rows}) if all((seed, fold) in rows for fold in self.folds)
        )
        if not seeds:
            return None
        right = []
        for seed in seeds:
            outcomes = [Outcome.parse(rows[seed, fold]["right"]) for fold in self.folds]
            right.append(np.concatenate([outcome.right for outcome in outcomes]))
        starts = np.cumsum([0, *(int(outcome.cluster.max()) + 1 for outcome in outcomes)])
        cluster = np.concatenate([o.cluster + start for o, start in zip(outcomes, starts, strict=False)])
        entries = tuple(dict(rows[seed, fold]) for seed in seeds for fold in self.folds)
        return _Pooled(seeds, np.stack(right), cluster, entries)


def markdown(bench: Bench, entries: Entries) -> str:
    """All tables of a benchmark; an arm whose controls are missing is named, and nothing else is said of it.

    Args:
        bench: the benchmark.
        entries: its rows, measured alike.
    """
    parts = []
    for pool in bench.pools:
        results = Results(bench, entries, pool)
        if not results.keys:
            continue
        open_keys = [key for key in results.keys if not results.lacking(key[0])]
        figures = [_figure_line(results.figure(key)) for key in open_keys]
        compared = [_comparison_line(each) for each in results.comparisons()]
        parts += [f"**{bench.title}, {pool}**", _table(_FIGURES, figures)]
        parts += [_table(_COMPARISONS, compared)] if compared else []
        for name in dict.fromkeys(name for name, _ in results.keys):
            if lacking := results.lacking(name):
                parts.append(f"{name} is withheld: its controls {', '.join(lacking)} are not measured.")
    return "\n\n".join(parts)


_FIGURES = ("arm", "form", "graph", "seeds", "n", "accuracy", "95 %", "ECE", "core-hours")
_COMPARISONS = ("difference", "seeds", "points", "95 %", "p", "McNemar, p of each seed")


def _figure_line(found: Figure) -> tuple[str, ...]:
    low, high = found.ci95
    ece = "" if found.ece is None else f"{found.ece:.1f}"
    what = (found.arm, found.variant, found.control, str(len(found.seeds)), f"{found.n:,}")
    return (*what, f"{found.accuracy:.1f}", f"{low:.1f}–{high:.1f}", ece, f"{found.core_hours:.2f}")


def _comparison_line(found: Comparison) -> tuple[str, ...]:
    d = found.difference
    name = f"{_name(found.first)} − {_name(found.second)}"
    each = ", ".join(f"{test.p_value:.2g}" for test in found.mcnemar)
    interval = f"{d.low:+.2f} to {d.high:+.2f}"
    return (name, str(len(found.seeds)), f"{d.difference:+.2f}", interval, f"{d.p_value:.2g}", each)


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *lines))


def _name(key: Key) -> str:
    return key[0] if key[1] == PLAIN else f"{key[0]} {key[1]}"


def _row(name: str, variant: str) -> Row:
    return Row("", name, variant, PLAIN, "", 0)


def to_json(results: Results) -> dict[str, Any]:
    """Figures, differences and what is withheld, as JSON-ready values."""
    names = dict.fromkeys(name for name, _ in results.keys)
    return {
        "figures": [asdict(results.figure(key)) for key in results.keys if not results.lacking(key[0])],
        "differences": [asdict(each) for each in results.comparisons()],
        "withheld": {name: lacking for name in names if (lacking := results.lacking(name))},
    }
