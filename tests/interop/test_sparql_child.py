"""The caps of the process that runs a query; it is never called in this one, which would keep them."""

from __future__ import annotations

import json
import subprocess
import sys

from kgreason.interop import sparql_child

LINE = "<urn:a> <urn:b> <urn:c> .\n"


def run(**asked):
    command = [sys.executable, "-I", sparql_child.__file__]
    asked = {"memory": 2**32, **asked}
    ran = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)


def child(tmp_path, query, **asked):
    store = tmp_path / "store"
    if not store.exists():
        (tmp_path / "a.nt").write_text(LINE)
        assert run(path=str(tmp_path / "a.nt"), store=str(store)) == {}
    return run(**{"store": str(store), "query": query, "bind": {}, "rows": 7, "bytes": 1000, "seconds": 30, **asked})


def test_terms_have_kinds(tmp_path):
    found = child(tmp_path, 'SELECT ?a ?n ?u (BNODE() AS ?x) {?a ?b ?c BIND("猫" AS ?n)}')
    (row,) = found["rows"]
    assert row[:3] == [["iri", "urn:a"], ["text", "猫"], None]
    assert row[3][1].startswith("_:")


def test_a_result_is_cut_at_its_size(tmp_path):
    long = 'SELECT (CONCAT("xxxxxxxxxxxxxxxx", ?i) AS ?x) {VALUES ?i {"1" "2" "3" "4" "5"}}'
    assert child(tmp_path, long)["complete"]
    assert not child(tmp_path, long, bytes=20)["complete"]


def test_no_connection_can_be_opened(tmp_path):
    """Not even by a SERVICE that nobody has refused: there is no file descriptor left for a socket."""
    here = "127.0.0.1"
    found = child(tmp_path, f"SELECT * {{SERVICE <http://{here}:8099/> {{?s ?p ?o}}}}")
    assert found["fault"] == "query"
    assert "open files" in found["message"]


def test_what_is_wrong_is_told(tmp_path):
    assert child(tmp_path, "SELECT")["fault"] == "query"
    assert child(tmp_path, "ASK {}", store=str(tmp_path / "none"))["fault"] == "store"
    (tmp_path / "b.nt").write_text("no triple\n")
    assert run(path=str(tmp_path / "b.nt"), store=str(tmp_path / "b"))["fault"] == "file"
    assert run(path=str(tmp_path / "a.nt"), store=str(tmp_path / "a.nt" / "x"))["fault"] == "store"


def test_a_query_leaves_the_store_as_it_was(tmp_path):
    child(tmp_path, "ASK {}")
    before = {path: path.read_bytes() for path in (tmp_path / "store").iterdir()}
    assert child(tmp_path, "SELECT * {?a ?b ?c}")["complete"]
    assert {path: path.read_bytes() for path in (tmp_path / "store").iterdir()} == before
