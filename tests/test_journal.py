from __future__ import annotations

import errno
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason import disk, journal
from kgreason.errors import FormatError, StorageError
from tools.safety.faults import failing

VALUES = st.dictionaries(st.text(max_size=5), st.none() | st.booleans() | st.integers() | st.text(max_size=9))


@given(rows=st.lists(VALUES, min_size=1, max_size=7))
def test_what_is_appended_is_read(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("a") / "deep" / "log"
    for row in rows:
        journal.append(path, row)
    assert journal.read(path) == (rows, 0)


@given(cut=st.integers(1, 27))
def test_a_line_that_was_cut_off_is_passed_over_and_harms_no_other(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("a") / "log"
    journal.append(path, {"n": 1})
    journal.append(path, {"word": "猫 and more"})
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    journal.append(path, {"n": 3})
    rows, broken = journal.read(path)
    assert [rows[0], rows[-1]] == [{"n": 1}, {"n": 3}]
    assert len(rows) + broken == 3


def test_a_journal_that_ends_in_the_middle_of_a_line_is_read(tmp_path):
    path = tmp_path / "log"
    journal.append(path, {"n": 1})
    path.write_bytes(path.read_bytes() + b'{"n": ')
    assert journal.read(path) == ([{"n": 1}], 1)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])  # after EINTR Python tries again
def test_every_failing_call_is_told_and_the_next_line_is_whole(tmp_path, code):
    for limit in (journal.LIMIT, 20):
        with failing() as calls:
            journal.append(tmp_path / f"count{limit}", {"n": 0}, limit=limit)
        for number in range(1, calls.count + 1):
            path = tmp_path / f"log{limit}-{number}"
            journal.append(path, {"n": 1}, limit=limit)
            with failing(number, code), pytest.raises((StorageError, FormatError), match=path.name):
                journal.append(path, {"n": 2}, limit=limit)
            journal.append(path, {"n": 3}, limit=10**6)
            assert journal.read(path) == ([{"n": 1}, {"n": 3}], 0)


def test_short_writes_are_completed_and_one_that_fails_half_way_leaves_a_line_that_is_passed_over(
    tmp_path, monkeypatch
):
    write, left = disk.write, [99]

    def short(handle, data):
        left[0] -= 3
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "full")
        return write(handle, data[:3])

    path = tmp_path / "log"
    monkeypatch.setattr(disk, "write", short)
    journal.append(path, {"number": 1})
    left[0] = 4
    with pytest.raises(StorageError, match="the disk is full"):
        journal.append(path, {"number": 2})
    left[0] = 99
    journal.append(path, {"number": 3})
    assert journal.read(path) == ([{"number": 1}, {"number": 3}], 1)


def test_a_full_journal_begins_anew_and_the_one_before_is_read_first(tmp_path):
    path = tmp_path / "log"
    for n in range(7):
        journal.append(path, {"n": n}, limit=22)
        assert path.stat().st_size <= 22
    rows, _ = journal.read(path)
    assert [row["n"] for row in rows] == [4, 5, 6]


def test_threads_do_not_interleave(tmp_path):
    path = tmp_path / "log"

    def work(name):
        for n in range(23):
            journal.append(path, {"name": name, "n": n, "more": "x" * 97})

    threads = [threading.Thread(target=work, args=(name,)) for name in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows, broken = journal.read(path)
    assert (len(rows), broken) == (5 * 23, 0)
    for name in range(5):
        assert [row["n"] for row in rows if row["name"] == name] == list(range(23))


def test_what_is_no_journal_is_named(tmp_path):
    with pytest.raises(FormatError, match="no such file"):
        journal.read(tmp_path / "none")
    (tmp_path / "a").write_text("one\n[2]\n")
    with pytest.raises(FormatError, match="none of its 2 lines"):
        journal.read(tmp_path / "a")


def test_between_two_journals_the_older_one_is_read(tmp_path):
    journal.append(tmp_path / "log", {"n": 1})
    (tmp_path / "log").rename(journal.older(tmp_path / "log"))
    assert journal.read(tmp_path / "log") == ([{"n": 1}], 0)
    with pytest.raises(FormatError, match="other"):
        journal.read(tmp_path / "other")
