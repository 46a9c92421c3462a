"""What we claim of the faculties beside the graph: logic, from the edges that texts state.

The figures took long to measure and are read from docs/results.jsonl, where ``tools/measure_logic.py`` writes them.
"""

from __future__ import annotations

from tools.claims.claim import Claim, at_least, recorded

__all__ = ["CLAIMS"]

_CHAINS = (
    "logic, stories, family, own wordings",
    "logic, stories, family, other wordings",
    "logic, CLUTRR, 5 steps or more",
)

CLAIMS = [
    *(Claim(f"{name}, stated − text", at_least(20, "points"), recorded(name)) for name in _CHAINS),
    *(Claim(f"{name} violations, fewer with rules", at_least(100 / 3, "%"), recorded(f"logic, consistency, {name}"))
      for name in ("negation", "symmetry", "transitivity")),
    *(Claim(f"{name}, change by reading", at_least(-0.5, "points"), recorded(f"logic, harm, {name}"))
      for name in ("commonsenseqa", "openbookqa", "lingnli", "sst2")),
]  # fmt: skip
