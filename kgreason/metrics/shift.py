"""Where a sequence of values turns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["turning_point"]

#: Difference of means, of values in 0..1, below which nothing has turned.
LEAST = 0.2


def turning_point(values: Sequence[float], least: float = LEAST) -> int | None:
    """Index of the first value after the one change that explains a sequence best.

    The split with the largest difference of means, weighed by how many values each mean stands on (binary
    segmentation's first step: Scott & Knott 1974; the weight is that of the CUSUM statistic).

    Args:
        values: at least two, or there is none.
        least: a smaller difference of means is no change.

    Example:
        >>> turning_point([0.9, 0.8, 0.9, 0.2, 0.3]), turning_point([0.5, 0.52, 0.5])
        (3, None)
    """
    array = np.asarray(values, np.float64)
    n = len(array)
    if n < 2:
        return None
    first = np.arange(1, n)
    before = np.cumsum(array)[:-1] / first
    after = (array.sum() - np.cumsum(array)[:-1]) / (n - first)
    change = np.abs(after - before)
    best = int(np.argmax(change * np.sqrt(first * (n - first) / n)))
    return best + 1 if change[best] >= least else None
