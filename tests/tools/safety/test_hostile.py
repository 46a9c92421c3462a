from __future__ import annotations

import pytest

from tools.safety import hostile
from tools.safety.attack import reached

pytestmark = pytest.mark.enable_socket  # a server of this test's own counts its callers


@pytest.mark.parametrize(
    ("attacks", "count"),
    [
        (hostile.documents, 15),
        (hostile.references, 40),
        (hostile.pickles, 15),
        pytest.param(hostile.archives, 25, marks=pytest.mark.slow),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_every_attack_is_refused_and_reaches_nothing(attacks, count):
    found = list(attacks())
    assert len(found) == count
    assert not reached(found)
