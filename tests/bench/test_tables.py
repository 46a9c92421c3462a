from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kgreason.bench.rows import PLAIN, Outcome, Row
from kgreason.bench.tables import Results, markdown, to_json
from kgreason.errors import InputError
from kgreason.metrics import mcnemar, paired_bootstrap
from tests.bench.conftest import TINY, measured, tiny_row

K = "separate.counter"
CONTROLS = TINY.controls


def book(*, lacking: str = "") -> dict[Row, dict[str, Any]]:
    """T and K with two seeds, K's controls with one."""
    found = {}
    for seed in (1, 2):
        found[tiny_row("T", seed=seed)] = measured(0.4, seed=seed)
        found[tiny_row("T+K", K, seed=seed)] = measured(0.7, seed=10 + seed)
    for i, name in enumerate(CONTROLS):
        if name != lacking:
            found[tiny_row("T+K", K, name)] = measured(0.4, seed=20 + i)
    return found


def right(entry) -> np.ndarray:
    return Outcome.parse(entry["right"]).right


def test_accuracy_is_the_mean_over_seeds_with_its_interval():
    entries = book()
    found = Results(TINY, entries, "test").figure(("T", PLAIN))
    own = [entries[tiny_row("T", seed=seed)] for seed in (1, 2)]
    assert (found.seeds, found.n, found.core_hours) == ((1, 2), 211, 1.0)
    assert found.accuracy == pytest.approx(100 * np.mean([right(entry) for entry in own]))
    assert found.ci95[0] < found.accuracy < found.ci95[1]
    assert found.ece is None


def test_differences_are_paired_and_clustered():
    entries = book()
    found = Results(TINY, entries, "test").compare(("T+K", PLAIN), ("T", PLAIN))
    k, t = (
        [right(entries[tiny_row(arm, variant, seed=seed)]) for seed in (1, 2)]
        for arm, variant in (("T+K", K), ("T", "separate"))
    )
    groups = np.arange(211) // 3
    assert found.difference == paired_bootstrap(100 * np.mean(k, 0), 100 * np.mean(t, 0), groups=groups)
    assert found.mcnemar == tuple(mcnemar(a, b) for a, b in zip(k, t, strict=True))
    assert found.difference.p_value < 0.01


def test_controls_of_one_seed_are_compared_on_that_seed():
    found = Results(TINY, book(), "test").compare(("T+K", PLAIN), ("T+K", "rewired"))
    assert found.seeds == (1,)


@pytest.mark.parametrize("control", CONTROLS)
def test_nothing_is_said_without_controls(control):
    entries = book(lacking=control)
    results = Results(TINY, entries, "test")
    for refused in (
        lambda: results.figure(("T+K", PLAIN)),
        lambda: results.compare(("T+K", PLAIN), ("T", PLAIN)),
    ):
        with pytest.raises(InputError, match=f"nothing is said of T.K without its controls: {control}"):
            refused()
    text = markdown(TINY, entries)
    assert f"T+K is withheld: its controls {control} are not measured." in text
    assert "| T+K |" not in text
    assert "T+K −" not in text
    assert to_json(results)["withheld"] == {"T+K": (control,)}
    assert results.figure(("T", PLAIN)).n == 211


def test_the_table_says_all_with_controls():
    text = markdown(TINY, book())
    assert "**Tiny, test**" in text
    assert "| T | separate | plain | 2 | 211 |" in text
    for line in ("T+K − T |", "T+K − T+K rewired |", "T+K none@test − T |", "T+K − T+K permuted@test |"):
        assert f"| {line}" in text
    assert "withheld" not in text
    values = to_json(Results(TINY, book(), "test"))
    assert {(each["arm"], each["control"]) for each in values["figures"]} >= {("T", PLAIN), ("T+K", "rewired")}
    assert values["withheld"] == {}


def test_a_seed_counts_where_all_folds_are_measured():
    bench = replace(TINY, pools={"both": ("1", "2")})
    entries = {tiny_row("T", fold=fold, seed=1): measured(0.5, n=30) for fold in ("1", "2")}
    entries[tiny_row("T", fold="1", seed=2)] = measured(0.5, n=30)
    found = Results(bench, entries, "both").figure(("T", PLAIN))
    assert (found.seeds, found.n) == ((1,), 60)
    del entries[tiny_row("T", fold="2", seed=1)]
    with pytest.raises(InputError, match="T is not measured on 1, 2"):
        Results(bench, entries, "both").figure(("T", PLAIN))


def test_calibration_is_pooled_over_rows():
    bench = replace(TINY, pools={"both": ("1", "2")})
    entries = {
        tiny_row("T", fold="1"): measured(0.5, n=30, bins=[3.0, 0.0]),
        tiny_row("T", fold="2"): measured(0.5, n=30, bins=[-1.5, 1.5]),
    }
    assert Results(bench, entries, "both").figure(("T", PLAIN)).ece == pytest.approx(100 * (1.5 + 1.5) / 60)


def test_the_form_that_the_tuning_fold_prefers_is_shown():
    entries = {
        tiny_row("T", "separate"): measured(0.6),
        tiny_row("T", "joint"): measured(0.5),
        tiny_row("T", "separate", fold="dev"): measured(0.4),
        tiny_row("T", "joint", fold="dev"): measured(0.6),
        tiny_row("GSC", "separate"): measured(0.9),
        tiny_row("GSC", "joint"): measured(0.3, seed=4),
    }
    results = Results(TINY, entries, "test")
    assert results.variants == {"T": "joint", "GSC": "joint"}


def test_rows_of_other_questions_are_not_compared():
    entries = {tiny_row("T"): measured(0.5), tiny_row("GSC"): measured(0.5, n=212)}
    with pytest.raises(InputError, match="GSC and T were not measured on the same questions"):
        Results(TINY, entries, "test").compare(("GSC", PLAIN), ("T", PLAIN))


def test_an_empty_book_has_no_table():
    assert markdown(TINY, {}) == ""
    with pytest.raises(InputError, match="tiny has no pool 'all'"):
        Results(TINY, {}, "all")
