"""What we claim of exported models; ``tools.measure_export`` writes the figures."""

from __future__ import annotations

from tools.claims.claim import Claim, at_least, at_most, recorded
from tools.measure_export import CHANGE, PARITY, SPEED

__all__ = ["EXPORTED"]

EXPORTED = [
    Claim("mini, export, largest difference of a score", at_most(1e-4), recorded(f"mini, {PARITY}")),
    Claim("mini, export in eight bits, questions a second against torch", at_least(2, "times"),
          recorded(f"mini, {SPEED}")),
    Claim("mini, export in eight bits, accuracy - torch", at_least(-0.5, "points"), recorded(f"mini, {CHANGE}")),
]  # fmt: skip
