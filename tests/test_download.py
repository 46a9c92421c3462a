from __future__ import annotations

import hashlib
import json
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgreason.download import Patience, _address, download
from kgreason.errors import DownloadError, StorageError
from tests.web import LOCAL, web

pytestmark = LOCAL
BODY = random.Random(7).randbytes(200_003)
SHA = hashlib.sha256(BODY).hexdigest()
QUICK = Patience(seconds=5, tries=3, pause=0)


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_fetched_once(tmp_path):
    path, told = tmp_path / "deep" / "a.gz", []
    with web(body=BODY) as server:
        for _ in range(2):
            found = download(f"{server.address}/a.gz", path, size=len(BODY), progress=lambda *at: told.append(at))
            assert found == SHA
    assert path.read_bytes() == BODY
    assert len(server.asked) == 1
    assert server.asked[0]["accept-encoding"] == "identity"
    assert told[-1] == (len(BODY), len(BODY))
    assert left(path.parent) == ["a.gz", "a.gz.json", "a.gz.lock"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(
    breaks=st.lists(st.integers(0, 9_999), max_size=2),
    ranges=st.booleans(),
    tag=st.sampled_from(['"one"', 'W/"one"', ""]),
)
def test_whatever_breaks_off_the_file_is_whole(tmp_path_factory, breaks, ranges, tag):
    path = tmp_path_factory.mktemp("a") / "a"
    with web(body=BODY[:10_007], breaks=[*breaks], ranges=ranges, tag=tag) as server:
        download(f"{server.address}/a", path, patience=QUICK)
    assert path.read_bytes() == BODY[:10_007]
    assert left(path.parent) == ["a", "a.json", "a.lock"]


def test_a_transfer_goes_on_where_it_stopped(tmp_path):
    path = tmp_path / "a"
    with web(body=BODY, breaks=[70_001, 30_011, 7]) as server:
        with pytest.raises(DownloadError, match=r"cannot be fetched.*goes on from there"):
            download(f"{server.address}/a", path, sha256=SHA, patience=QUICK)
        assert not path.exists()
        assert (tmp_path / "a.part").stat().st_size == 100_019
        assert download(f"{server.address}/a", path, sha256=SHA, patience=QUICK) == SHA
    assert [asked.get("range") for asked in server.asked] == [None, "bytes=70001-", "bytes=100012-", "bytes=100019-"]
    assert {asked.get("if-range") for asked in server.asked[1:]} == {'"one"'}


def test_a_file_that_changed_meanwhile_is_begun_anew(tmp_path):
    with web(body=BODY, breaks=[1_009] * 3) as server:
        with pytest.raises(DownloadError):
            download(f"{server.address}/a", tmp_path / "a", patience=QUICK)
        server.body, server.tag = BODY[::-1], '"two"'
        download(f"{server.address}/a", tmp_path / "a", patience=QUICK)
    assert (tmp_path / "a").read_bytes() == BODY[::-1]


def test_parts_of_another_address_are_not_mixed(tmp_path):
    with web(body=BODY, breaks=[1_009] * 3) as server:
        with pytest.raises(DownloadError):
            download(f"{server.address}/a", tmp_path / "a", patience=QUICK)
        download(f"{server.address}/b", tmp_path / "a", patience=QUICK)
    assert "range" not in server.asked[-1]


def test_other_bytes_are_refused_and_leave_nothing(tmp_path):
    with web(body=BODY[::-1]) as server:
        with pytest.raises(DownloadError, match=r"its SHA-256 is \w+ instead of .* put it at"):
            download(f"{server.address}/a", tmp_path / "a", sha256=SHA, patience=QUICK)
        assert left(tmp_path) == ["a.json", "a.lock"]
        (tmp_path / "a").write_bytes(b"mine")
        with pytest.raises(DownloadError, match="Remove"):
            download(f"{server.address}/a", tmp_path / "a", sha256=SHA, patience=QUICK)
    assert (tmp_path / "a").read_bytes() == b"mine"


def test_a_file_without_a_digest_has_to_stay_what_was_first_seen(tmp_path):
    path = tmp_path / "a"
    with web(body=BODY) as server:
        download(f"{server.address}/a", path, patience=QUICK)
        path.unlink()
        server.body = BODY + b"!"
        with pytest.raises(DownloadError, match="when it was first fetched"):
            download(f"{server.address}/a", path, patience=QUICK)
        server.body = BODY
        assert download(f"{server.address}/a", path, patience=QUICK) == SHA
    path.write_bytes(b"changed")
    with pytest.raises(DownloadError, match="when it was first fetched"):
        download(f"{server.address}/a", path, patience=QUICK)


@pytest.mark.parametrize(
    ("told", "size", "words"),
    [
        ("200002", None, "SHA-256"),  # fewer than it sends: the rest is not read
        ("200004", None, "cannot be fetched"),
        ("200004", 200_003, "it has 200,004 bytes instead of 200,003"),
        ("999999999999", None, "larger than 1,000,000 bytes"),
        ("", 200_002, "larger than 200,002 bytes"),
        ("", 200_004, "broke off after 200,003 of 200,004"),
    ],
)
def test_lies_about_the_length(tmp_path, told, size, words):
    caps = {"size": size, "limit": 1_000_000, "patience": QUICK}
    with web(body=BODY, headers={"Content-Length": told}) as server, pytest.raises(DownloadError, match=words):
        download(f"{server.address}/a", tmp_path / "a", sha256=SHA, **caps)
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "ftp://e.org/a", "gopher://e.org", "javascript:alert(1)", "data:,a", "http://[::1",
     "http://user:word@e.org/a"],
)  # fmt: skip
def test_redirects_off_the_web_are_refused(tmp_path, target):
    refused = pytest.raises(DownloadError, match="no address of the web")
    with web(body=BODY, redirects={"/a": target}) as server, refused:
        download(f"{server.address}/a", tmp_path / "a", patience=QUICK)
    assert left(tmp_path) == ["a.lock"]
    with pytest.raises(DownloadError, match="no address of the web"):
        download(target, tmp_path / "b", patience=QUICK)


