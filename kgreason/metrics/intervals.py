"""How sure a figure is: intervals, and tests of two systems on the same samples."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from kgreason.errors import InputError
from kgreason.metrics.checks import Floats, Ints, finite, same_length, truths

__all__ = [
    "McNemar", "PairedDifference", "ci95", "mcnemar", "newcombe_interval", "paired_bootstrap", "wilson_interval",
]  # fmt: skip

#: Draws handled at once; bounds memory at some 8 MB for 1,000 groups.
_BLOCK_ENTRIES = 1_000_000


def wilson_interval(successes: int, trials: int, *, level: float = 0.95) -> tuple[float, float]:
    """Score interval of a share (Wilson 1927), which keeps its level for small samples and shares near 0 or 1.

    Args:
        successes: how many of the trials succeeded.
        trials: how many there were.
        level: of confidence.

    Returns:
        The lower and the upper end, within 0 and 1.

    Raises:
        InputError: no trial, more successes than trials, or a level out of 0 to 1.

    Example:
        >>> [round(end, 3) for end in wilson_interval(8, 10)]
        [0.49, 0.943]
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise InputError(f"{successes} of {trials} trials succeeded", fix="Give 0 to trials, and at least one trial.")
    z = NormalDist().inv_cdf((1 + _level(level)) / 2)
    share, weight = successes / trials, z * z / trials
    centre = share + weight / 2
    half = z * math.sqrt(share * (1 - share) / trials + weight / (4 * trials))
    low, high = (centre - half) / (1 + weight), (centre + half) / (1 + weight)
    return (0.0 if successes == 0 else low), (1.0 if successes == trials else high)


def newcombe_interval(
    successes: int, trials: int, other_successes: int, other_trials: int, *, level: float = 0.95
) -> tuple[float, float]:
    """Hybrid score interval of the difference of two shares of different samples.

    Newcombe 1998, "Interval estimation for the difference between independent proportions", method 10: the distances
    of both shares to the ends of their Wilson intervals, squared and summed. It keeps its level where one of the two
    samples is small or its share near 0 or 1.

    Args:
        successes: of the first sample.
        trials: of the first sample.
        other_successes: of the second.
        other_trials: of the second.
        level: of confidence.

    Returns:
        The lower and the upper end of first minus second, within −1 and 1.

    Raises:
        InputError: no trial, more successes than trials, or a level out of 0 to 1.

    Example:
        >>> [round(end, 4) for end in newcombe_interval(56, 70, 48, 80)]
        [0.0524, 0.3339]
    """
    low, high = wilson_interval(successes, trials, level=level)
    other_low, other_high = wilson_interval(other_successes, other_trials, level=level)
    one, two = successes / trials, other_successes / other_trials
    return one - two - math.hypot(one - low, other_high - two), one - two + math.hypot(high - one, two - other_low)


def _level(level: float) -> float:
    if not 0 < level < 1:
        raise InputError(f"level is {level}", fix="Give a number between 0 and 1, such as 0.95.")
    return level


