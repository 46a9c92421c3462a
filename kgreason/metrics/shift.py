"""Where a sequence of judgements turns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["turning_point"]

#: How much likelier one turn has to be than none, in nats.
MARGIN = 1.0
#: No judgement counts for surer than this.
_SURE = 1e-6


def turning_point(probability: Sequence[float], margin: float = MARGIN) -> int | None:
    """Index from which on the other of two states holds, where that is likelier than one state throughout.

    The likeliest sequence with one turn is compared with the likeliest without any (change of a Bernoulli sequence:
    Hinkley & Hinkley 1970).

    Args:
        probability: of one of the states, at each place.
        margin: by how much the log-likelihood of the turn has to be the greater.

    Example:
        >>> turning_point([0.9, 0.8, 0.95, 0.1, 0.3]), turning_point([0.6, 0.45, 0.6])
        (3, None)
    """
    sure = np.clip(np.asarray(probability, np.float64), _SURE, 1 - _SURE)
    sums = np.cumsum(np.log(sure) - np.log1p(-sure))
    if len(sums) < 2:
        return None
    turned = np.abs(2 * sums[:-1] - sums[-1]) / 2
    best = int(turned.argmax())
    return best + 1 if turned[best] > abs(sums[-1]) / 2 + margin else None
