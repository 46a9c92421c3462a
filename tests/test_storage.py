from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import threading
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason import disk, storage
from kgreason.config import LIMITS, Limits
from kgreason.errors import FormatError, StorageError
from tests.test_npy import npy
from tools.safety.faults import failing


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@given(data=st.binary(max_size=99))
def test_bytes_round_trip(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("a") / "deep" / "file"
    storage.write_bytes(path, data)
    assert storage.read_limited(path, 99) == data
    assert left(path.parent) == ["file"]


def test_write_replaces_and_json_has_one_spelling(tmp_path):
    path = tmp_path / "a.json"
    storage.write_json(path, {"b": 1, "a": "猫"})
    first = path.read_bytes()
    storage.write_json(path, {"a": "猫", "b": 1})
    assert path.read_bytes() == first
    assert storage.read_json(path) == {"a": "猫", "b": 1}


def test_an_error_in_the_block_leaves_the_old_file(tmp_path):
    path = tmp_path / "a"
    storage.write_text(path, "old")

    def fail():
        with storage.create(path) as handle:
            handle.write(b"new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert path.read_text() == "old"
    assert left(tmp_path) == ["a"]


def test_what_was_written_to_a_partial_file_stays_and_goes_on(tmp_path):
    path, partial = tmp_path / "a", tmp_path / "a.part"

    def write(data, fails):
        with storage.create(path, partial=partial) as handle:
            handle.write(data)
            if fails:
                raise ZeroDivisionError

    for data in (b"one ", b"two "):
        with pytest.raises(ZeroDivisionError):
            write(data, fails=True)
        assert left(tmp_path) == ["a.part"]
    write(b"three", fails=False)
    assert path.read_bytes() == b"one two three"
    assert left(tmp_path) == ["a"]


def test_digests(tmp_path):
    storage.write_text(tmp_path / "a", "abc")
    assert storage.digest(tmp_path / "a") == hashlib.blake2b(b"abc", digest_size=32).hexdigest()
    assert storage.digest(tmp_path / "a", sha256=True) == hashlib.sha256(b"abc").hexdigest()


def test_short_writes_are_completed(tmp_path, monkeypatch):
    write = disk.write
    monkeypatch.setattr(disk, "write", lambda handle, data: write(handle, data[:3]))
    storage.write_bytes(tmp_path / "a", b"0123456789")
    assert (tmp_path / "a").read_bytes() == b"0123456789"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS, errno.EINTR])
def test_every_failing_call_of_a_write_is_told_and_leaves_nothing(tmp_path, code):
    storage.write_text(tmp_path / "a", "old")
    with failing() as calls:
        storage.write_text(tmp_path / "count", "new")
    (tmp_path / "count").unlink()
    for number in range(1, calls.count + 1):
        with failing(number, code), pytest.raises(StorageError) as caught:
            storage.write_text(tmp_path / "a", "new")
        assert str(tmp_path / "a") in str(caught.value)
        assert caught.value.fix
        assert (tmp_path / "a").read_text() == ("new" if number == calls.count else "old")
        assert left(tmp_path) == ["a"]


@pytest.mark.parametrize("replace", [False, True])
def test_every_failing_call_of_a_publish_leaves_old_or_new(tmp_path, replace):
    target = tmp_path / "d"

    def old(folder):
        storage.write_text(folder / "x", "old")

    def new(folder):
        storage.write_text(folder / "x", "new")

    storage.publish(target, old)
    with failing() as calls:
        storage.publish(target, new, replace=replace)
    assert (target / "x").read_text() == ("new" if replace else "old")
    for number in range(1, calls.count + 1):
        storage.publish(target, old, replace=True)
        with failing(number), contextlib.suppress(StorageError):
            storage.publish(target, new, replace=replace)
        assert (target / "x").read_text() in ("old", "new")
        if number < calls.count:
            assert all(name == "d" or name.startswith(".d.") for name in left(tmp_path))


