from __future__ import annotations

import pytest

from kgreason.graph import KnowledgeGraph


@pytest.fixture
def folder(run, tmp_path):
    """A graph of one file, and beside it a second file."""
    (tmp_path / "a.csv").write_text("source,relation,target\npenguin,AtLocation,zoo\nzoo,IsA,park\n")
    (tmp_path / "b.tsv").write_text("source\trelation\ttarget\tweight\npenguin\tCapableOf\tfly\t-2\n")
    assert run("graph", "build", tmp_path / "a.csv", "-o", tmp_path / "g", "-q").code == 0
    return tmp_path


def test_adding_a_file_equals_building_from_both_and_removing_it_undoes_that(run, folder):
    before = KnowledgeGraph.open(folder / "g").digest
    added = run("graph", "add", folder / "g", folder / "b.tsv", "--json").json()
    both = run("graph", "build", folder / "b.tsv", folder / "a.csv", "-o", folder / "both", "--json").json()
    assert added["digest"] == both["digest"]
    assert added["added"] == 1
    removed = run("graph", "remove", folder / "g", folder / "b.tsv", "--json").json()
    assert (removed["removed"], removed["missing"], removed["digest"]) == (1, 0, before)


def test_an_added_file_has_its_weight(run, folder):
    before = KnowledgeGraph.open(folder / "g").digest
    options = (folder / "g", folder / "a.csv", "--weight", "a.csv=3", "--json")
    run("graph", "add", *options)
    assert {edge.weight for edge in KnowledgeGraph.open(folder / "g").match()} == {4.0}
    assert run("graph", "remove", folder / "g", folder / "b.tsv", "--weight", "a.csv=3").code == 2
    removed = run("graph", "remove", *options).json()
    assert removed["removed"] == 4
    assert removed["digest"] != before  # the assertions of the first file are those of the same facts


def test_an_update_tells_its_stages_and_what_it_did(run, folder):
    added = run("graph", "add", folder / "g", folder / "b.tsv")
    assert "write …" in added.err
    assert "1 added; 4 concepts, 3 edges" in added.out
    assert run("graph", "remove", folder / "g", folder / "b.tsv", "-q").err == ""


def test_a_fact_that_is_not_there(run, folder):
    failed = run("graph", "remove", folder / "g", folder / "b.tsv")
    assert failed.code == 2
    assert "1 fact is not in the graph: ('penguin', 'CapableOf', 'fly')" in failed.err
    assert "--missing-ok" in failed.err
    counted = run("graph", "remove", folder / "g", folder / "b.tsv", folder / "a.csv", "--missing-ok")
    assert "2 removed, 1 missing; 0 concepts" in counted.out


def test_clean(run, folder):
    run("graph", "add", folder / "g", folder / "b.tsv")
    live = KnowledgeGraph.open(folder / "g").path
    assert run("graph", "clean", folder / "g", "--keep", "1", "--json").json()["removed"] == []
    assert f"1 removed; {live} is live" in run("graph", "clean", folder / "g").out.replace("\n", "")
    assert list(folder.glob("g/v-*")) == [live]


@pytest.mark.parametrize("command", ["add", "remove"])
def test_a_folder_without_a_graph_is_named(run, folder, command):
    failed = run("graph", command, folder, folder / "a.csv")
    assert failed.code == 2
    assert str(folder) in failed.err
