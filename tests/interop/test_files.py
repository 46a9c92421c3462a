from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgreason.errors import FormatError, InputError
from kgreason.interop.files import FORMATS, read, write
from tests.interop.strategies import connected, edges


@settings(max_examples=17)
@given(edges, st.sampled_from(FORMATS))
def test_what_is_written_is_read(tmp_path_factory, rows, suffix):
    path = tmp_path_factory.mktemp("a") / f"a{suffix}"
    graph = connected(rows)
    write(graph, path)
    assert read(path).digest == graph.digest
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_other_suffixes_are_refused(tiny_graph, tmp_path):
    for call in (lambda path: write(tiny_graph, path), read):
        with pytest.raises(InputError, match=r"'\.xlsx'.*Give one of \.csv, \.graphml, \.nt, \.parquet"):
            call(tmp_path / "a.xlsx")


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_no_such_file(tmp_path, suffix):
    with pytest.raises(FormatError, match="no such file"):
        read(tmp_path / f"a{suffix}")
    (tmp_path / f"b{suffix}").write_bytes(b"\x00\xff")
    with pytest.raises((FormatError, InputError)):
        read(tmp_path / f"b{suffix}")