def test_messages_name_the_cause(tmp_path):
    for code, words in ((errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "permission")):
        with failing(2, code), pytest.raises(StorageError, match=words):
            storage.write_text(tmp_path / "a", "x")
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"a part of the path is a file|already|exist"):
        storage.write_text(tmp_path / "file" / "a", "x")


def test_remove(tmp_path):
    storage.write_text(tmp_path / "d" / "a", "x")
    storage.remove(tmp_path / "d")
    storage.remove(tmp_path / "d")
    assert left(tmp_path) == []


ARRAYS = [
    np.arange(7, dtype=np.int32),
    np.zeros((3, 0), np.float16),
    np.asfortranarray(np.arange(6).reshape(2, 3)),
    np.array(5),
    np.zeros(0),
]


@pytest.mark.parametrize("array", ARRAYS, ids=str)
@pytest.mark.parametrize("mmap", [False, True])
def test_arrays_round_trip_read_only(tmp_path, array, mmap):
    storage.save_npy(tmp_path / "a.npy", array)
    loaded = storage.load_npy(tmp_path / "a.npy", mmap=mmap)
    assert type(loaded) is np.ndarray
    assert loaded.dtype == array.dtype
    assert np.array_equal(loaded, array)
    assert not loaded.flags.writeable


def test_arrays_of_objects_are_neither_written_nor_read(tmp_path):
    with pytest.raises(StorageError, match="objects"):
        storage.save_npy(tmp_path / "a.npy", np.array([None]))
    np.save(tmp_path / "o.npy", np.array([{}]), allow_pickle=True)  # noqa: TID251 - the file that must be refused
    np.savez(tmp_path / "z.npz", a=np.zeros(3))  # noqa: TID251 - the file that must be refused
    for name in ("o.npy", "z.npz"):
        with pytest.raises(FormatError):
            storage.load_npy(tmp_path / name)


def test_a_cut_array_is_refused_at_every_length(tmp_path):
    storage.save_npy(tmp_path / "a.npy", np.arange(5))
    data = (tmp_path / "a.npy").read_bytes()
    for size in range(len(data)):
        (tmp_path / "b.npy").write_bytes(data[:size])
        for mmap in (False, True):
            with pytest.raises(FormatError):
                storage.load_npy(tmp_path / "b.npy", mmap=mmap)


@pytest.mark.parametrize("mmap", [False, True])
@pytest.mark.parametrize("shape", [1 << 44, 1 << 70, 7, 9])
def test_an_array_is_as_long_as_its_header_says(tmp_path, shape, mmap):
    (tmp_path / "a.npy").write_bytes(npy(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({shape},)}}"))
    with pytest.raises(FormatError, match=f"its header tells of {8 * shape:,} bytes of data, and there are 64"):
        storage.load_npy(tmp_path / "a.npy", mmap=mmap)


def test_digest_is_blake2b_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    expected = "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"
    assert storage.digest(tmp_path / "a") == storage.digest_bytes(b"a", memoryview(b"bc")) == expected


def test_read_limited_and_json_refuse(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert storage.read_limited(tmp_path / "a", 5) == b"12345"
    with pytest.raises(FormatError, match="limit of 4 bytes"):
        storage.read_limited(tmp_path / "a", 4)
    with pytest.raises(FormatError, match="no such file"):
        storage.read_limited(tmp_path / "b", 4)
    with pytest.raises(FormatError, match="directory"):
        storage.read_limited(tmp_path, 4)
    for text in (b"{", b"\xff", b"[" * 100_000):
        (tmp_path / "j").write_bytes(text)
        with pytest.raises(FormatError):
            storage.read_json(tmp_path / "j")


LINES = st.lists(st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), max_size=9), max_size=9)


