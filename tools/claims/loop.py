"""What we claim of training practices and of the loop of diagnosis and training.

The figures took long to measure and are read from docs/results.jsonl, where ``tools.measure_loop`` writes them.
"""

from __future__ import annotations

from tools.claims.claim import Claim, Target, at_least, at_most, recorded
from tools.measure_loop import MINUTES

__all__ = ["CLAIMS"]

_TRAINED = "loop, augmented and fgm - plain, SST-2 dev"
#: Typos and synonyms; an order of options cannot change an answer, and an added sentence is measured without a target.
_PERTURBED = ("typos", "other words", "concept swap")
_TARGETS: dict[str, Target] = {
    MINUTES: at_most(10, "min"),
    f"{_TRAINED}, as it is": at_least(-0.5, "points"),
    **{f"{_TRAINED}, {name}": at_least(3, "points") for name in _PERTURBED},
    "loop, changed, option order, commonsenseqa": at_least(0, "points"),
    "loop, changed, edge noise, commonsenseqa": at_least(-3, "points"),
}

CLAIMS = [Claim(name, target, recorded(name)) for name, target in _TARGETS.items()]
