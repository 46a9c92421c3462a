from __future__ import annotations

import pytest

from kgreason.graph import KnowledgeGraph


def test_build_equals_the_graph_in_memory(run, tiny_folder, tiny_graph):
    built = KnowledgeGraph.open(tiny_folder)
    assert built.relations == tiny_graph.relations
    assert [built.key(i) for i in range(built.num_nodes)] == [tiny_graph.key(i) for i in range(tiny_graph.num_nodes)]
    assert (built.idx == tiny_graph.idx).all()


def test_build_reports_and_reads_mapped_columns(run, tmp_path):
    table = tmp_path / "zoo.csv"
    table.write_text("who,does,what\npenguin,AtLocation,zoo\n北京,IsA,城市\n")
    made = run(
        "graph", "build", table, "-o", tmp_path / "g", "--json", "--columns", "source=who,relation=does,target=what"
    )
    assert made.code == 0
    assert made.json()["counts"]["edges"] == 2
    assert KnowledgeGraph.open(tmp_path / "g").digest == made.json()["digest"]


def test_build_weighs_its_sources(run, tmp_path):
    (tmp_path / "a.csv").write_text("source,relation,target\na,r,b\n")
    (tmp_path / "b.nt").write_text("<a:a> <a:r> <a:b> .\n")
    made = run(
        "graph", "build", tmp_path / "a.csv", tmp_path / "b.nt", "-o", tmp_path / "g",
        "--weight", "a.csv=0.5", "--weight", "b.nt=2", "--json",
    )  # fmt: skip
    assert made.code == 0
    graph = KnowledgeGraph.open(tmp_path / "g")
    assert {edge.source: edge.weight for node in range(graph.num_nodes) for edge in graph.neighbors(node)} == {
        "a": 0.5,
        "a:a": 2.0,
    }
    for wrong in ("a.csv", "=1", "a.csv=x", "c.csv=1"):
        failed = run("graph", "build", tmp_path / "a.csv", "-o", tmp_path / "g", "--weight", wrong)
        assert failed.code == 2
        assert "weigh" in failed.err


def test_help_names_every_reader():
    from kgreason.cli import graph
    from kgreason.graph.readers import READERS

    assert ", ".join(READERS) == graph.READERS


def test_build_tells_its_stages_unless_quiet(run, tmp_path):
    table = tmp_path / "a.csv"
    table.write_text("source,relation,target\na,r,b\n")
    loud = run("graph", "build", table, "-o", tmp_path / "g")
    assert "write …" in loud.err
    assert "2 concepts, 1 edges of 1 assertions" in loud.out
    assert run("graph", "build", table, "-o", tmp_path / "g", "--quiet").err == ""


def test_build_says_what_is_wrong_and_leaves_nothing(run, tmp_path):
    table = tmp_path / "a.csv"
    table.write_text("source,relation,target\na,r,b\na,r\n")
    failed = run("graph", "build", table, "-o", tmp_path / "g")
    assert failed.code == 2
    assert f"error: {table}, line 3: it has 2 columns instead of 3." in failed.err
    assert failed.out == ""
    assert not list(tmp_path.glob("g/*"))


def test_info(run, tiny_folder, facts):
    shown = run("graph", "info", tiny_folder)
    assert shown.code == 0
    assert "bird (6)" in shown.out
    assert "█" in shown.out
    values = run("graph", "info", tiny_folder, "--json").json()
    assert values["edges"] == len(facts)
    assert sum(values["degrees"].values()) == values["nodes"]
    assert sum(values["relations"].values()) == len(facts)
    assert values["languages"] == {"": values["nodes"]}


def test_info_names_languages_sources_and_licences(run, tmp_path):
    table = tmp_path / "a.csv"
    rows = ["/c/en/a,r,/c/en/b,x,CC BY", "/c/en/a,r,/c/de/c,x,CC BY", "/c/en/a,r,d,y,"]
    table.write_text("source,relation,target,origin,licence\n" + "\n".join(rows) + "\n")
    run("graph", "build", table, "-o", tmp_path / "g")
    values = run("graph", "info", tmp_path / "g", "--json").json()
    assert values["languages"] == {"en": 2, "": 1, "de": 1}
    assert (values["origins"], values["licences"]) == ({"x": 2, "y": 1}, {"CC BY": 2, "": 1})
    shown = run("graph", "info", tmp_path / "g").out
    for told in ("en (2), of none (1), de (1)", "x (2), y (1)", "CC BY (2), not stated (1)"):
        assert told in shown


