from __future__ import annotations

from kgreason.graph import readers
from tests.graph.readers.cases import ReaderCase, rows


class TestCn100k(ReaderCase):
    reader = "cn100k"
    good = "AtLocation\tPenguin\tthe zoo\nNotDesires\tice  cream\tand/or\t2.5\nIsA\tzoo\tpark\t0\n"
    expected = (
        ("/c/en/penguin", "AtLocation", "/c/en/the_zoo", 1000),
        ("/c/en/ice_cream", "NotDesires", "/c/en/and_or", 2500),
    )
    bad = (
        ("IsA\ta\tb\nIsA\ta\n", "line 2: it has 2 columns"),
        ("IsA\ta\tb\nIsA\t \tb\n", "line 2: its source is empty"),
        ("IsA\ta\tb\tc\n", "line 1: could not convert"),
    )


def test_heads_first_are_triples(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("penguin\tIsA\tbird\nauk\tIsA\tbird\n")
    assert readers.sniff(path) == "triples"


def test_other_languages_are_not_in_it(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("IsA\ta\tb\n")
    assert rows(path, languages=["en"])
