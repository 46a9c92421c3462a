"""Only the graph knows: what we claim of reading graphs, of open questions, of edits, and of helping on language.

All of it took long to measure: figures are read from docs/results.jsonl, where ``kgreason bench`` and the tools write
them. A line without its row says so, and is not kept.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from kgreason.bench.benches import BENCHES
from kgreason.bench.faithful import CLAIMS as FAITHFULNESS
from kgreason.bench.rows import PLAIN, Book
from kgreason.bench.tables import Comparison, Figure, Results
from kgreason.errors import InputError
from tools import results
from tools.bench.cost import SHARE, TIMES
from tools.claims.claim import Claim, Measured, at_least, at_most, recorded

__all__ = ["CLAIMS"]

SEEN = ("entities never seen", "K")


def book_of(name: str, pool: str, path: Path | None = None) -> Results:
    """What the book says of a pool of a benchmark, those of its newest rows that belong together."""
    return Results(BENCHES[name], Book(path or results.RESULTS).alike(name), pool)


def accuracy(name: str, pool: str, arm: str, control: str = PLAIN) -> Measured:
    """Pooled accuracy, or hits at 1, in percent."""
    found = _figure(name, pool, arm, control)
    return Measured(found.accuracy, _of(found))


def share_of_own(pool: str) -> Measured:
    """Accuracy on a quiz from another graph, in percent of that on the graph trained on."""
    own, other = (_figure("quiz", each, "K", PLAIN) for each in (SEEN[0], pool))
    return Measured(100 * other.accuracy / own.accuracy, f"{other.accuracy:.1f} of {own.accuracy:.1f}; {_of(other)}")


def calibration(name: str, pool: str, arm: str) -> Measured:
    """Expected calibration error over the pooled folds, in percent."""
    found = _figure(name, pool, arm, PLAIN)
    if found.ece is None:
        raise LookupError(f"no row yet: {arm} has no confidence on {pool} of {name}")
    return Measured(found.ece, _of(found))


def difference(
    name: str, pool: str, first: tuple[str, str], second: tuple[str, str], *, lower: bool = False
) -> Measured:
    """One arm minus another, in points, or the lower end of its 95 % interval."""
    found = _compared(name, pool, first, second)
    d = found.difference
    how = f"{d.difference:+.2f}, 95 % {d.low:+.2f} to {d.high:+.2f}, p {d.p_value:.2g}, {len(found.seeds)} seeds"
    return Measured(d.low if lower else d.difference, how)


def abstention(path: Path | None = None) -> Measured:
    """The lowest area under the curve over the hops of MetaQA's test."""
    rows = Book(path or results.RESULTS).alike("metaqa")
    found = [
        entry["auroc"]
        for row, entry in rows.items()
        if (row.arm, row.control) == ("K", PLAIN) and row.fold in ("1", "2", "3") and entry.get("auroc") is not None
    ]
    if not found:
        raise LookupError("no row yet: K on the test of metaqa")
    return Measured(min(found), f"lowest of {len(found)} rows")


def ties_shared(fold: str, path: Path | None = None) -> Measured:
    """Hits at 1 on MetaQA where of equal answers any may come first, as published figures have it, in percent."""
    rows = Book(path or results.RESULTS).alike("metaqa").items()
    found = [e["hits1_shared"] for row, e in rows if (row.arm, row.control, row.fold) == ("K", PLAIN, fold)
             and e.get("hits1_shared") is not None]  # fmt: skip
    if not found:
        raise LookupError(f"no row yet: ties of fold {fold} of metaqa")
    return Measured(sum(found) / len(found), f"{len(found)} seeds")


def rows_missing(name: str) -> Measured:
    """Figures of T, K with its controls, and verbalised facts that a benchmark's table lacks."""
    needed = [("T", PLAIN), ("T+facts", PLAIN), ("T+K", PLAIN), *(("T+K", each) for each in BENCHES[name].controls)]
    lacking = [" ".join(key) for pool in BENCHES[name].pools for key in needed if key not in book_of(name, pool).keys]
    return Measured(len(lacking), f"no row yet: {', '.join(lacking)}" if lacking else f"all {len(needed)} there")


def _figure(name: str, pool: str, arm: str, control: str) -> Figure:
    try:
        return book_of(name, pool).figure((arm, control))
    except InputError as error:
        raise LookupError(f"no row yet: {name}, {pool}: {error.message}") from None


def _compared(name: str, pool: str, first: tuple[str, str], second: tuple[str, str]) -> Comparison:
    try:
        return book_of(name, pool).compare(first, second)
    except InputError as error:
        raise LookupError(f"no row yet: {name}, {pool}: {error.message}") from None


