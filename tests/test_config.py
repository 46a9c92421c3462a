from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from kgreason.config import LIMITS, RetrievalConfig
from kgreason.errors import ConfigError


def test_the_limits_are_those_of_the_contract():
    assert (LIMITS.question_bytes, LIMITS.context_bytes) == (8192, 16 * 1024**2)
    assert (LIMITS.min_options, LIMITS.max_options) == (2, 64)


@pytest.mark.parametrize("name", ["max_nodes", "max_edges", "max_candidates", "best_paths"])
@pytest.mark.parametrize("value", [0, -7])
def test_a_count_below_one_is_named(name, value):
    wrong: Any = {name: value}
    with pytest.raises(ConfigError, match=f"{name} is {value}. Give {name} a value of 1 or more."):
        RetrievalConfig(**wrong)
    right: Any = {name: 1}
    assert getattr(RetrievalConfig(**right), name) == 1


def test_configuration_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        RetrievalConfig().max_nodes = 3  # type: ignore[misc]  # what is tested
    assert RetrievalConfig() == RetrievalConfig(max_nodes=200, max_edges=2000)
