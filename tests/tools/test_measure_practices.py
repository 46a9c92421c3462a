from __future__ import annotations

import pytest

from kgreason.evaluation.bias import LEAST
from tools.measure_practices import ADAPTERS, DEV, audited, measure


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


@pytest.mark.slow
@pytest.mark.data
def test_a_model_is_audited(home):
    found = audited(64, seed=1, penalty=1.0)
    assert len(found["right"]) == DEV
    assert 0 <= found["gap"] <= 100
    assert found["n"] >= LEAST
