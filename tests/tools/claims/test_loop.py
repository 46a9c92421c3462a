from __future__ import annotations

import pytest

from tools import results
from tools.claims.loop import gap_left, precision
from tools.measure_practices import GAP


def test_the_gap_that_is_left(monkeypatch):
    told = {f"{GAP}, plain": {"value": 8.0}, f"{GAP}, with the penalty": {"value": 2.0, "command": "again"}}
    monkeypatch.setattr(results, "latest", told.get)
    assert gap_left().value == pytest.approx(25)
    told.popitem()
    with pytest.raises(LookupError, match="no rows"):
        gap_left()


def test_the_list_is_read():
    found = precision()
    assert 85 < found.value <= 100
    assert "of 200 listed" in found.how
