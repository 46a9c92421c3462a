from __future__ import annotations

import pytest

from tools.measure_practices import ADAPTERS, DEV, measure


@pytest.mark.slow
@pytest.mark.data
def test_an_adapter_is_measured(home):
    found = measure("ia3", 64, seed=1)
    assert (found["n"], found["samples"]) == (DEV, 64)
    assert 40 < found["value"] <= 100
    assert 0 < found["parameters"] < 50_000
    assert found["seconds"] > 0 < found["memory_gb"]


def test_adapters_differ():
    assert {settings.kind if settings else "full" for settings, _ in ADAPTERS.values()} == ADAPTERS.keys()
