"""What we claim of training practices and of the loop of diagnosis and training.

The figures took long to measure and are read from docs/results.jsonl, where ``tools.measure_loop``, ``measure_labels``,
``measure_practices`` and ``measure_resume`` write them; the rule for edges that demean is held against a reader's list.
"""

from __future__ import annotations

from kgreason import storage
from tools import results
from tools.claims.claim import Claim, Measured, Target, at_least, at_most, recorded
from tools.measure_labels import BASE, GAINS, MEMBERS
from tools.measure_loop import MINUTES
from tools.measure_practices import COST, GAP

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
    **{f"{BASE}, {gain}": at_least(0, "points") for gain in GAINS.values()},
    f"{BASE}, {MEMBERS} members together - mean member": at_least(0, "points"),
    f"{BASE}, one distilled from them - mean member": at_least(0, "points"),
    "resume bit-equal": at_most(0, "losses"),
    COST: at_least(-1, "points"),
}
_LIST = results.ROOT / "tests" / "graph" / "offensive.tsv"


def gap_left() -> Measured:
    """The audit's largest gap with the penalty, in percent of that without."""
    after, before = (results.latest(f"{GAP}, {name}") for name in ("with the penalty", "plain"))
    if not before or not after:
        raise LookupError(f"no rows {GAP!r} in {results.RESULTS.name}")
    return Measured(
        100 * after["value"] / before["value"], f"{after['value']} of {before['value']}: {after['command']}"
    )


def precision() -> Measured:
    """Of the listed edges that the rule flags, the percentage that a reader found to demean; recall stands beside."""
    with storage.open_text(_LIST) as lines:
        _, *rows = [line.split("\t") for line in lines if line]
    flagged = [row[4] == "yes" for row in rows if row[3] != "none"]
    demeaning = sum(row[4] == "yes" for row in rows)
    how = f"{sum(flagged)} of {len(flagged)} flagged, {demeaning} of {len(rows)} listed demean"
    return Measured(100 * sum(flagged) / len(flagged), how)


CLAIMS = [
    *(Claim(name, target, recorded(name)) for name, target in _TARGETS.items()),
    Claim(f"{GAP}, of it left with the penalty", at_most(90, "%"), gap_left),  # all of it would be no gain
    Claim("edges that demean, precision of the rule", at_least(85, "%"), precision),
]
