from __future__ import annotations

import ast
import errno
from pathlib import Path

import pytest

from kgreason import disk
from kgreason.errors import FormatError, StorageError


def test_files_come_back_whatever_is_asked_of_them(tmp_path):
    data = bytes(range(256)) * 40_000
    with disk.open_new(tmp_path / "a") as file:
        assert disk.write(file, memoryview(data)) == len(data)
    with pytest.raises(FileExistsError):
        disk.open_new(tmp_path / "a")
    for sizes in ((7, -1), (1 << 20, 5, -1), (None,), (-1, -1)):
        with disk.open_old(tmp_path / "a") as file:
            assert b"".join(file.read(size) for size in sizes) == data
    with disk.open_old(tmp_path / "a") as file:
        assert file.raw.read(3) == data[:3]
        assert file.raw.read() == data[3:]


def test_what_is_not_there_has_no_status(tmp_path):
    (tmp_path / "a").touch()
    for name in ("b", "a/b", "a\0b"):
        assert disk.status(tmp_path / name) is None
    assert disk.status(tmp_path / "a")
    with pytest.raises(OSError, match="too long"):
        disk.status(tmp_path / ("a" * 999))


@pytest.mark.parametrize(
    ("guard", "code", "kind", "words"),
    [
        (disk.writing, errno.ENOSPC, StorageError, "a cannot be written: the disk is full. Free space"),
        (disk.writing, errno.EIO, StorageError, "a cannot be written: Input/output error. Check the disk"),
        (disk.reading, errno.EACCES, StorageError, "a cannot be read: permission is denied"),
        (disk.reading, errno.ENOENT, FormatError, "a: there is no such file or directory. Check the path"),
    ],
)
def test_errors_name_the_file_and_what_to_do(tmp_path, guard, code, kind, words):
    with pytest.raises(kind, match=words), guard(tmp_path / "a"):
        raise OSError(code, "Input/output error")


def test_all_that_it_offers_is_listed():
    """So that a test that replaces what is listed has replaced every call."""
    source = ast.parse(Path(disk.__file__).read_text(encoding="utf-8"))
    made = {node.name for node in source.body if isinstance(node, ast.FunctionDef)}
    assert {name for name in made if not name.startswith("_")} == set(disk.__all__)
