"""How many random tries a test makes: all that we promise in ``make soak``, one in a hundred of them elsewhere."""

from __future__ import annotations

import os

__all__ = ["FULL", "amount"]

FULL = os.environ.get("KGREASON_PROFILE") == "full"


def amount(promised: int) -> int:
    """As many as are promised, or a hundredth, at least one."""
    return promised if FULL else max(1, promised // 100)
