from __future__ import annotations

import re

import pytest

from tools import results


def test_rows_come_back_in_order_and_the_newest_wins(tmp_path):
    book = tmp_path / "results.jsonl"
    assert list(results.rows(book)) == []
    assert results.latest("a", book) is None
    first = results.append("a", 47.5, command="make a", path=book, seed=13)
    results.append("b", 1, path=book)
    last = results.append("a", 48.25, command="make a", path=book)
    assert [row["claim"] for row in results.rows(book)] == ["a", "b", "a"]
    assert results.latest("a", book) == last
    assert first["seed"] == 13
    assert re.fullmatch(r"([0-9a-f]{12}|none)\+?", last["commit"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", last["date"])


def test_what_is_not_a_number_is_not_written(tmp_path):
    book = tmp_path / "results.jsonl"
    with pytest.raises(ValueError, match="not JSON compliant"):
        results.append("a", float("nan"), path=book)
    assert not book.exists()