@given(lines=LINES, packed=st.booleans(), ended=st.booleans(), size=st.integers(1, 31))
def test_lines_come_as_they_were_written(tmp_path_factory, lines, packed, ended, size):
    path = tmp_path_factory.mktemp("t") / "a"
    text = "\n".join(lines) + ("\n" if ended else "")
    data = text.encode("utf-8")
    path.write_bytes(gzip.compress(data) if packed else data)
    expected = text.removesuffix("\n").removeprefix("\ufeff").split("\n")
    with storage.open_text(path) as found:
        assert list(found) == ([] if not text else expected)
    blocks = list(storage.blocks(path, block_bytes=size))
    assert [number for number, _ in blocks] == [
        1 + sum(earlier.count("\n") + 1 for _, earlier in blocks[:i]) for i in range(len(blocks))
    ]


def test_windows_line_ends_and_byte_order_mark(tmp_path):
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    with storage.open_text(tmp_path / "a") as lines:
        assert list(lines) == ["one", "two"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"good\nb\xe4d\n", "line 2: byte 0xe4 is not UTF-8"),
        ("text".encode("utf-16"), "line 1: byte 0xff is not UTF-8|NUL"),
        (b"a\nb\nc\0d\n", "line 3: a NUL byte"),
        (gzip.compress(b"a\n" * 9)[:-5], "no complete gzip|not a complete gzip"),
        (b"\x1f\x8bnonsense", "gzip"),
    ],
)
def test_bad_bytes_are_named_with_their_line(tmp_path, data, words):
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(FormatError, match=words), storage.open_text(tmp_path / "a") as lines:
        list(lines)


@given(lengths=st.lists(st.integers(0, 13), max_size=40), block=st.sampled_from([5, 37, 1000]))
def test_the_first_line_over_the_limit_is_named(tmp_path_factory, lengths, block):
    path = tmp_path_factory.getbasetemp() / "lines"
    path.write_bytes(b"\n".join(b"x" * length for length in lengths))
    over = next((number for number, length in enumerate(lengths, 1) if length > 11), None)
    named = contextlib.nullcontext() if over is None else pytest.raises(FormatError, match=f"line {over}: the line is")
    with mock.patch.object(storage, "LIMITS", Limits(line_bytes=11)), named:
        list(storage.blocks(path, block_bytes=block))


def test_limits_of_lines_files_and_archives(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "LIMITS", Limits(line_bytes=100, file_bytes=1000))
    (tmp_path / "line").write_bytes(b"ok\n" + b"x" * 101 + b"\nok\n")
    with pytest.raises(FormatError, match="line 2: the line is longer than 100 bytes"):
        list(storage.blocks(tmp_path / "line"))
    (tmp_path / "endless").write_bytes(b"x" * 900)
    with pytest.raises(FormatError, match="line is longer"):
        list(storage.blocks(tmp_path / "endless", block_bytes=64))
    (tmp_path / "file").write_bytes(b"x\n" * 501)
    with pytest.raises(FormatError, match="larger than 1000 bytes"):
        list(storage.blocks(tmp_path / "file"))
    monkeypatch.setattr(storage, "LIMITS", LIMITS)
    monkeypatch.setattr(storage, "ARCHIVE_FLOOR", 1000)
    (tmp_path / "bomb").write_bytes(gzip.compress(b"x\n" * 10**6))
    with pytest.raises(FormatError, match="unpacks to more than"):
        list(storage.blocks(tmp_path / "bomb"))


def test_one_holder_of_a_lock_at_a_time(tmp_path):
    inside, most = [0], [0]

    def work():
        with storage.lock(tmp_path / "deep" / "a.lock"):
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            inside[0] -= 1

    threads = [threading.Thread(target=work) for _ in range(7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    with (
        storage.lock(tmp_path / "b.lock"),
        pytest.raises(StorageError, match="held by another"),
        storage.lock(tmp_path / "b.lock", timeout=0.01),
    ):
        pass


def test_cache_home_follows_the_variable(home, monkeypatch):
    assert storage.cache_home() == home
    monkeypatch.delenv("KGREASON_HOME")
    assert storage.cache_home().name == "kgreason"
