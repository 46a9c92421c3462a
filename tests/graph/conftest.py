"""What the tests of graphs share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kgreason import storage


@pytest.fixture(scope="session", autouse=True)
def unsynced() -> Iterator[None]:
    """Nothing is flushed to the disk: that takes most of a small build's time and only a power cut could tell."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage, "_sync", lambda path: None)
        yield