def _of(found: Figure) -> str:
    low, high = found.ci95
    return f"{found.n:,} questions, {len(found.seeds)} seeds, 95 % {low:.1f} to {high:.1f}"


def _csqa(first: tuple[str, str], second: tuple[str, str], *, lower: bool = False) -> Callable[[], Measured]:
    return partial(difference, "csqa", "folds 1–4", first, second, lower=lower)


_T, _K = ("T", PLAIN), ("T+K", PLAIN)
_ELSEWHERE = ("asked on WordNet", "asked on UMLS", "asked on MetaQA's graph")
_FULL = {1: 96.5, 2: 98.5, 3: 98.5}
_RECORDED = {
    **dict(zip(FAITHFULNESS, (at_least(80, "%"), at_least(80, "%"), at_most(1e-5)), strict=True)),
    SHARE: at_most(25, "%"),
    TIMES: at_least(20, "times"),
    **({"grounded questions per second, GPU, bf16": at_least(5000, "/s")} if torch.cuda.is_available() else {}),
}

CLAIMS = [
    Claim("quiz, entities never seen", at_least(97, "%"), partial(accuracy, "quiz", *SEEN)),
    Claim("quiz, wordings never seen", at_least(85, "%"), partial(accuracy, "quiz", "wordings never seen", "K")),
    Claim("quiz, text alone", at_most(22, "%"), partial(accuracy, "quiz", SEEN[0], "T")),
    Claim("quiz, relation labels permuted", at_most(30, "%"), partial(accuracy, "quiz", *SEEN, "permuted@test")),
    Claim("quiz, trained on permuted labels", at_most(30, "%"), partial(accuracy, "quiz", *SEEN, "permuted")),
    *(Claim(f"quiz, {pool}, of its own figure", at_least(85, "%"), partial(share_of_own, pool)) for pool in _ELSEWHERE),
    Claim("edits obeyed", at_least(95, "%"), partial(accuracy, "quiz", "a decisive fact edited", "K")),
    *(Claim(f"PathQuestion, {hops} hops, hits@1", at_least(bound, "%"),
            partial(accuracy, f"pathquestion-{hops}hop", "test, other topics", "K"))
      for hops, bound in ((2, 98), (3, 96))),
    *(Claim(f"MetaQA, {hops}-hop, wordings held out, hits@1", at_least(99, "%"),
            partial(accuracy, "metaqa", f"wordings held out, {hops}-hop", "K")) for hops in _FULL),
    *(Claim(f"MetaQA, {hops}-hop, full test, hits@1", at_least(bound, "%"),
            partial(accuracy, "metaqa", f"test, {hops}-hop", "K")) for hops, bound in _FULL.items()),
    *(Claim(f"MetaQA, {hops}-hop, full test, ties in random order", at_least(bound, "%"),
            partial(ties_shared, str(hops))) for hops, bound in _FULL.items()),
    Claim("PathQuestion, 2 hops, not trained on it", at_least(50, "%"),
          partial(accuracy, "pathquestion-2hop", "test, other topics", "mini")),
    *(Claim(f"MetaQA, {hops}-hop, not trained on it", at_least(60, "%"),
            partial(accuracy, "metaqa", f"test, {hops}-hop", "mini")) for hops in (1, 2)),
    Claim("CommonsenseQA, K − T, lower bound", at_least(0, "points"), _csqa(_K, _T, lower=True)),
    Claim("CommonsenseQA, K − K rewired at test", at_least(0, "points"), _csqa(_K, ("T+K", "rewired@test"))),
    Claim("CommonsenseQA, K − K trained on a rewired graph", at_least(0, "points"), _csqa(_K, ("T+K", "rewired"))),
    Claim("CommonsenseQA, no direct edges, K − T", at_least(0, "points"), _csqa(("T+K", "no-direct"), _T)),
    *(Claim(f"{BENCHES[name].title}, rows missing", at_most(0), partial(rows_missing, name))
      for name in ("csqa", "obqa", "siqa", "ecare")),
    Claim("graph off − T, lower bound", at_least(-1, "points"), _csqa(("T+K", "none@test"), _T, lower=True)),
    Claim("ECE on the pooled folds", at_most(5, "%"), partial(calibration, "csqa", "folds 1–4", "T+K")),
    Claim("abstention, AUROC", at_least(0.9), abstention),
    *(Claim(name, target, recorded(name)) for name, target in _RECORDED.items()),
]  # fmt: skip
