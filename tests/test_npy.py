from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import FormatError
from kgreason.npy import read_header


def npy(header: str) -> bytes:
    """An .npy file of 64 bytes of data whose header says what it likes."""
    text = header.encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(64)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-8,)}"), "-8"),
        (npy("{'descr': '|O', 'fortran_order': False, 'shape': (8,)}"), "objects"),
        (npy("(" * 9000), "no plain array"),
        (npy("{" * 300), "no plain array"),
        (b"", "no plain array"),
        (b"\x93NUMPY\x07\x00", "version 7.0"),
        (b"PK\x03\x04" + bytes(99), "no plain array"),
    ],
    ids=["negative", "objects", "nested", "unclosed", "empty", "version", "archive"],
)
def test_a_header_is_not_believed(data, what):
    with pytest.raises(FormatError, match=f"a.npy: .*{what}"):
        read_header(Path("a.npy"), io.BytesIO(data))


@given(st.binary(max_size=200), st.booleans())
def test_junk_is_refused_or_read(data, magic):
    try:
        shape, _, dtype = read_header(Path("a.npy"), io.BytesIO((b"\x93NUMPY\x01\x00" if magic else b"") + data))
    except FormatError:
        return
    assert min(shape, default=0) >= 0
    assert not dtype.hasobject


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
@pytest.mark.parametrize("order", ["C", "F"])
def test_what_numpy_writes_is_read(version, order):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.zeros((2, 3, 5), np.int16, order=order), version=version)
    file.seek(0)
    assert read_header(Path("a.npy"), file) == ((2, 3, 5), order, np.dtype(np.int16))
    assert len(file.read()) == 60
