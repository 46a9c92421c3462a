from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kgreason.nn.confidence import confidence, label_set
from kgreason.records import Question

CHOICE = Question("?", ("a", "b", "c"))
SEVERAL = Question("?", ("a", "b", "c"), task="emotion", multi_label=True)
logits = hnp.arrays(np.float32, 3, elements=st.floats(-1e4, 1e4, width=32))


@given(logits, st.floats(0.05, 20))
def test_options_share_one(values, temperature):
    found = confidence(CHOICE, values, {"choice": temperature})
    assert math.isclose(found.sum(), 1, rel_tol=1e-9)
    assert np.isfinite(found).all()
    assert found[values.argmax()] == found.max()


@given(logits)
def test_labels_judged_by_themselves_need_not(values):
    found = confidence(SEVERAL, values, {"emotion": 7.0})
    assert ((found >= 0) & (found <= 1)).all()
    np.testing.assert_allclose(found, [1 / (1 + math.exp(min(-float(v), 700))) for v in values], atol=1e-12)


def test_temperature_is_of_the_task():
    values = np.array([1.0, 0.0, 0.0])
    plain = confidence(CHOICE, values)
    assert confidence(CHOICE, values, {"choice": 2.0})[0] < plain[0]
    assert confidence(CHOICE, values, {"entailment": 2.0})[0] == plain[0]
    np.testing.assert_allclose(confidence(CHOICE, values, {"choice": 2.0}), confidence(CHOICE, values / 2))


def test_a_label_set_has_one_name():
    assert label_set(CHOICE) == label_set(SEVERAL) == "a|b|c"