def test_degrees_fall_into_spans_of_powers_of_two(run, tmp_path):
    table = tmp_path / "star.csv"
    hubs = {"one": 1, "three": 3, "four": 4, "seven": 7, "eight": 8}
    rows = [f"{hub},r,{hub}{leaf}" for hub, leaves in hubs.items() for leaf in range(leaves)]
    table.write_text("source,relation,target\n" + "\n".join(rows) + "\n")
    run("graph", "build", table, "-o", tmp_path / "g")
    degrees = run("graph", "info", tmp_path / "g", "--json").json()["degrees"]
    assert degrees == {"1": 1 + sum(hubs.values()), "2–3": 1, "4–7": 2, "8–15": 1}


def test_verify(run, tiny_folder, tmp_path):
    sound = run("graph", "verify", tiny_folder, "--json")
    assert sound.code == 0
    assert sound.json()["ok"]
    table = tmp_path / "a.csv"
    table.write_text("source,relation,target\na,r,b\n")
    path = run("graph", "build", table, "-o", tmp_path / "g", "--json").json()["path"]
    (idx,) = tmp_path.glob("g/v-*/idx.npy")
    data = bytearray(idx.read_bytes())
    data[-1] ^= 1
    idx.write_bytes(data)
    damaged = run("graph", "verify", tmp_path / "g", "--json")
    assert damaged.code == 2
    assert damaged.json()["findings"] == [f"{path}/idx.npy is damaged: its digest is not the stated one"]
    assert "is damaged" in damaged.err


def test_neighbors(run, tiny_folder):
    shown = run("graph", "neighbors", "Penguin", "-g", tiny_folder, "-n", "2")
    assert shown.code == 0
    assert "penguin is found at antarctica" in shown.out
    assert "4 more" in shown.err
    values = run("graph", "neighbors", "zoo", "-g", tiny_folder, "-r", "AtLocation", "--json").json()
    assert {(edge["source"], edge["target"]) for edge in values["edges"]} == {
        ("penguin", "zoo"),
        ("bird", "zoo"),
        ("zoo", "city"),
    }


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["neighbors", "pengiun"], "'pengiun'"),
        (["neighbors", "penguin", "-r", "atlocation"], "'atlocation'"),
    ],
)
def test_what_the_graph_does_not_know_is_named(run, tiny_folder, arguments, says):
    failed = run("graph", *arguments, "-g", tiny_folder)
    assert failed.code == 2
    assert says in failed.err


def test_a_folder_without_a_graph_is_named(run, tmp_path):
    failed = run("graph", "info", tmp_path)
    assert failed.code == 2
    assert str(tmp_path) in failed.err


def test_path(run, tiny_folder):
    shown = run("graph", "path", "penguin", "house", "-g", tiny_folder)
    assert shown.code == 0
    assert shown.out.splitlines()[0] == "penguin to house"
    assert "penguin —AtLocation→ zoo —AtLocation→ city —HasA→ house" in shown.out
    assert "zoo is found at city" in shown.out
    assert "no path" in run("graph", "path", "penguin", "house", "-g", tiny_folder, "--max-hops", "1").out
    values = run("graph", "path", "penguin", "house", "-g", tiny_folder, "--json").json()
    assert [edge["relation"] for edge in values["paths"][0]["edges"]] == ["AtLocation", "AtLocation", "HasA"]
    assert (
        run("graph", "path", "penguin", "house", "-g", tiny_folder, "--max-hops", "2", "--json").json()["paths"] == []
    )


def test_match(run, tiny_folder):
    shown = run("graph", "match", "--relation", "AtLocation", "--target", "zo*", "-g", tiny_folder)
    assert shown.code == 0
    assert "penguin is found at zoo" in shown.out
    assert "bird is found at zoo" in shown.out
    first = run("graph", "match", "--node", "penguin", "-n", "2", "-g", tiny_folder, "--json").json()
    rest = run("graph", "match", "--node", "penguin", "-n", "20", "--offset", "2", "-g", tiny_folder, "--json").json()
    assert (len(first["edges"]), first["more"], len(rest["edges"]), rest["more"]) == (2, True, 4, False)
    assert "--offset 1" in run("graph", "match", "-n", "1", "-g", tiny_folder).err
    assert run("graph", "match", "--node", "pengiun", "-g", tiny_folder).code == 2
