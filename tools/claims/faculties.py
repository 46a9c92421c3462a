"""What we claim of the faculties beside the graph: emotion, and logic by lexical relations and by what texts state.

The figures took long to measure and are read from docs/results.jsonl, where ``kgreason bench lexical``,
``tools.measure_emotion`` and ``tools.measure_logic`` write them.
"""

from __future__ import annotations

from functools import partial

from kgreason.bench.rows import PLAIN
from tools.claims.claim import Claim, at_least, recorded
from tools.claims.yardstick import difference
from tools.measure_emotion import DEGREE, TURN, UNSEEN

__all__ = ["CLAIMS"]

_CHAINS = (
    "logic, stories, family, own wordings",
    "logic, stories, family, other wordings",
    "logic, CLUTRR, 5 steps or more",
)
_WORDS = ("lexical", "words never seen")

CLAIMS = [
    *(Claim(name, target, recorded(f"mini, {name}"))
      for name, target in ((UNSEEN, at_least(5, "points")), (DEGREE, at_least(85, "%")), (TURN, at_least(85, "%")))),
    Claim("lexical entailment, graph - text", at_least(8, "points"),
          partial(difference, *_WORDS, ("T+L", PLAIN), ("T", PLAIN))),
    *(Claim(f"{name}, stated − text", at_least(20, "points"), recorded(name)) for name in _CHAINS),
    *(Claim(f"{name} violations, fewer with rules", at_least(100 / 3, "%"), recorded(f"logic, consistency, {name}"))
      for name in ("negation", "symmetry", "transitivity")),
    *(Claim(f"{name}, change by reading", at_least(-0.5, "points"), recorded(f"logic, harm, {name}"))
      for name in ("commonsenseqa", "openbookqa", "lingnli", "sst2")),
]  # fmt: skip
