from __future__ import annotations

import gzip

import pytest

from kgreason.errors import FormatError, InputError
from kgreason.graph import readers

CN4 = "a\tb\t{'freq': 5, 'score': 1, 'rel': u'IsA'}\n"
CN5 = '/a/[/r/IsA/,/c/en/a/,/c/en/b/]\t/r/IsA\t/c/en/a\t/c/en/b\t{"weight": 1.0}\n'
CSV = "source,relation,target\na,IsA,b\n"


@pytest.mark.parametrize(
    ("text", "reader"),
    [
        (CN4, "conceptnet4"),
        (CN5, "conceptnet5"),
        (CSV, "table"),
        (CSV.replace(",", "\t"), "table"),
        (CSV.replace(",", "|"), "table"),
        ('\n {"source": "a"}\n', "jsonl"),
    ],
)
def test_content_tells_the_reader_whatever_the_name(tmp_path, text, reader):
    for name, data in (("a.txt", text.encode()), ("b.gz", gzip.compress(text.encode()))):
        (tmp_path / name).write_bytes(data)
        assert readers.sniff(tmp_path / name) == reader


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (b"\n \n", "it is empty"),
        (b"one word\n", "no reader fits its first line.*conceptnet4"),
        (b"\x89PNG\r\n\x1a\n\0\0", "UTF-8|NUL"),
        ("söurce,relation\n".encode("latin-1"), "line 1: byte 0xf6 is not UTF-8"),
        (b"source,relation,target\n\0", "NUL byte"),
    ],
)
def test_files_that_are_none(tmp_path, data, words):
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(FormatError, match=words):
        list(readers.read(tmp_path / "a"))
    for reader in set(readers.READERS) - {"facts"}:
        with pytest.raises(FormatError):
            list(readers.read(tmp_path / "a", reader))


def test_what_is_not_there(tmp_path):
    for reader in (None, *readers.READERS):
        with pytest.raises(FormatError, match="no such file"):
            list(readers.read(tmp_path / "none", reader))
    with pytest.raises(FormatError, match=r"holds no assertions\.parquet"):
        readers.read(tmp_path)
    with pytest.raises(FormatError, match="directory"):
        readers.read(tmp_path, "table")
    (tmp_path / "a.csv").write_text(CSV)
    with pytest.raises(InputError, match=r"no reader 'rdf'.*Choose one of conceptnet4"):
        readers.read(tmp_path / "a.csv", "rdf")
    with pytest.raises(InputError, match="no column 'head'"):
        readers.read(tmp_path / "a.csv", columns={"head": "source"})


def test_several_files_are_put_together(tmp_path):
    for name, text in (("a.graph", CN4), ("b.csv", CN5), ("c.csv", CSV)):
        (tmp_path / name).write_text(text)
    source = readers.read([tmp_path / "a.graph", str(tmp_path / "b.csv"), tmp_path / "c.csv"])
    assert [chunk.row(0)[:3] for chunk in source] == [("/c/en/a", "IsA", "/c/en/b")] * 2 + [("a", "IsA", "b")]
    assert [(entry["name"], entry["reader"]) for entry in source.sources] == [
        ("a.graph", "conceptnet4"),
        ("b.csv", "conceptnet5"),
        ("c.csv", "table"),
    ]
