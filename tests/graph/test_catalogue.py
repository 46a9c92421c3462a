from __future__ import annotations

import hashlib
import io
import re
import zipfile  # noqa: TID251 - makes what is unpacked
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from kgreason.errors import DownloadError, FormatError, InputError
from kgreason.graph import readers
from kgreason.graph.catalogue import RemoteFile, catalogue, entry, fetch
from tests.web import LOCAL, web

pytestmark = LOCAL
TRIPLES = b"penguin\tIsA\tbird\nzoo\tIsA\tpark\n"


@pytest.mark.parametrize("graph", catalogue().values(), ids=list(catalogue()))
def test_every_entry_is_complete(graph):
    assert all((graph.title, graph.about, graph.licence))
    assert graph.page.startswith("https://")
    assert graph.reader in readers.READERS
    assert len({file.name for file in graph.files}) == len(graph.files)
    for file in graph.files:
        assert urlsplit(file.url).scheme == "https"
        assert re.fullmatch("[0-9a-f]{64}|", file.sha256)
        assert bool(file.members) == file.name.endswith(".zip")
        assert not file.sha256 or file.bytes


def test_names():
    assert entry("wordnet-3.0").bytes == 10_775_600
    assert entry("fb15k-237").bytes is None
    with pytest.raises(InputError, match=r"no graph 'wordnet'.*wordnet-3\.0"):
        entry("wordnet")


def packed(**members):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        for name, text in members.items():
            made.writestr(f"deep/{name}.tsv", text)
    return data.getvalue()


def test_a_graph_is_fetched_and_read(tmp_path):
    graph = replace(entry("wn18rr"), files=())
    with web(body=TRIPLES) as server:
        file = RemoteFile(f"{server.address}/a.txt?x", len(TRIPLES), hashlib.sha256(TRIPLES).hexdigest())
        (path,) = fetch(replace(graph, files=(file,)), tmp_path)
        assert [row[:3] for chunk in readers.read(path, "triples") for row in chunk.rows()] == [
            ("penguin", "IsA", "bird"), ("zoo", "IsA", "park"),
        ]  # fmt: skip
        stages = []
        server.body = packed(a=TRIPLES, b=TRIPLES, c=b"other")
        zipped = RemoteFile(f"{server.address}/b.zip", members=("deep/b.tsv", "deep/a.tsv"))
        found = fetch(replace(graph, files=(zipped,)), tmp_path, progress=lambda *at: stages.append(at))
    assert [each.name for each in found] == ["b.tsv", "a.tsv"]
    assert stages[-1] == ("fetch b.zip", len(server.body), len(server.body))
    assert not (tmp_path / "c.tsv").exists()


def test_a_reader_of_folders_is_given_the_folder(tmp_path):
    with web(body=packed(data=b"x")) as server:
        file = RemoteFile(f"{server.address}/b.zip", members=("deep/data.tsv",))
        assert fetch(replace(entry("wordnet-3.0"), files=(file,)), tmp_path) == [tmp_path]


def test_what_is_wrong_is_refused(tmp_path):
    with web(body=TRIPLES) as server:
        wrong = RemoteFile(f"{server.address}/a.txt", len(TRIPLES), "0" * 64)
        with pytest.raises(DownloadError, match="SHA-256"):
            fetch(replace(entry("wn18rr"), files=(wrong,)), tmp_path)
        none = RemoteFile(f"{server.address}/b.zip", members=("a",))
        with pytest.raises(FormatError, match="no zip archive"):
            fetch(replace(entry("wn18rr"), files=(none,)), tmp_path)
