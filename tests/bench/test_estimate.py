from __future__ import annotations

from kgreason.bench.estimate import estimate
from tests.bench.conftest import tiny_row

K = "separate.counter-nodes"


def test_rows_are_expected_to_take_what_a_trial_says(runner):
    rows = [tiny_row("T"), tiny_row("T+K", K, "rewired@test"), tiny_row("T+K", K, "rewired")]
    seconds = estimate(runner, rows)
    assert 0 < seconds[1] < seconds[2]
    assert seconds[0] > 0
    assert not runner.folder.exists()
