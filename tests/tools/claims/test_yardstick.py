from __future__ import annotations

import numpy as np
import pytest

from kgreason.bench.benches import BENCHES
from kgreason.bench.rows import PLAIN, Book, Outcome, Row
from tools import results
from tools.claims import yardstick
from tools.claims.claim import check
from tools.claims.yardstick import CLAIMS


@pytest.fixture
def book(tmp_path, monkeypatch):
    """An empty book of results."""
    monkeypatch.setattr(results, "RESULTS", tmp_path / "results.jsonl")
    return Book(results.RESULTS)


def write(book: Book, row: Row, accuracy: float, n: int = 101, **more) -> None:
    right = np.arange(n) < accuracy * n
    value = round(100 * float(right.mean()), 3)
    book.append(row, value, n=n, right=str(Outcome(right, np.arange(n))), core_hours=0.1, seconds=1.0, **more)


def lines(*names: str):
    return {claim.name: check(claim) for claim in CLAIMS if claim.name in names or not names}


def test_claim_names_are_distinct():
    names = [claim.name for claim in CLAIMS]
    assert len(names) == len(set(names))


def test_an_empty_book_keeps_no_claim_and_says_why(book):
    found = lines(*(claim.name for claim in CLAIMS[:-6]))
    assert not any(line.ok for line in found.values())
    assert all("no row yet" in line.how for line in found.values())


def test_quiz_and_edits(book):
    controls = (PLAIN, *BENCHES["quiz"].controls)
    for fold, accuracy in (("test", 0.98), ("wordings", 0.8), ("umls", 0.9), ("edited", 0.97)):
        for control in controls:
            write(book, Row("quiz", "K", "tuned", control, fold, 1), accuracy if control == PLAIN else 0.2)
    found = lines()
    assert found["quiz, entities never seen"].ok
    assert not found["quiz, wordings never seen"].ok
    assert found["quiz, relation labels permuted"].ok
    assert found["quiz, asked on UMLS, of its own figure"].ok
    assert "no row yet" in found["quiz, asked on WordNet, of its own figure"].how
    assert found["edits obeyed"].ok


def test_what_lacks_its_controls_is_no_row(book):
    write(book, Row("quiz", "K", "tuned", PLAIN, "test", 1), 0.99)
    line = lines("quiz, entities never seen")["quiz, entities never seen"]
    assert not line.ok
    assert "without its controls" in line.how


def test_commonsenseqa(book):
    arms = {("T", "separate", PLAIN): 0.45, ("T+K", "separate.counter", PLAIN): 0.6}
    arms |= {("T+K", "separate.counter", control): 0.45 for control in BENCHES["csqa"].controls}
    for (arm, variant, control), accuracy in arms.items():
        for fold in "1234":
            write(book, Row("csqa", arm, variant, control, fold, 1), accuracy, bins=[0.1] * 15)
    found = lines()
    assert found["CommonsenseQA, K − T, lower bound"].ok
    assert found["CommonsenseQA, K − K rewired at test"].ok
    assert found["graph off − T, lower bound"].ok
    assert found["ECE on the pooled folds"].ok
    missing = found["CommonsenseQA, rows missing"]
    assert missing.measured == "9"
    assert "T+facts plain" in missing.how


def test_abstention_is_judged_by_its_worst_row(book):
    for fold, auroc in (("1", 0.99), ("2", 0.93), ("1-wordings", 0.5)):
        write(book, Row("metaqa", "K", "follower", PLAIN, fold, 1), 0.9, auroc=auroc)
    line = check(next(claim for claim in CLAIMS if claim.measure is yardstick.abstention))
    assert (line.measured, line.ok) == ("0.93", True)


def test_ties_are_shared_where_the_row_says_so(book):
    for seed, shared in ((1, 96.0), (2, 98.0)):
        write(book, Row("metaqa", "K", "follower", PLAIN, "1", seed), 0.9, hits1_shared=shared)
    write(book, Row("metaqa", "K", "follower", PLAIN, "2", 1), 0.9)
    found = lines("MetaQA, 1-hop, full test, ties in random order", "MetaQA, 2-hop, full test, ties in random order")
    one, two = found.values()
    assert (one.measured, one.ok) == ("97 %", True)
    assert "no row yet" in two.how
