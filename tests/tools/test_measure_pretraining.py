from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kgreason.bench.rows import PLAIN, Book, Outcome, Row
from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from tools.measure_pretraining import RELATIONS, SEED, compare, make_questions


def write(book, label, fold, right):
    row = Row(label, "T", "separate", PLAIN, fold, SEED)
    outcome = Outcome(np.array(right, np.bool_), np.arange(len(right)) // 2)
    book.append(row, 50.0, right=str(outcome), budget={"base": label}, graph="g", questions="q")


def test_the_same_questions_are_compared(tmp_path):
    book = Book(tmp_path / "results.jsonl")
    for fold in ("0", "1"):
        write(book, "csqa", fold, [0, 0, 1, 1])
        write(book, "csqa+pretrained", fold, [1, 0, 1, 1])
    found = compare(book, ("0", "1"), "csqa+pretrained")
    assert found["value"] == 25
    assert (found["n"], found["p"]) == (8, 0.5)
    with pytest.raises(LookupError, match="no row yet: bench csqa"):
        compare(book, ("0", "2"), "csqa+pretrained")


def test_questions_are_of_commonsense_relations():
    ring = [(f"thing {n}", relation, f"thing {(n * step) % 61}") for n in range(61)
            for step, relation in enumerate(("UsedFor", "AtLocation", "Synonym", "FormOf"), 2)]  # fmt: skip
    graph = KnowledgeGraph.from_triples([triple for triple in ring if triple[0] != triple[2]])
    questions = make_questions(graph, 23)
    assert len(questions) == 23
    steps: Any = [question.extra["relations"] for question in questions]
    assert {step.removeprefix("~") for each in steps for step in each} <= RELATIONS
    with pytest.raises(InputError, match="gives 0 such questions"):
        make_questions(KnowledgeGraph.from_triples([(a, "FormOf", b) for a, _, b in ring if a != b]), 3)
