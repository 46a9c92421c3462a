from __future__ import annotations

import pytest

from kgreason import interop


@pytest.mark.parametrize("suffix", interop.FORMATS)
def test_export(run, tiny_folder, tiny_graph, tmp_path, suffix):
    path = tmp_path / f"tiny{suffix}"
    shown = run("graph", "export", tiny_folder, "-o", path)
    assert shown.code == 0
    assert "23 concepts, 31 edges" in shown.out
    assert "export …" in shown.err
    assert interop.read(path).digest == tiny_graph.digest


def test_an_exported_table_can_be_built(run, tiny_folder, tmp_path):
    run("graph", "export", tiny_folder, "-o", tmp_path / "a.csv", "-q")
    built = run("graph", "build", tmp_path / "a.csv", "-o", tmp_path / "g", "--json").json()
    assert built["counts"]["edges"] == 31


def test_a_suffix_that_is_none(run, tiny_folder, tmp_path):
    failed = run("graph", "export", tiny_folder, "-o", tmp_path / "a.doc")
    assert failed.code == 2
    assert ".graphml" in failed.err


def test_query(run, tiny_folder, tmp_path):
    run("graph", "export", tiny_folder, "-o", tmp_path / "a.nt", "-q")
    asked = ("graph", "query", tmp_path / "a.nt", "SELECT * {?who ?at ?place}", "--concept", "who=penguin")
    shown = run(*asked, "--relation", "?at=AtLocation")
    assert shown.code == 0
    assert {"who", "at", "place", "penguin", "AtLocation", "zoo", "antarctica"} == set(shown.out.split())
    assert "There are more" in run(*asked, "-n", "1").err
    values = run(*asked, "--relation", "at=IsA", "--json").json()
    assert dict(zip(values["variables"], *values["rows"], strict=True))["place"] == "bird"
    for wrong in (("--concept", "penguin"), ("--text", "=x")):
        assert "binds nothing" in run(*asked, *wrong).err
    assert run("graph", "query", tmp_path / "a.nt", "DROP ALL").code == 2
