from __future__ import annotations

import pytest

from tools.claims import image


@pytest.mark.slow
def test_damage_is_found():
    assert image.unnoticed_damage(flips=20, cuts=5).value == 0
