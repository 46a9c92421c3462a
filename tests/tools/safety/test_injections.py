from __future__ import annotations

import pytest

from tests.amounts import FULL
from tools.safety.attack import reached
from tools.safety.injections import injections

pytestmark = pytest.mark.enable_socket


def test_no_text_becomes_part_of_a_query():
    found = list(injections())
    assert len(found) == 200
    assert not reached(found if FULL else found[::40])
