from __future__ import annotations

import json

import pytest

from tools.measure_resume import STEPS, curve, differing, measure, recipe


def test_the_curve_is_what_was_logged(tmp_path):
    log = [
        {"step": 1, "loss": 0.5, "grad_norm": 2.0},
        {"step": 2, "eval_score": 1.0},
        {"step": 2, "loss": 0.25, "grad_norm": 1.0},
    ]
    (tmp_path / "log.json").write_text(json.dumps(log))
    assert curve(tmp_path) == {1: (0.5, 2.0), 2: (0.25, 1.0)}


def test_differing_counts_bits_and_gaps():
    a = {1: (0.5, 1.0), 2: (0.25, 1.0), 3: (0.125, 1.0)}
    assert differing(a, dict(a)) == 0
    assert differing(a, {1: (0.5, 1.0), 2: (0.25, 1.0 + 2**-50)}) == 2


def test_every_step_of_the_recipe_is_logged(tmp_path):
    from kgreason.training.trainer import _arguments

    run = recipe(tmp_path)
    each = STEPS // run.epochs
    assert run.steps_per_epoch == each
    assert _arguments(run, STEPS, each).logging_steps == 1


@pytest.mark.slow
@pytest.mark.data
def test_a_killed_run_goes_on_bit_for_bit(tmp_path, data_dir):
    assert measure(tmp_path, str(data_dir), 17) == (0, True)
