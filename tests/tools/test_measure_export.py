from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kgreason.records import Question
from tools.measure_export import BATCH, CHANGE, PARITY, PRUNED_CHANGE, SPEED, figures, measured

ITEMS = [(Question(f"Which is it, {i}?", ("a", "b"), answer=i % 2), None) for i in range(BATCH + 4)]


def by_answer(wrong: int, off: float = 0.0):
    """Right on all questions but the first so many."""

    def scores(items):
        rows = [[q.answer == 0, q.answer == 1] for q, _ in items]
        flip = np.array([int(q.text.split()[-1][:-1]) < wrong for q, _ in items])
        return (np.array(rows, np.float32) * np.where(flip, -1, 1)[:, None] + off).astype(np.float32).reshape(-1)

    return scores


def test_figures():
    forms: dict[str, Any] = {"torch": by_answer(2), "float": by_answer(2, 0.25), "int8": by_answer(5)}
    forms["pruned"] = by_answer(9)
    found = figures(ITEMS, forms, {"float": 8, "int8": 2})
    assert found[PARITY] == (0.25, {"n": 20})
    value, more = found[CHANGE]
    assert value == pytest.approx(-15)
    assert more["ci95"][0] < -15 < more["ci95"][1] <= 0
    assert more["accuracy"] == pytest.approx({"torch": 90, "float": 90, "int8": 75, "pruned": 55})
    assert found[PRUNED_CHANGE][0] == pytest.approx(-35)
    assert found[SPEED][0] > 0
    assert more["bytes"] == {"float": 8, "int8": 2}


def test_every_form_answers_every_batch_in_turn():
    met: list[tuple[str, int]] = []

    def meeting(name: str):
        def scores(items):
            met.append((name, len(items)))
            return np.zeros(1, np.float32)

        return scores

    measured(ITEMS, {name: meeting(name) for name in "xy"})
    assert met == [(name, size) for size in (BATCH, BATCH, 4) for name in "xy"]
