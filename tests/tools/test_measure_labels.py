from __future__ import annotations

import pytest

from tools import measure_labels
from tools.measure_labels import GAINS, Labels, compared, together


@pytest.fixture
def small(monkeypatch, tmp_path, home):
    for name, value in {"POOL": 120, "LABELS": 40, "DEV": 60, "MEMBERS": 2}.items():
        monkeypatch.setattr(measure_labels, name, value)
    return Labels(tmp_path, steps=2)


@pytest.mark.slow
@pytest.mark.data
def test_every_way_is_compared_and_finished_runs_are_not_repeated(small, tmp_path):
    names = [name.partition("labels, ")[2] for name, _, _ in compared(small, [1])]
    assert names == ["half", "random", *GAINS, *GAINS.values()]
    made = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/model/config.json")}
    rows = {name.partition("labels, ")[2]: (value, more) for name, value, more in together(small, 1)}
    assert {path for path in made if path.stat().st_mtime_ns != made[path]} == set()
    assert {"2 members together", "one distilled from them"} < rows.keys()
    assert all(0 <= more["ece"] <= 100 for _, more in rows.values() if "ece" in more)


@pytest.mark.data
def test_labels_are_of_the_pool_and_the_rest_has_none(small):
    half, known = small.random(3, 20), small.random(3, 40)
    assert known[:20] == half
    rest = small.rest(known)
    assert len(rest) == 120 - 40
    assert not any(question.labelled for question in rest)
    assert not {q.id for q in rest} & {q.id for q in known}
