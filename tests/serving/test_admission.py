from __future__ import annotations

import pytest

from kgreason.serving.admission import Deadline, Permits
from kgreason.serving.refusals import Refusal


def test_permits_are_held_and_given_back():
    permits = Permits(3)
    with permits.held(2), permits.held(1), pytest.raises(Refusal) as error, permits.held(1):
        pass
    assert (error.value.status, error.value.after) == (429, 1)
    with pytest.raises(ValueError, match="inside"), permits.held(3):
        raise ValueError("inside")
    assert permits.taken == 0


def test_a_deadline_ends_work():
    Deadline(60).check()
    with pytest.raises(Refusal) as error:
        Deadline(0).check()
    assert error.value.status == 504
    left = Deadline(60)
    left.gone.set()
    with pytest.raises(Refusal) as error:
        left.check()
    assert error.value.status == 499
