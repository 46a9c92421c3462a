"""Where a sequence of judgements turns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["turning_point"]

#: How much likelier one turn has to be than none, in nats.
MARGIN = 1.0


def turning_point(log_odds: Sequence[float], margin: float = MARGIN) -> int | None:
    """Index from which on the second of two states holds, where that is likelier than one state throughout.

    Each value says how much likelier one state is than the other at its place. The likeliest sequence with one turn
    is compared with the likeliest without any (change of a Bernoulli sequence: Hinkley & Hinkley 1970).

    Args:
        log_odds: of one state against the other, in nats.
        margin: by how much the log-likelihood of the turn has to be the greater.

    Example:
        >>> turning_point([2.0, 1.5, 3.0, -2.0, -1.0]), turning_point([0.5, -0.2, 0.5])
        (3, None)
    """
    sums = np.cumsum(np.asarray(log_odds, np.float64))
    if len(sums) < 2:
        return None
    turned = np.abs(2 * sums[:-1] - sums[-1]) / 2
    best = int(turned.argmax())
    return best + 1 if turned[best] > abs(sums[-1]) / 2 + margin else None
