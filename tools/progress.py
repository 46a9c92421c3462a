"""How far a long measurement is, on one line of the terminal."""

from __future__ import annotations

import sys

__all__ = ["counted"]


def counted(done: int, total: int) -> None:
    """Write how many of all are done over what stood there before."""
    sys.stderr.write(f"\r{done:,} of {total:,}" + "\n" * (done == total))
