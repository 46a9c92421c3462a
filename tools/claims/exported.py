"""What we claim of exported models; ``tools.measure_export`` writes the figures."""

from __future__ import annotations

from tools.claims.claim import Claim, at_least, at_most, recorded
from tools.measure_export import CHANGE, PARITY, PRUNED_CHANGE, PRUNED_SPEED, SPEED

__all__ = ["EXPORTED"]

EXPORTED = [
    Claim("mini, export, largest difference of a score", at_most(1e-4), recorded(f"mini, {PARITY}")),
    Claim("mini, export in eight bits, questions a second against torch", at_least(2, "times"),
          recorded(f"mini, {SPEED}")),
    Claim("mini, export in eight bits, change of accuracy, up or down", at_most(0.5, "points"),
          recorded(f"mini, {CHANGE}", figure=lambda row: abs(row["value"]))),
    Claim("mini, export with fewer layers, questions a second against all", at_least(1.3, "times"),
          recorded(f"mini, {PRUNED_SPEED}")),
    Claim("mini, export with fewer layers, accuracy - all", at_least(-1, "points"), recorded(f"mini, {PRUNED_CHANGE}")),
]  # fmt: skip
