from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kgreason.bench.arms import Budget
from kgreason.bench.benches import Bench, official
from kgreason.bench.rows import PLAIN, Book, Outcome, Row
from kgreason.bench.runner import Runner
from tests.models import places

#: Questions about the tiny graph: to train on, to tune on, and to score.
TINY = Bench(
    "tiny",
    "Tiny",
    lambda data, graph: [places(89)[:37], places(89)[37:60], places(89)[60:]],
    official,
    "dev",
    {"test": ("test",)},
)


@pytest.fixture(scope="session")
def budget(tiny_base: Path) -> Budget:
    return Budget(str(tiny_base), 1, 1e-3, 8, 1, 1e-2, 8, max_length=32, bf16=False, device="cpu")


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "results.jsonl")


@pytest.fixture
def runner(tiny_graph, budget, book, tmp_path, home) -> Runner:
    return Runner(TINY, TINY.pool(tiny_graph), tiny_graph, budget, book, tmp_path / "runs")


def measured(accuracy: float, n: int = 211, seed: int = 0, **more: Any) -> dict[str, Any]:
    """An entry of a row, as if measured: clusters of three."""
    right = np.random.default_rng(seed).random(n) < accuracy
    entry = {"value": round(100 * float(right.mean()), 3), "right": str(Outcome(right, np.arange(n) // 3)), "n": n}
    return {**entry, "core_hours": 0.5, "seconds": 60.0, **more}


def tiny_row(arm: str, variant: str = "separate", control: str = PLAIN, fold: str = "test", seed: int = 1) -> Row:
    return Row("tiny", arm, variant, control, fold, seed)


def repeated(runner: Runner, **settings: Any) -> Runner:
    """Another call of the same command."""
    return Runner(TINY, runner.pool, runner.graph, runner.budget, runner.book, runner.folder.parents[1], **settings)
