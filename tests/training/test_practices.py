from __future__ import annotations

import pytest

from kgreason.errors import ConfigError
from kgreason.training.practices import (
    AdversarialConfig,
    AverageConfig,
    CurriculumConfig,
    DistillConfig,
    OptimizerConfig,
)


@pytest.mark.parametrize(
    ("make", "values", "names"),
    [
        (OptimizerConfig, {"weight_decay": 1.5}, "weight_decay is 1.5"),
        (OptimizerConfig, {"max_grad_norm": -1.0}, "max_grad_norm is -1.0"),
        (AverageConfig, {"decay": 1.01}, "decay is 1.01"),
        (AverageConfig, {"start": float("nan")}, "start is nan"),
        (AdversarialConfig, {"radius": -0.1}, "radius is -0.1"),
        (AdversarialConfig, {"steps": 0}, "steps is 0"),
        (AdversarialConfig, {"weight": 101.0}, "weight is 101.0"),
        (CurriculumConfig, {"start": 2.0}, "start is 2.0"),
        (CurriculumConfig, {"until": -1.0}, "until is -1.0"),
        (DistillConfig, {"temperature": 0.0}, "temperature is 0.0"),
        (DistillConfig, {"weight": -0.5}, "weight is -0.5"),
    ],
)
def test_what_is_out_of_range_is_named_with_its_fix(make, values, names):
    make()
    with pytest.raises(ConfigError, match=names) as caught:
        make(**values)
    assert "Give a value from" in caught.value.fix


@pytest.mark.parametrize("off", [{}, {"kind": "pgd", "radius": 0.0}, {"kind": "fgm", "weight": 0.0}])
def test_what_changes_nothing_is_off(off):
    assert not AdversarialConfig(**off).on
    assert AdversarialConfig("smooth").on
    assert not DistillConfig().on
    assert not DistillConfig(("mini",), weight=0.0).on
    assert DistillConfig(("mini",)).on
