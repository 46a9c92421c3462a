from __future__ import annotations

import errno

import pytest

from kgreason import disk, storage
from kgreason.errors import StorageError
from tools.safety import faults
from tools.safety.images import built


def test_one_call_fails_and_then_none(tmp_path):
    whole = {name: getattr(disk, name) for name in faults.CALLS}
    with faults.failing() as calls:
        storage.write_text(tmp_path / "a", "x")
    assert calls.count > 5
    for number in (1, calls.count):
        with faults.failing(number, errno.EIO), pytest.raises(StorageError):
            storage.write_text(tmp_path / "a", "x")
    assert {name: getattr(disk, name) for name in faults.CALLS} == whole


def test_a_writer_that_leaves_half_a_graph_is_caught(tmp_path):
    """What the search finds where a file is not written whole or not at all."""
    built(tmp_path)

    def careless():
        path = built(tmp_path, 1)
        if storage.size(path / "idx.npy"):  # fails like a call in the middle of a careless writer
            (path / "idx.npy").write_bytes(b"")
            for _ in range(40):
                storage.size(path / "idx.npy")
            (path / "idx.npy").write_bytes(whole)

    whole = (built(tmp_path, 1) / "idx.npy").read_bytes()
    built(tmp_path)
    with faults.unsynced():
        found = [wrong for _, _, wrong in faults.damages(tmp_path, careless, [errno.EIO], every=20) if wrong]
    assert any("idx.npy" in wrong for wrong in found)
