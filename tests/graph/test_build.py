from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgreason.errors import InputError, StorageError
from kgreason.graph import KnowledgeGraph, readers
from kgreason.graph.build import build
from kgreason.graph.manifest import CURRENT, LOCK, verify
from tests.amounts import FULL
from tests.graph.strategies import triples
from tools.safety import faults


def table(*rows):
    names = {"source": pl.String, "relation": pl.String, "target": pl.String, "weight": pl.Int64}
    return pl.DataFrame([(*row, 1000)[:4] for row in rows], schema=names, orient="row")


OLD = table(("a", "IsA", "b"))
NEW = table(("a", "IsA", "b"), ("b", "IsA", "c"))


def contents(version):
    return {path.name: path.read_bytes() for path in version.iterdir()}


@settings(max_examples=13)
@given(triples, st.randoms())
def test_the_same_input_in_any_order_gives_the_same_bytes(tmp_path_factory, rows, chance):
    rows = [(s, r, t, round(w * 1000)) for s, r, t, w in rows]
    labels = [("a", "Alpha"), ("zoo", "Zoo"), ("lone", "")]
    aliases = [("as", "a", 0.5), ("zoos", "zoo", 0.8), ("zoo", "a", 0.25)]
    sources = [{"name": "x", "licence": "CC0"}, {"name": "y"}]
    made = []
    for _ in range(2):
        for items in (rows, labels, aliases, sources):
            chance.shuffle(items)
        cut = chance.randint(0, len(rows))
        chunks = [table(*rows[:cut]), table(*rows[cut:])]
        out = tmp_path_factory.mktemp("image")
        columns = {"size": lambda texts: np.array([[len(text)] for text in texts] or np.zeros((0, 1)), np.int32)}
        made.append(build(chunks, out, labels=dict(labels), aliases=aliases, sources=sources, columns=columns))
        assert verify(out) == ()
    assert made[0].name == made[1].name
    assert contents(made[0]) == contents(made[1])


def test_versions_stay_and_current_moves(tmp_path):
    old = build(OLD, tmp_path)
    held = KnowledgeGraph.open(tmp_path)
    new = build(NEW, tmp_path)
    assert old != new
    assert KnowledgeGraph.open(tmp_path).path == new
    assert (held.num_nodes, KnowledgeGraph.open(old).num_nodes) == (2, 2)
    assert build(OLD, tmp_path) == old == KnowledgeGraph.open(tmp_path).path
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([CURRENT, LOCK, old.name, new.name])


def test_building_again_repairs_a_damaged_version(tmp_path):
    version = build(OLD, tmp_path)
    (version / "idx.npy").write_bytes(b"")
    assert build(OLD, tmp_path) == version
    assert verify(tmp_path) == ()


def test_node_columns(tmp_path):
    graph = KnowledgeGraph.open(
        build(NEW, tmp_path, columns={"text": lambda texts: np.array([[len(t), 7] for t in texts])})
    )
    column = graph.column("text")
    assert column is not None
    assert column.tolist() == [[1, 7]] * 3
    assert graph.info()["columns"] == {"text": ["int64", 3, 2]}
    for wrong in (lambda texts: np.zeros(3), lambda texts: np.zeros((2, 2))):
        with pytest.raises(InputError, match="Give 3 rows"):
            build(NEW, tmp_path, columns={"text": wrong})
    with pytest.raises(InputError, match="column is called"):
        build(NEW, tmp_path, columns={"../text": lambda texts: np.zeros((3, 1))})


def test_the_manifest_carries_sources_and_licences(tmp_path):
    facts = OLD.with_columns(licence=pl.lit("CC0"), origin=pl.lit("mine"))
    info = KnowledgeGraph.open(build(facts, tmp_path, sources=[{"name": "x", "licence": "CC0"}])).info()
    assert info["licences"] == {"CC0": 1}
    assert info["origins"] == {"mine": 1}
    assert info["sources"] == [{"name": "x", "licence": "CC0"}]
    assert info["counts"]["assertions"] == 1


def test_the_base_is_kept_unmerged(tmp_path):
    version = build(pl.concat([OLD, OLD]), tmp_path)
    assert pl.read_parquet(version / "assertions.parquet").rows() == [("a", "IsA", "b", 1000, "", "", "", "")] * 2


@given(triples)
def test_edges_that_go_into_an_image_come_out_of_it(tmp_path_factory, rows):
    """As assertions, whatever they are; as edges, merged, without loops."""
    rows = [(s, r, t, round(w * 1000)) for s, r, t, w in rows]
    image = tmp_path_factory.mktemp("image")
    build(table(*rows), image)
    held = [row[:4] for chunk in readers.read(image).chunks for row in chunk.rows()] if rows else []
    assert sorted(held) == sorted(rows)
    again = build(readers.read(image), tmp_path_factory.mktemp("again")) if rows else None
    assert again is None or contents(again) == contents(KnowledgeGraph.open(image).path)


def test_progress_ends_every_stage(tmp_path):
    told = []
    build(NEW, tmp_path, progress=lambda *step: told.append(step), columns={"x": lambda t: np.zeros((len(t), 1))})
    assert {stage for stage, _, _ in told} >= {"read", "surfaces", "write", "columns"}
    assert all(0 <= done <= total for _, done, total in told)


def test_no_failing_file_call_leaves_half_a_graph(tmp_path):
    """Every file call of a build from a file fails in turn: with each error in the full profile, else with one."""
    build(OLD, tmp_path / "g")
    NEW.write_csv(tmp_path / "new.csv")
    turns = faults.damages(
        tmp_path / "g", lambda: build(readers.read(tmp_path / "new.csv"), tmp_path / "g"), every=1 if FULL else 11
    )
    found = list(turns)
    assert len(found) > (1000 if FULL else 60)
    assert not [turn for turn in found if turn[-1]]


def test_a_failed_first_build_leaves_nothing(tmp_path):
    def fails(texts):
        raise StorageError("no space", fix="Free some.")

    with pytest.raises(StorageError, match="no space"):
        build(OLD, tmp_path / "g", columns={"text": fails})
    assert not list((tmp_path / "g").iterdir())
