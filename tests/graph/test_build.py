from __future__ import annotations

import errno
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgreason import storage
from kgreason.errors import InputError, StorageError
from kgreason.graph import KnowledgeGraph
from kgreason.graph import build as build_module
from kgreason.graph.build import build
from kgreason.graph.derive import derive
from kgreason.graph.manifest import CURRENT, LOCK, verify
from kgreason.graph.schema import assertion_table
from tests.graph.strategies import triples
from tests.test_storage import Fault


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


def test_progress_ends_every_stage(tmp_path):
    told = []
    build(NEW, tmp_path, progress=lambda *step: told.append(step), columns={"x": lambda t: np.zeros((len(t), 1))})
    assert {stage for stage, _, _ in told} >= {"read", "surfaces", "write", "columns"}
    assert all(0 <= done <= total for _, done, total in told)


def faults(tmp_path, monkeypatch, codes):
    """Makes every file call of a build fail, one at a time."""
    old = build(OLD, tmp_path)
    arrays = derive(assertion_table(NEW))
    monkeypatch.setattr(build_module, "derive", lambda *_: arrays)  # no file is touched until they are there
    with monkeypatch.context() as patch:
        calls = Fault(patch)
        new = build(NEW, tmp_path / "count")
    assert calls.seen > 60
    for number in range(1, calls.seen + 1):
        for code in codes(number):
            storage.write_text(tmp_path / CURRENT, f"{old.name}\n")
            storage.remove(tmp_path / new.name)
            with monkeypatch.context() as patch:
                Fault(patch, number, code)
                with pytest.raises(StorageError) as caught:
                    build(NEW, tmp_path)
            assert caught.value.fix
            assert KnowledgeGraph.open(tmp_path).path in (old, tmp_path / new.name)
            assert verify(tmp_path) == ()
            assert {path.name for path in tmp_path.iterdir()} <= {"count", CURRENT, LOCK, old.name, new.name}


def test_no_failing_file_call_leaves_half_a_graph(tmp_path, monkeypatch):
    kinds = (errno.ENOSPC, errno.EACCES, errno.EIO, errno.EINTR)
    faults(tmp_path, monkeypatch, lambda number: kinds[number % 4 : number % 4 + 1])


@pytest.mark.slow
def test_no_failing_file_call_leaves_half_a_graph_whatever_the_error(tmp_path, monkeypatch):
    faults(tmp_path, monkeypatch, lambda _: (errno.ENOSPC, errno.EACCES, errno.EIO, errno.EINTR))


def test_two_builders_and_a_reader(tmp_path):
    build(OLD, tmp_path)
    done = threading.Event()

    def read():
        while not done.is_set():
            assert KnowledgeGraph.open(tmp_path).num_nodes in (2, 3)

    def write():
        for kind in (NEW, OLD, NEW):
            build(kind, tmp_path)

    with ThreadPoolExecutor() as pool:
        reader = pool.submit(read)
        builders = [pool.submit(write) for _ in range(2)]
        wait(builders)
        done.set()
        for task in (reader, *builders):
            task.result()
    assert verify(tmp_path) == ()


@pytest.mark.slow
def test_killed_builders_leave_a_graph_that_opens(tmp_path):
    old = build(OLD, tmp_path)
    code = (
        "import sys, polars as pl\n"
        "from kgreason.graph.build import build\n"
        "print('ready', flush=True)\n"
        "for i in range(1000):\n"
        "    build(pl.DataFrame({'source': ['a', f's{i}'], 'relation': 'IsA', 'target': 'b'}), sys.argv[1])\n"
    )
    chance = random.Random(41)
    for _ in range(7):
        child = subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE)
        assert child.stdout
        child.stdout.readline()
        time.sleep(chance.uniform(0.05, 0.5))
        child.kill()
        child.wait()
        child.stdout.close()
        assert verify(tmp_path) == ()
        assert KnowledgeGraph.open(tmp_path).num_nodes in (2, 3)
    assert build(OLD, tmp_path) == old


def test_a_failed_first_build_leaves_nothing(tmp_path):
    def fails(texts):
        raise StorageError("no space", fix="Free some.")

    with pytest.raises(StorageError, match="no space"):
        build(OLD, tmp_path / "g", columns={"text": fails})
    assert not list((tmp_path / "g").iterdir())