def test_redirects_within_the_web_are_followed_so_far(tmp_path):
    with web(body=BODY, redirects={"/a": "/b", "/b": "c?d"}) as server:
        assert download(f"{server.address}/a", tmp_path / "a", patience=QUICK) == SHA
        assert [asked["path"] for asked in server.asked] == ["/a", "/b", "/c?d"]
        server.redirects = {"/a": "/a"}
        with pytest.raises(DownloadError, match="more than 5 redirects"):
            download(f"{server.address}/a", tmp_path / "b", patience=QUICK)


def test_an_encrypted_address_does_not_lead_to_an_open_one():
    assert _address("//e.org/b", "http://e.org/a") == "http://e.org/b"
    assert _address("https://e.org/b", "http://e.org/a") == "https://e.org/b"
    with pytest.raises(DownloadError, match="not encrypted"):
        _address("http://e.org/b", "https://e.org/a")
    with pytest.raises(DownloadError, match="no address"):
        _address("http://", "")


def test_statuses(tmp_path):
    with web(body=BODY, statuses=[503, 429]) as server:
        assert download(f"{server.address}/a", tmp_path / "a", patience=QUICK) == SHA
        server.statuses = [404]
        with pytest.raises(DownloadError, match="answers 404"):
            download(f"{server.address}/b", tmp_path / "b", patience=QUICK)
        server.statuses = [500] * 3
        with pytest.raises(DownloadError, match="answers 500"):
            download(f"{server.address}/b", tmp_path / "b", patience=QUICK)


def test_what_comes_compressed_is_refused(tmp_path):
    refused = pytest.raises(DownloadError, match="compressed")
    with web(body=BODY, headers={"Content-Encoding": "gzip"}) as server, refused:
        download(f"{server.address}/a", tmp_path / "a", patience=QUICK)


def test_a_server_that_is_too_slow_is_left_and_found_again(tmp_path):
    impatient = Patience(seconds=5, tries=2, pause=0, window=0.2, least=1_000)
    with web(body=BODY, pause=0.01) as server:
        with pytest.raises(DownloadError, match=r"bytes came in 0 seconds"):
            download(f"{server.address}/a", tmp_path / "a", patience=impatient)
        assert (tmp_path / "a.part").stat().st_size > 1
        server.pause = 0
        assert download(f"{server.address}/a", tmp_path / "a", patience=impatient) == SHA
    assert "range" in server.asked[-1]
    silent = Patience(seconds=0.1, tries=2, pause=0)
    with web(body=BODY, pause=1) as server, pytest.raises(DownloadError, match="cannot be fetched"):
        download(f"{server.address}/a", tmp_path / "b", patience=silent)


def test_a_part_longer_than_the_file_is_begun_anew(tmp_path):
    with web(body=BODY, breaks=[1_009] * 3) as server:
        with pytest.raises(DownloadError):
            download(f"{server.address}/a", tmp_path / "a", patience=QUICK)
        (tmp_path / "a.part").write_bytes(BODY * 2)
        assert download(f"{server.address}/a", tmp_path / "a", patience=QUICK) == SHA


def test_nobody_there(tmp_path):
    with web() as server:
        address = server.address
    with pytest.raises(DownloadError, match="cannot be fetched"):
        download(f"{address}/a", tmp_path / "a", patience=QUICK)


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        download("http://e.org/a", tmp_path / "file" / "a", patience=QUICK)


def test_a_damaged_note_is_told(tmp_path):
    with web(body=BODY) as server:
        (tmp_path / "a.json").write_text(json.dumps([1]))
        assert download(f"{server.address}/a", tmp_path / "a", patience=QUICK) == SHA
