"""What every reader of files owes, as an abstract test case: subclass it and say what it reads."""

from __future__ import annotations

import contextlib
import gzip
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgreason.errors import FormatError
from kgreason.graph import readers
from kgreason.graph.schema import COLUMNS


def rows(path: Path | list[Path], reader: str | None = None, **options: Any) -> list[tuple[Any, ...]]:
    """All assertions of a file, four columns each."""
    return [row[:4] for chunk in readers.read(path, reader, **options) for row in chunk.rows()]


class ReaderCase:
    """A reader of one file.

    ``reader`` names it, ``good`` is a file of this format under the name ``name``, ``expected`` the assertions in it
    (source, relation, target, weight in 1/1000), ``bad`` are files that are none, each with words of the error.
    """

    reader: str
    name = "graph.txt"
    good: str | bytes
    expected: tuple[tuple[str, str, str, int], ...]
    bad: tuple[tuple[str | bytes, str], ...]

    def written(self, folder: Path, content: str | bytes) -> Path:
        path = folder / self.name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def test_what_it_says(self, tmp_path: Path) -> None:
        path = self.written(tmp_path, self.good)
        assert rows(path, self.reader) == list(self.expected)
        source = readers.read(path, self.reader)
        assert [(entry["name"], entry["reader"]) for entry in source.sources] == [(self.name, self.reader)]
        for chunk in source:
            assert tuple(chunk.columns) == COLUMNS[: len(chunk.columns)]

    def test_it_is_known_by_its_look(self, tmp_path: Path) -> None:
        path = self.written(tmp_path, self.good)
        assert readers.sniff(path) == self.reader
        packed = path.with_name(f"{self.name}.gz")
        packed.write_bytes(gzip.compress(path.read_bytes()))
        if self.reader != "parquet":  # which is compressed within
            assert readers.sniff(packed) == self.reader
            assert rows(packed) == list(self.expected)

    def test_malformed_files_are_named(self, tmp_path: Path) -> None:
        for content, words in (*self.bad, (b"", "empty|no XML|parquet|end of file|has no|holds no")):
            path = self.written(tmp_path, content)
            with pytest.raises(FormatError, match=words) as caught:
                rows(path, self.reader)
            assert caught.value.path == str(path)
            assert caught.value.fix

    @settings(suppress_health_check=[HealthCheck.differing_executors])
    @given(data=st.data())
    def test_any_bytes_are_read_or_refused(self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
        good = self.good.encode() if isinstance(self.good, str) else self.good
        at = data.draw(st.integers(0, len(good)))
        cut = data.draw(st.integers(0, 8))
        content = good[:at] + data.draw(st.binary(max_size=30)) + good[at + cut :]
        path = self.written(tmp_path_factory.mktemp("r"), content)
        for reader in (self.reader, None):
            with contextlib.suppress(FormatError):
                rows(path, reader)
