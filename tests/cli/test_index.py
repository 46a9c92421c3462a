from __future__ import annotations

import shutil

import pytest

from kgreason import storage


@pytest.fixture(scope="module")
def folder(tiny_folder, tmp_path_factory):
    """A copy of the tiny graph, for an index to be made beside it."""
    return shutil.copytree(tiny_folder, tmp_path_factory.mktemp("indexed") / "g")


def test_index_then_ground_by_spelling_and_meaning(run, folder):
    asked = ("ground", "Do pengiuns live in a cooking stove?", "-g", folder, "--json")
    assert [mention["by"] for mention in run(*asked).json()["mentions"]] == []
    refused = run(*asked, "--index", "all-MiniLM-L6-v2")
    assert refused.code == 2
    assert f"kgreason graph index {folder} --model all-MiniLM-L6-v2" in refused.err
    made = run("graph", "index", folder, "--json").json()
    assert (made["model"], made["concepts"], made["width"]) == ("all-MiniLM-L6-v2", 23, 384)
    assert "23 concepts" in run("graph", "index", folder).out
    found = run(*asked, "--index", "all-MiniLM-L6-v2").json()["mentions"]
    assert (found[0]["surface"], found[0]["by"], found[0]["candidates"][0]["key"]) == (
        "pengiuns",
        "spelling",
        "penguin",
    )
    retrieved = run("retrieve", "A pengiun?", "--options", "zoo", "oven", "-g", folder, "--index", "all-MiniLM-L6-v2")
    assert "penguin is found at zoo" in retrieved.out
    assert run("graph", "verify", folder).code == 0
    (index,) = folder.glob("i-*")
    storage.write_bytes(index / "vectors.npy", b"")
    told = run("graph", "verify", folder)
    assert told.code == 2
    assert "vectors.npy is damaged" in told.out.replace("\n", "")
    assert "kgreason graph index" in told.err
    assert run("graph", "verify", folder / "none").code == 2


def test_an_index_needs_a_graph_and_no_output_file(run, folder, tmp_path):
    none = run("ask", "A penguin?", "--options", "zoo", "oven", "--graph", "none", "--index", "all-MiniLM-L6-v2")
    assert none.code == 2
    assert "--index" in none.err
    file = run("retrieve", "csqa", "-o", tmp_path / "out", "-g", folder, "--index", "all-MiniLM-L6-v2")
    assert file.code == 2
    assert "Retrieve a file without --index" in file.err
