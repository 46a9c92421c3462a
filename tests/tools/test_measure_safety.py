from __future__ import annotations

import pytest

from tools import measure_safety


@pytest.mark.slow
@pytest.mark.parametrize("name", [measure_safety.KILLED, measure_safety.RACES])
def test_a_share_of_what_is_promised(name):
    found, count = measure_safety.measure(name, share=0.02)
    assert not found
    assert count == max(1, round(0.02 * measure_safety.MEASURES[name][0]))
