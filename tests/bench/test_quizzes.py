from __future__ import annotations

import gzip
from dataclasses import replace

import pytest

from kgreason.bench import quizzes
from kgreason.bench.arms import Budget
from kgreason.bench.benches import BENCHES
from kgreason.bench.plan import Request
from kgreason.bench.quizzes import GRAPHS, QUIZ_POOLS, edited, quiz_folds, quiz_splits
from kgreason.bench.rows import Book
from kgreason.bench.runner import Runner
from kgreason.graph import KnowledgeGraph
from kgreason.tasks.quiz import QuizConfig, make_quiz

RELATIONS = ("IsA", "AtLocation", "UsedFor", "HasA")


@pytest.fixture(scope="module")
def world() -> KnowledgeGraph:
    """A graph that is large enough for a quiz of every kind."""
    triples = [(f"n{i}", RELATIONS[i * k % 4], f"n{(7 * i + 31 * k) % 211}") for i in range(211) for k in range(1, 6)]
    return KnowledgeGraph.from_triples(triples)


@pytest.fixture
def small(monkeypatch, tmp_path, world):
    """The quiz in small, other graphs included."""
    monkeypatch.setattr(quizzes, "SIZES", {"train": 37, "dev": 11, "test": 13, "wordings": 7})
    monkeypatch.setattr(quizzes, "EDITED", 5)
    monkeypatch.setattr(quizzes, "ELSEWHERE", 3)
    for pattern, parting in GRAPHS.values():
        path = tmp_path / "data" / f"{pattern}.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        edges = (edge for node in range(world.num_nodes) for edge in world.neighbors(node))
        lines = {parting.join((edge.source, f"_own_{edge.relation}", edge.target)) for edge in edges}
        path.write_bytes(gzip.compress("\n".join(sorted(lines)).encode()))
    return tmp_path / "data"


def test_a_fold_for_each_claim(small, world):
    pool = BENCHES["quiz"].pool(world, small)
    assert {name: len(fold.test) for name, fold in pool.folds.items()} == {
        "dev": 11, "test": 13, "wordings": 7, "edited": 5, "wordnet": 3, "umls": 3, "metaqa": 3,
    }  # fmt: skip
    assert {fold.model for fold in pool.folds.values()} == {"dev"}
    assert {fold for folds in QUIZ_POOLS.values() for fold in folds} == set(pool.folds) - {"dev"}
    asked = [pool.questions[row] for row in pool.folds["umls"].test]
    own = [question for question in asked if not question.extra["renamed"]]
    assert own
    assert all(relation.startswith("_own_") for question in own for _, relation, _ in question.facts)


def test_an_edit_makes_another_option_right(world):
    for question in make_quiz(world, 17, QuizConfig(pseudonyms=True)):
        after = edited(question)
        assert after.answer != question.answer
        assert set(after.facts) != set(question.facts)
        assert (after.text, after.options) == (question.text, question.options)


@pytest.mark.slow
def test_the_quiz_end_to_end(small, world, budget: Budget, tmp_path, home):
    bench = replace(BENCHES["quiz"], load=lambda data, graph: quiz_splits(small, graph), part=quiz_folds)
    runner = Runner(bench, bench.pool(world), world, budget, Book(tmp_path / "b.jsonl"), tmp_path / "runs")
    asked = Request(("K:frozen", "K:tuned"), (1,), ("test", "edited"), ("permuted@test",))
    assert runner.run(asked)
    values = {(row.variant, row.fold, row.control): entry["n"] for row, entry in runner.entries().items()}
    assert values == {
        (variant, fold, control): n
        for variant in ("frozen", "tuned")
        for fold, n in (("test", 13), ("edited", 5))
        for control in ("plain", "permuted@test")
    }
    assert len(list(runner.folder.rglob("log.json"))) == 2  # a model a form, whatever the folds
