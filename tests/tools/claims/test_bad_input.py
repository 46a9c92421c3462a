from __future__ import annotations

import dataclasses

import pytest

from tools.claims.bad_input import CASES, misses, told

BY_NAME = {case.name: case for case in CASES}


def test_case_names_are_distinct():
    assert len(BY_NAME) == len(CASES)


def test_a_mistake_that_is_told_is_no_miss():
    measured = misses((BY_NAME["empty file"], BY_NAME["malformed line"]))
    assert (measured.value, measured.how) == (0, "2 cases")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"says": ("something else",)}, "does not say"),
        ({"arguments": lambda folder: ["--version"]}, "exit code 0"),
    ],
)
def test_an_answer_that_says_too_little_is_a_miss(change, fault):
    case = dataclasses.replace(BY_NAME["empty file"], **change)
    assert fault in told(case)
    assert misses((case,)).value == 1


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_mistake_is_told(case):
    assert told(case) == ""
