from __future__ import annotations

import pytest

from tools import results
from tools.claims.claim import Claim, Measured, at_least, at_most, check, recorded


@pytest.mark.parametrize(
    ("target", "value", "ok"),
    [
        (at_most(0.3, "s"), 0.3, True),
        (at_most(0.3, "s"), 0.31, False),
        (at_least(95, "%"), 95, True),
        (at_least(95, "%"), 94.99, False),
        (at_most(1), float("nan"), False),
        (at_least(1), float("nan"), False),
    ],
)
def test_a_target_is_met_up_to_its_bound(target, value, ok):
    assert check(Claim("c", target, lambda: Measured(value))).ok is ok


def test_a_line_says_target_figure_and_unit():
    line = check(Claim("import", at_most(0.3, "s"), lambda: Measured(0.0123, "median of 5")))
    assert (line.target, line.measured, line.how) == ("≤ 0.3 s", "0.0123 s", "median of 5")


def test_a_measurement_that_fails_is_a_miss_with_its_reason():
    def measure() -> Measured:
        raise RuntimeError("no such folder")

    line = check(Claim("c", at_most(1), measure))
    assert not line.ok
    assert "no such folder" in line.how


def test_a_recorded_figure_names_commit_and_command(tmp_path):
    book = tmp_path / "results.jsonl"
    claim = Claim("c", at_least(47, "%"), recorded("mini/csqa", book))
    assert not check(claim).ok
    row = results.append("mini/csqa", 48.5, command="kgreason evaluate", path=book)
    line = check(claim)
    assert line.ok
    assert row["commit"] in line.how
    assert "kgreason evaluate" in line.how
