from __future__ import annotations

from tools import performance, results
from tools.bench import caps, coverage, graph


def test_the_page_shows_the_newest_rows_beside_their_targets(tmp_path):
    book = tmp_path / "book.jsonl"
    for value in (30.0, 12.5):
        results.append(graph.BUILD, value, path=book, command="x", unit="times")
    by_cap = {str(cap): float(cap) / 2 for cap in caps.CAPS}
    for claim in (caps.KEPT, caps.MASS):
        results.append(f"{claim}: e-CARE", 100.0, path=book, command="x", unit="%", by_cap=by_cap, questions=7)
    results.append(f"{coverage.RIGHT}: e-CARE", 88.0, path=book, command="x", unit="%", questions=11)
    page = performance.page(book)
    assert f"| {graph.BUILD} | ≤ 20 times | 12.5 times | yes |" in page
    assert "| e-CARE, 7 questions | 16.0 % (16.0) | 32.0 % (32.0) | 64.0 % (64.0) | 100.0 % (100.0) |" in page
    assert "| e-CARE, 11 questions |  |  | 88.0 % |  |" in page
