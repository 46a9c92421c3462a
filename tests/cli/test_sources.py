from __future__ import annotations

from dataclasses import replace

import pytest

from kgreason.graph import KnowledgeGraph, catalogue
from tests.web import LOCAL, web

pytestmark = LOCAL
TRIPLES = b"penguin\tIsA\tbird\nzoo\tIsA\tpark\n"


@pytest.fixture
def served(monkeypatch, home):
    """The catalogue with one graph more, on this machine."""
    with web(body=TRIPLES) as server:
        file = catalogue.RemoteFile(f"{server.address}/zoo.txt")
        known = {**catalogue.catalogue(), "zoo": replace(catalogue.entry("wn18rr"), name="zoo", files=(file,))}
        monkeypatch.setattr(catalogue, "catalogue", lambda: known)
        yield server


def test_sources(run):
    shown = run("graph", "sources")
    assert shown.code == 0
    assert "conceptnet-5.7" in shown.out
    listed = run("graph", "sources", "--json").json()
    assert {each["name"] for each in listed} >= {"conceptnet-5.7", "atomic-2020", "wordnet-3.0", "wn18rr", "fb15k-237"}
    assert all(each["licence"] and each["files"] for each in listed)


def test_get_fetches_and_builds(run, served, tmp_path):
    done = run("graph", "get", "zoo", "-o", tmp_path / "g")
    assert done.code == 0
    assert "4 concepts, 2 edges" in done.out
    assert "under WordNet" in done.err
    assert "fetch zoo.txt …" in done.err
    built = KnowledgeGraph.open(tmp_path / "g")
    assert [source["licence"] for source in built.manifest["sources"]] == ["WordNet"]
    again = run("graph", "get", "zoo", "-o", tmp_path / "g", "--json", "-q")
    assert again.json()["digest"] == built.digest
    assert len(served.asked) == 1


def test_get_without_a_graph(run, served, home, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("graph", "get", "zoo", "--no-build", "--json").json()
    assert done == {"name": "zoo", "licence": "WordNet", "files": [str(home / "downloads" / "zoo" / "zoo.txt")]}
    assert not (tmp_path / "zoo").exists()


def test_what_cannot_be_fetched_is_said(run, served, tmp_path):
    unknown = run("graph", "get", "nothing")
    assert unknown.code == 2
    assert "conceptnet-5.7" in unknown.err
    served.redirects = {"/zoo.txt": "file:///etc/passwd"}
    failed = run("graph", "get", "zoo", "-o", tmp_path / "g")
    assert failed.code == 2
    assert "no address of the web" in failed.err
    assert not (tmp_path / "g").exists()