def ci95(
    statistic: Callable[..., float],
    *arrays: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % percentile bootstrap interval of any statistic (Efron 1979).

    Args:
        statistic: from arrays like the given ones to a number.
        arrays: one entry or row a sample each; drawn together.
        groups: of the samples; whole groups are drawn instead of samples. Without it each sample is a group.
        draws: how many samples to draw.
        seed: of the draws.

    Returns:
        The lower and the upper end. Draws for which the statistic is NaN are left out; NaN if it always is.

    Raises:
        InputError: no array, no sample, or different lengths.

    Shapes:
        arrays [n, ...], groups [n]

    Example:
        >>> low, high = ci95(lambda x: float(x.mean()), [0, 1] * 50)
        >>> 0.38 < low < 0.43 and 0.57 < high < 0.62
        True
    """
    given = {f"array {index}": np.asarray(array) for index, array in enumerate(arrays)}
    if not given or any(array.ndim == 0 or not len(array) for array in given.values()):
        raise InputError("there is no sample", fix="Give arrays of at least one entry.")
    names = np.asarray(groups if groups is not None else np.arange(len(next(iter(given.values())))))
    same_length(**given, groups=names)
    _, group, sizes = np.unique(names, return_inverse=True, return_counts=True)
    order, ends = np.argsort(group, kind="stable"), np.cumsum(sizes)
    figures: list[float] = []
    for drawn in (row for block in _drawn(len(sizes), draws, seed) for row in block):
        length = sizes[drawn]
        # `order` holds group after group; this is where the members of each drawn one stand in it.
        positions = np.repeat(ends[drawn] - length.cumsum(), length) + np.arange(length.sum())
        figures.append(statistic(*(array[order[positions]] for array in given.values())))
    if np.isnan(figures).all():
        return float("nan"), float("nan")
    low, high = np.nanquantile(figures, [0.025, 0.975])
    return float(low), float(high)


def _drawn(groups: int, draws: int, seed: int) -> Iterator[Ints]:
    """Blocks [some, groups] of drawn group numbers, ``draws`` rows in all."""
    if draws < 1:
        raise InputError(f"draws is {draws}", fix="Give 1 or more.")
    random = np.random.default_rng(seed)
    step = max(1, _BLOCK_ENTRIES // groups)
    for start in range(0, draws, step):
        yield random.integers(groups, size=(min(step, draws - start), groups))


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Difference between two systems on the same samples, with its interval.

    Args:
        difference: mean of the first minus mean of the second.
        low: lower end of the interval. The first is not inferior by a margin if this is above −margin.
        high: upper end.
        p_value: two-sided, of no difference.
        groups: how many groups were drawn from.
    """

    difference: float
    low: float
    high: float
    p_value: float
    groups: int


def paired_bootstrap(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    groups: npt.ArrayLike | None = None,
    draws: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> PairedDifference:
    """Bootstrap of the difference of two means over the same samples, whole groups drawn together.

    Percentile interval of the paired bootstrap (Efron and Tibshirani 1993; for language systems Koehn 2004), with
    groups as the unit that is drawn (Field and Welsh 2007). The p-value is twice the smaller share of draws on one
    side of zero, counting the sample itself as one draw.

    Args:
        first: score of the first system for each sample, for instance whether it was right.
        second: the same of the second system.
        groups: of the samples; without it each sample is a group.
        draws: how many samples to draw.
        level: of confidence.
        seed: of the draws.

    Returns:
        The difference with its interval.

    Raises:
        InputError: no sample, different lengths, scores that are not finite, or a level out of 0 to 1.

    Shapes:
        first [n], second [n], groups [n]

    Example:
        >>> found = paired_bootstrap([1, 1, 1, 0] * 50, [1, 0, 1, 0] * 50)
        >>> found.difference, found.low > 0, found.p_value < 0.001
        (0.25, True, True)
    """
    first, second = finite("first", first), finite("second", second)
    same_length(first=first, second=second)
    tail = (1 - _level(level)) / 2
    difference = first - second
    names = np.arange(len(difference)) if groups is None else np.asarray(groups)
    same_length(first=first, groups=names)
    _, group, sizes = np.unique(names, return_inverse=True, return_counts=True)
    sums = np.bincount(group, weights=difference)
    means: Floats = np.concatenate(
        [sums[drawn].sum(1) / sizes[drawn].sum(1) for drawn in _drawn(len(sizes), draws, seed)]
    )
    low, high = np.quantile(means, [tail, 1 - tail])
    smaller = min(int((means <= 0).sum()), int((means >= 0).sum()))
    return PairedDifference(
        difference=float(difference.mean()),
        low=float(low),
        high=float(high),
        p_value=min(1.0, 2 * (smaller + 1) / (draws + 1)),
        groups=len(sizes),
    )


@dataclass(frozen=True, slots=True)
class McNemar:
    """Samples that only one of two systems got right, and the exact two-sided p-value of no difference."""

    only_first: int
    only_second: int
    p_value: float


def mcnemar(first: npt.ArrayLike, second: npt.ArrayLike) -> McNemar:
    """McNemar's exact test of two systems on the same samples (McNemar 1947, with binomial probabilities).

    Args:
        first: whether the first system was right, for each sample.
        second: the same of the second.

    Returns:
        Counts of samples that only one got right, and the p-value.

    Raises:
        InputError: no sample, different lengths, or what is not yes or no.

    Shapes:
        first [n], second [n]

    Example:
        >>> mcnemar([1, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0])
        McNemar(only_first=5, only_second=0, p_value=0.0625)
    """
    first, second = truths("first", first), truths("second", second)
    same_length(first=first, second=second)
    one, other = int((first & ~second).sum()), int((second & ~first).sum())
    return McNemar(one, other, _sign_test(min(one, other), one + other))


def _sign_test(smaller: int, trials: int) -> float:
    """Twice the chance of at most ``smaller`` heads in ``trials`` fair tosses, at most 1; exact integers."""
    ways, total = 1, 1
    for heads in range(1, smaller + 1):
        ways = ways * (trials - heads + 1) // heads
        total += ways
    return min(1.0, 2 * total / 2**trials) if 2 * smaller < trials else 1.0
