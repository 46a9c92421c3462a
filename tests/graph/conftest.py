"""What the tests of graphs share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tools.safety import faults


@pytest.fixture(scope="session", autouse=True)
def unsynced() -> Iterator[None]:
    """Nothing is flushed to the disk."""
    with faults.unsynced():
        yield
