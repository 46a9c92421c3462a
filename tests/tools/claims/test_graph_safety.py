from __future__ import annotations

from tools import measure_safety
from tools.claims import graph_safety
from tools.claims.graph import CLAIMS
from tools.safety import hostile, images


def test_what_takes_long_to_measure_is_claimed():
    assert set(measure_safety.MEASURES) <= {claim.name for claim in CLAIMS}


def test_each_line_runs_the_real_thing():
    assert graph_safety.failing_calls(every=97).value == 0
    assert graph_safety.unnoticed(images.flipped, 3).value == 0
    assert graph_safety.different_digests(120).value == 1


def test_attacks_are_counted(socket_enabled):
    measured = graph_safety.successful_attacks(hostile.documents, every=5)
    assert (measured.value, measured.how) == (0, "3 attacks")
