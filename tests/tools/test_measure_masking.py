from __future__ import annotations

from tools import measure_masking
from tools.personal import HELD_OUT, SHOWN, Sample, samples


def test_what_is_left_to_be_read_is_missed():
    text = "It is Ann Lee, or Mr Lee."
    assert measure_masking.missed(Sample(text, "name", 6, 13))
    assert not measure_masking.missed(Sample(text, "name", 21, 24))
    recall, precision = measure_masking.measure([Sample(text, "name", 6, 13), Sample("Mr Lee", "name", 3, 6)])
    assert (recall.value, precision.value) == (0.5, 0.5)
    assert recall.more["by_kind"] == {"name": 0.5}


def test_figures_are_those_promised():
    assert not {each for places in SHOWN.values() for each in places} & {each for p in HELD_OUT.values() for each in p}
    for figure in measure_masking.measure(samples(HELD_OUT, measure_masking.SEED, measure_masking.TEXTS)):
        assert measure_masking.TARGETS[figure.name].met(figure.value)
