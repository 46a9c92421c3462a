from __future__ import annotations

import gzip
import json
import stat
import warnings
import zipfile  # noqa: TID251 - makes what is unpacked
from functools import partial
from time import process_time

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason import guards, storage
from kgreason.config import LIMITS
from kgreason.errors import FormatError

DEEP = LIMITS.nesting + 1


@pytest.fixture
def file(tmp_path):
    def written(data: bytes):
        path = tmp_path / "a"
        path.write_bytes(data)
        return path

    return written


@given(st.binary(max_size=300), st.integers(1, 64))
def test_a_library_reads_the_bytes_of_the_file(tmp_path_factory, data, size):
    path = tmp_path_factory.mktemp("g") / "a"
    for written in (data, gzip.compress(data)):
        path.write_bytes(written)
        with guards.open_binary(path) as handle:
            parts = list(iter(partial(handle.read, size), b""))
        assert b"".join(parts) == (data if written != data or data[:2] != b"\x1f\x8b" else written)


def test_archives_are_guarded_while_a_library_reads(file, monkeypatch):
    monkeypatch.setattr(storage, "ARCHIVE_FLOOR", 1000)
    path = file(gzip.compress(b" " * 10**6))
    with guards.open_binary(path) as handle, pytest.raises(FormatError, match="unpacks to more"):
        handle.read()
    for check in (guards.check_xml, lambda path: guards.check_nesting(path, "json")):
        with pytest.raises(FormatError, match="unpacks to more"):
            check(path)


@pytest.mark.parametrize("encoding", ["RLE_DICTIONARY", "DELTA_BYTE_ARRAY"])
def test_a_parquet_file_that_repeats_one_text_is_guarded_while_it_is_read(tmp_path, monkeypatch, encoding):
    monkeypatch.setattr(storage, "ARCHIVE_FLOOR", 10_000)
    monkeypatch.setattr(guards, "_BATCH_BYTES", 1 << 20)
    path = tmp_path / "a.parquet"
    long, short = ["x" * 1000] * 1000, ["y", None] * 500
    table = pl.DataFrame({"long": long, "short": short, "n": range(1000)}).to_arrow()
    written: dict[str, object] = {"use_dictionary": encoding == "RLE_DICTIONARY"}
    if encoding == "DELTA_BYTE_ARRAY":
        written["column_encoding"] = dict.fromkeys(("long", "short"), encoding)
    pq.write_table(table, path, compression="zstd", **written)
    assert len(path.read_bytes()) < 10_000
    with guards.open_parquet(path) as file:
        assert file.names == ["long", "short", "n"]
        frames = list(file.frames(["short", "n"], 300))
        assert max(len(frame) for frame in frames) <= 300
        assert pl.concat(frames)["short"].to_list() == short
    with pytest.raises(FormatError, match=r"it unpacks to \d+ bytes"), guards.open_parquet(path) as file:
        list(file.frames())


@pytest.mark.parametrize(
    ("syntax", "before", "after"),
    [
        ("json", b"[", b"]"),
        ("json", b'{"a":', b"}"),
        ("json", b'["]]]]",', b"]"),
        ("json", b'["\\"]",', b"]"),
        ("turtle", b"(", b")"),
        ("turtle", b"[ <http://e/]]> ", b"]"),
        ("turtle", b"[ # ]]]\n", b"]"),
        ("turtle", b"[ <p> e:it\\'s ", b"] # ' \n"),
        ("turtle", b"[ ''']]\n\\''' ]''' ", b"]"),
        ("turtle", b'[ """]] "" ]""" ', b"]"),
        ("turtle", b"<<( <a> <b> '\\'>>>>' ", b")>>"),
    ],
)
def test_deep_nesting_is_refused_and_what_texts_hold_counts_for_nothing(file, monkeypatch, syntax, before, after):
    for block in (7, storage.BLOCK_BYTES):
        monkeypatch.setattr(storage.unpacked, "__kwdefaults__", {"block_bytes": block})
        guards.check_nesting(file(b"\n" + before * 50 + after * 50), syntax)
        with pytest.raises(FormatError, match=f"nested deeper than {LIMITS.nesting} levels"):
            guards.check_nesting(file(b"\n" + before * DEEP + after * DEEP), syntax)


def test_flat_documents_of_any_length_pass(file):
    guards.check_nesting(file(b"[" + b"[]," * 10**5 + b"[]]"), "json")
    guards.check_nesting(file(b"<a> <b> [ <c> (1 2) ] .\n" * 10**4), "turtle")
    guards.check_nesting(file(b'"' + b"[" * 10**5 + b'"'), "json")


def test_a_text_without_end_is_refused(file, monkeypatch):
    monkeypatch.setattr(guards, "LIMITS", LIMITS.__class__(line_bytes=1000))
    with pytest.raises(FormatError, match="line 2: a text is longer than 1000 bytes"):
        guards.check_nesting(file(b"\n" + b"()" * 200 + b"'''" + b"(" * 5000), "turtle")


