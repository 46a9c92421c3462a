from __future__ import annotations

import pytest

from kgreason.bench.plan import Request, expected_seconds, form_of, text_row, wanted
from kgreason.bench.rows import PLAIN, Row
from kgreason.errors import InputError
from tests.bench.conftest import TINY, measured, tiny_row


def plan(request: Request, entries=None) -> list[Row]:
    return wanted(TINY, "tiny", request, entries or {})


def test_forms_are_tuned_first_and_the_first_is_expected_to_win():
    rows = plan(Request(("T",), seeds=(1, 2)))
    assert [(row.variant, row.fold) for row in rows[:3]] == [
        ("separate", "dev"),
        ("joint", "dev"),
        ("summed", "dev"),
    ]
    assert [(row.variant, row.fold, row.seed) for row in rows[3:]] == [("separate", "test", 1), ("separate", "test", 2)]


def test_the_form_that_wins_is_scored_and_carries_the_others():
    values = {"separate": 40.0, "joint": 43.0, "summed": 43.0}
    entries = {tiny_row("T", name, fold="dev"): {"value": value} for name, value in values.items()}
    rows = plan(Request(("T", "GSC", "zero-shot"), seeds=(1,)), entries)
    assert [(row.arm, row.variant) for row in rows if row.fold == "test"] == [
        ("T", "joint"),
        ("GSC", "joint"),
        ("zero-shot", ""),
    ]


def test_a_form_by_name_is_not_tuned():
    rows = plan(Request(("T:joint", "T+K:counter"), seeds=(1,), controls=(PLAIN,)))
    assert [(row.arm, row.variant, row.fold) for row in dict.fromkeys(rows)] == [
        ("T", "joint", "test"),
        ("T+K", "joint.counter", "test"),
    ]


def test_the_text_model_is_always_there():
    assert plan(Request(("GSC",), seeds=(1,)))[0].arm == "T"


def test_controls_come_with_the_first_seed_and_their_own_runs_last():
    rows = plan(Request(("T:separate", "T+K:counter", "GSC"), seeds=(3, 5)))
    assert [row.control for row in rows if row.arm == "T+K" and row.seed == 3] == [
        PLAIN, "none@test", "rewired@test", "permuted@test", "rewired", "no-direct",
    ]  # fmt: skip
    assert [row.control for row in rows if row.arm == "T+K" and row.seed == 5] == [PLAIN]
    assert [row.seed for row in rows if row.arm == "GSC"] == [3]
    assert [row.arm for row in rows][-2:] == ["T", "T+K"]
    every = plan(Request(("T:separate", "T+K:counter", "GSC"), seeds=(3, 5), every_seed=True))
    assert len(every) == 2 * len([row for row in rows if row.seed == 3])


def test_what_is_not_there_is_named():
    for arms, said in ((("LLM",), "there is no arm 'LLM'"), (("T:both",), "T has no variant 'both'")):
        with pytest.raises(InputError, match=said):
            plan(Request(arms))
    with pytest.raises(InputError, match="tiny has no fold '7'"):
        plan(Request(folds=("7",)))
    with pytest.raises(InputError, match="has no variant 'sideways'"):
        form_of(tiny_row("GSC", "sideways"))


def test_a_row_knows_its_form_and_its_text_model():
    row = tiny_row("T+K", "joint.counter", "rewired", seed=7)
    form, reading = form_of(row)
    assert reading == "joint"
    assert form.knowledge is not None
    assert text_row(row) == tiny_row("T", "joint", seed=7)


def test_rows_are_expected_to_take_what_rows_like_them_took():
    entries = {
        tiny_row("T+K", seed=seed): measured(0.5, seconds=seconds) for seed, seconds in ((1, 60), (2, 90), (3, 70))
    }
    entries[tiny_row("T+K", control="rewired@test")] = measured(0.5, seconds=2)
    assert expected_seconds(tiny_row("T+K", seed=9), entries) == 70
    assert expected_seconds(tiny_row("T+K", control="permuted@test"), entries) == 2
    assert expected_seconds(tiny_row("T"), entries) is None