BOMB = b'<!DOCTYPE a [<!ENTITY b "%s"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>' % (b"x" * 50)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (BOMB + b"<a>&c;</a>", "document type"),
        (b'<?xml version="1.0"?>\n<!-- -->' + BOMB + b"<a/>", "document type"),
        (b'<!DOCTYPE a SYSTEM "http://e.org/a.dtd"><a/>', "document type"),
        (b'<!doctype a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "document type"),
        (b'<a><!DOCTYPE a [<!ENTITY % p SYSTEM "file:///x">]></a>', "document type"),
        (b" " * (storage.BLOCK_BYTES - 5) + b"<!DOCTYPE a><a/>", "document type"),
        ("<!DOCTYPE a><a/>".encode("utf-16"), "not UTF-8"),
        ("<!DOCTYPE a><a/>".encode("utf-16-be"), "not UTF-8"),
        ("<!DOCTYPE a><a/>".encode("utf-32"), "not UTF-8"),
        (b'<?xml version="1.0" encoding="utf-7"?>+ADwAIQ-DOCTYPE a><a/>', "encoding is utf-7"),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>', "encoding is ISO-8859-1"),
        (b"<a>\xff</a>", "no XML"),
        (b"<a>\n<b></a>", "line 2: it is no XML .mismatched tag"),
        (b"", "no XML .no element"),
        (b"<a>&b;</a>", "undefined entity"),
        (b"<b:a/>", "unbound prefix"),
        (b'<a xmlns="http://b/{}"/>', "syntax error"),  # ElementTree tells a namespace's end by this bracket
        (b"<a>" * DEEP + b"</a>" * DEEP, "nested deeper"),
    ],
)
def test_xml_that_is_refused(file, data, words):
    with pytest.raises(FormatError, match=words):
        guards.check_xml(file(data))


def test_xml_that_passes(file):
    guards.check_xml(file('\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<a b="é">&lt;!DOCTYPE &#x41;</a>'.encode()))
    guards.check_xml(file(b"<a>" * LIMITS.nesting + b"</a>" * LIMITS.nesting))


def archive(path, members, change=lambda entry: None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a name is there twice
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, data in members:
                entry = zipfile.ZipInfo(name)
                entry.compress_type = zipfile.ZIP_DEFLATED
                change(entry)
                packed.writestr(entry, data)
    return path


def test_members_of_an_archive_are_taken_out_and_no_others(tmp_path):
    packed = archive(tmp_path / "a.zip", [("deep/a.tsv", b"1"), ("../b.tsv", b"2"), ("/c", b"3"), ("d", b"4")])
    files = guards.unzip(packed, ["d", "deep/a.tsv", "../b.tsv"], tmp_path / "out")
    assert [path.relative_to(tmp_path).as_posix() for path in files] == ["out/d", "out/a.tsv", "out/b.tsv"]
    assert [path.read_bytes() for path in files] == [b"4", b"1", b"2"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.tsv", "b.tsv", "d"]
    assert not (tmp_path / "b.tsv").exists()


@pytest.mark.parametrize(
    ("members", "mode"),
    [
        ([("b", b"")], 0),
        ([("a", b"1"), ("a", b"2")], 0),
        ([("a", b"/etc/passwd")], stat.S_IFLNK | 0o777),
        ([("a", b"")], stat.S_IFBLK | 0o777),
    ],
)
def test_members_that_are_no_single_plain_file(tmp_path, members, mode):
    def change(entry):
        entry.external_attr = mode << 16

    packed = archive(tmp_path / "a.zip", members, change)
    with pytest.raises(FormatError, match="'a' as one plain file"):
        guards.unzip(packed, ["a"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_archives_that_unfold_or_are_none(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "ARCHIVE_FLOOR", 1000)
    bomb = archive(tmp_path / "a.zip", [("a", bytes(1_000_000))])
    with pytest.raises(FormatError, match="unpacks to more than"):
        guards.unzip(bomb, ["a"], tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    data = bytearray(archive(tmp_path / "b.zip", [("a", bytes(range(256)))]).read_bytes())
    data[40] ^= 255
    (tmp_path / "b.zip").write_bytes(data)
    for path in (tmp_path / "b.zip", tmp_path / "c.zip"):
        path.touch()
        with pytest.raises(FormatError, match="no zip archive that can be read"):
            guards.unzip(path, ["a"], tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


@given(st.recursive(st.none() | st.text(max_size=9), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_is_as_deep_as_it_is(value):
    def depth(each):
        inner = each.values() if isinstance(each, dict) else each if isinstance(each, list) else None
        return 0 if inner is None else 1 + max(map(depth, inner), default=0)

    assert guards.nesting(json.dumps(value).encode()) == depth(value)


@pytest.mark.parametrize("data", [b'\\"' * 10**6, b'"\\' * 10**6, b"[" * 10**6, b'{"a":' * 10**5, b'"' + b"[" * 10**6])
def test_no_text_takes_long_to_look_through(data):
    start = process_time()
    guards.nesting(data)
    assert process_time() - start < 2  # a search that begins anew at every quote takes hours
