from __future__ import annotations

import errno
import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import networkx as nx
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgreason import storage
from kgreason.errors import GraphImageError, InputError, StorageError
from kgreason.graph import KnowledgeGraph
from kgreason.graph.build import build
from kgreason.graph.derive import is_symmetric
from kgreason.graph.manifest import CURRENT, LOCK, read_manifest, verify
from kgreason.graph.schema import assertion_table, negate
from kgreason.graph.update import Update, _without, add, clean, remove, versions
from kgreason.interop import to_networkx
from tests.amounts import FULL
from tests.graph.strategies import triples
from tools.safety import faults

OLD = (("a", "IsA", "b"), ("b", "Antonym", "c"))
MORE = (("b", "IsA", "d", -2000), ("猫", "IsA", "b"), ("a", "IsA", "b", 500))


def table(*rows, **texts):
    names = {"source": pl.String, "relation": pl.String, "target": pl.String, "weight": pl.Int64}
    frame = pl.DataFrame([(*row, 1000)[:4] for row in rows], schema=names, orient="row")
    return frame.with_columns(pl.lit(text).alias(name) for name, text in texts.items())


def fact(row):
    """What a row states, by the definition."""
    source, relation, target, weight = (*row, 1000)[:4]
    relation = negate(relation) if weight < 0 else relation
    if is_symmetric(relation) and source.encode() > target.encode():
        source, target = target, source
    return source, relation, target


def scaled(rows):
    return [(s, r, t, round(w * 1000)) for s, r, t, w in rows]


@settings(max_examples=7)
@given(triples, triples, st.randoms())
def test_adding_and_removing_in_any_order_equals_a_build(tmp_path_factory, first, second, chance):
    first, second = scaled(first), scaled(second)
    every = [*first, *second]
    unwanted = chance.sample(every, min(len(every), 5))
    left = [row for row in every if fact(row) not in {fact(other) for other in unwanted}]
    early = [row for row in unwanted if fact(row) in {fact(other) for other in first}]
    late = [row for row in unwanted if fact(row) in {fact(other) for other in second}]
    one, two, whole = (tmp_path_factory.mktemp("image") for _ in range(3))
    build(table(*first), one, labels={"a": "Alpha"}, sources=[{"name": "x"}])
    add(one, table(*second), labels={"zoo": "Zoo"}, aliases=[("zoos", "zoo", 0.5)], sources=[{"name": "y"}])
    assert remove(one, table(*unwanted)).removed == len(every) - len(left)
    build(table(*first), two, labels={"a": "Alpha"}, sources=[{"name": "x"}])
    remove(two, table(*early))
    chance.shuffle(second)
    add(two, table(*second), labels={"zoo": "Zoo"}, aliases=[("zoos", "zoo", 0.5)], sources=[{"name": "y"}])
    remove(two, table(*late), missing_ok=True)
    remove(two, table(*early), missing_ok=True)
    chance.shuffle(left)
    labels, aliases, sources = {"zoo": "Zoo", "a": "Alpha"}, [("zoos", "zoo", 0.5)], [{"name": "y"}, {"name": "x"}]
    wanted = build(table(*left), whole, labels=labels, aliases=aliases, sources=sources)
    assert versions(one)[0].name == versions(two)[0].name == wanted.name
    assert verify(one) == verify(two) == ()
    plain = nx.MultiDiGraph()
    for row in left:
        source, relation, target = fact(row)
        if source != target:
            plain.add_edge(source, target, relation)
    assert set(to_networkx(KnowledgeGraph.open(one)).edges(keys=True)) == set(plain.edges(keys=True))


@given(triples, triples)
def test_facts_are_told_apart_as_the_arrays_tell_them(base, unwanted):
    base, unwanted = scaled(base), scaled(unwanted)
    kept, missing = _without(*(assertion_table(table(*rows)).texts().collect() for rows in (base, unwanted)))
    stated, asked = {fact(row) for row in base}, {fact(row) for row in unwanted}
    assert sorted(kept.select(kept.columns[:4]).rows()) == sorted(row for row in base if fact(row) not in asked)
    assert {fact(row) for row in missing.select(missing.columns[:4]).rows()} == asked - stated


def test_what_is_not_there_is_refused_or_counted(tmp_path):
    version = build(table(*OLD), tmp_path)
    wrong = table(("a", "IsA", "b"), ("a", "IsA", "c"), ("b", "IsA", "a"))
    with pytest.raises(InputError, match=r"2 facts are not in the graph, \('a', 'IsA', 'c'\) among them.*missing-ok"):
        remove(tmp_path, wrong)
    with pytest.raises(InputError, match=r"1 fact is not in the graph: \('a', 'NotIsA', 'b'\)"):
        remove(tmp_path, table(("a", "NotIsA", "b")))
    assert versions(tmp_path) == (version,)
    done = remove(tmp_path, wrong, missing_ok=True)
    assert (done.removed, done.missing) == (1, 2)
    assert KnowledgeGraph.open(tmp_path).num_nodes == 2


def test_a_fact_has_a_sign_and_a_symmetric_one_no_direction(tmp_path):
    build(table(("a", "IsA", "b", 7), ("a", "IsA", "b", -7), ("c", "Antonym", "b", 7)), tmp_path)
    assert remove(tmp_path, table(("a", "NotIsA", "b"), ("b", "Antonym", "c"))).removed == 2
    assert KnowledgeGraph.open(tmp_path).relations == ("IsA",)
    assert remove(tmp_path, table(("a", "NotIsA", "b", -1))).removed == 1
    assert KnowledgeGraph.open(tmp_path).num_nodes == 0
    assert add(tmp_path, table(*OLD)).added == 2


def test_texts_that_a_row_gives_have_to_fit(tmp_path):
    mine, yours = table(*OLD, origin="mine"), table(*OLD, origin="yours", surface="[[a]] is a [[b]]")
    build([mine, yours], tmp_path)
    with pytest.raises(InputError, match="2 facts"):
        remove(tmp_path, table(*OLD, origin="theirs"))
    assert remove(tmp_path, mine).removed == 2
    assert KnowledgeGraph.open(tmp_path).info()["origins"] == {"yours": 2}
    assert remove(tmp_path, table(OLD[0])).removed == 1


def test_a_file_removed_whole_is_no_longer_a_source(tmp_path):
    before = build(table(*OLD), tmp_path, sources=[{"name": "x"}])
    add(tmp_path, table(*MORE[:2], origin="y"), sources=[{"name": "y"}])
    assert KnowledgeGraph.open(tmp_path).info()["sources"] == [{"name": "x"}, {"name": "y"}]
    assert remove(tmp_path, table(*MORE[:2], origin="y"), sources=[{"name": "y"}, {"name": "z"}]).path == before


def test_node_columns_are_made_again(tmp_path):
    from kgreason.graph.vectors import StaticVectors

    text = StaticVectors.load().encode
    build(table(*OLD), tmp_path / "a", columns={"text": text})
    done = add(tmp_path / "a", table(*MORE))
    assert done.path.name == build(table(*OLD, *MORE), tmp_path / "b", columns={"text": text}).name
    sizes = {"size": lambda texts: np.array([[len(text)] for text in texts])}
    build(table(*OLD), tmp_path / "c", columns=sizes)
    with pytest.raises(InputError, match="node column 'size'"):
        add(tmp_path / "c", table(*MORE))
    assert add(tmp_path / "c", table(*MORE), columns=sizes).added == 3


def test_a_damaged_base_is_not_carried_on(tmp_path):
    file = build(table(*OLD), tmp_path) / "assertions.parquet"
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(GraphImageError, match=r"assertions\.parquet is damaged"):
        add(tmp_path, table(*MORE))
    assert len(versions(tmp_path)) == 1


def test_what_is_no_graph_gets_no_lock_file(tmp_path):
    for call in (lambda path: add(path, table(*OLD)), lambda path: remove(path, table(*OLD)), clean, versions):
        with pytest.raises(GraphImageError, match="no graph"):
            call(tmp_path)
    assert not list(tmp_path.iterdir())
    version = build(table(*OLD), tmp_path)
    for call in (lambda path: add(path, table(*OLD)), clean, versions):
        with pytest.raises(InputError, match="single version"):
            call(version)


def test_progress_is_told(tmp_path):
    build(table(*OLD), tmp_path)
    told = []
    add(tmp_path, table(*MORE), progress=lambda *step: told.append(step))
    assert {stage for stage, _, _ in told} >= {"edit", "merge", "surfaces", "write"}
    assert all(0 <= done <= total for _, done, total in told)


def test_no_failing_file_call_leaves_half_an_update(tmp_path):
    """Every file call of an update fails in turn: the graph is then the old one or the new one, whole."""
    build(table(*OLD), tmp_path)
    found = list(faults.damages(tmp_path, lambda: add(tmp_path, table(*MORE)), every=1 if FULL else 11))
    assert len(found) > (1000 if FULL else 60)
    assert not [turn for turn in found if turn[-1]]


def test_writers_wait_for_one_another(tmp_path):
    """No update is lost: what seven writers add in threads is all there in the end."""
    build(table(*OLD), tmp_path / "a")
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda i: add(tmp_path / "a", table(("a", "IsA", f"n{i}"))), range(7)))
    rows = [("a", "IsA", f"n{i}") for i in range(7)]
    assert versions(tmp_path / "a")[0].name == build(table(*OLD, *rows), tmp_path / "b").name


def test_who_waits_for_another_writer_is_told(tmp_path):
    build(table(*OLD), tmp_path)
    told = threading.Event()

    def report(stage, done, total):
        if stage == "wait for another writer":
            told.set()

    with ThreadPoolExecutor(1) as pool:
        with storage.lock(tmp_path / LOCK):
            waiting = pool.submit(add, tmp_path, table(*MORE), progress=report)
            assert told.wait(60)
            assert not waiting.done()
        assert waiting.result().added == 3


@pytest.mark.slow
def test_killed_writers_leave_a_graph_of_whole_updates(tmp_path):
    build(table(*OLD), tmp_path)
    code = (
        "import sys, polars as pl\n"
        "from kgreason.graph.update import add\n"
        "print('ready', flush=True)\n"
        "for i in range(1000):\n"
        "    add(sys.argv[1], pl.DataFrame({'source': [f'{sys.argv[2]}-{i}'], 'relation': 'IsA', 'target': 'b'}))\n"
    )
    chance = random.Random(41)
    for turn in range(5):
        child = subprocess.Popen([sys.executable, "-c", code, tmp_path, str(turn)], stdout=subprocess.PIPE)
        assert child.stdout
        child.stdout.readline()
        time.sleep(chance.uniform(0.05, 0.7))
        child.kill()
        child.wait()
        child.stdout.close()
        assert verify(tmp_path) == ()
        base = pl.read_parquet(versions(tmp_path)[0] / "assertions.parquet")["source"].to_list()
        ours = sorted(int(name.split("-")[1]) for name in base if name.startswith(f"{turn}-"))
        assert ours == list(range(len(ours)))
    clean(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {CURRENT, LOCK, versions(tmp_path)[0].name}


def test_clean_keeps_the_live_version_and_so_many_others(tmp_path):
    made = [build(table(("a", "IsA", f"n{i}")), tmp_path) for i in range(5)]
    build(table(("a", "IsA", "n1")), tmp_path)
    assert versions(tmp_path) == (made[1], made[4], made[3], made[2], made[0])
    (tmp_path / f".staged.{'0' * 12}.tmp").mkdir()
    (tmp_path / "notes.tmp").touch()
    assert clean(tmp_path, keep=2) == (made[2], made[0], tmp_path / f".staged.{'0' * 12}.tmp")
    assert clean(tmp_path, keep=2) == ()
    assert clean(tmp_path) == (made[4], made[3])
    assert {path.name for path in tmp_path.iterdir()} == {CURRENT, LOCK, "notes.tmp", made[1].name}
    with pytest.raises(InputError, match="keep is -1"):
        clean(tmp_path, keep=-1)


def test_a_clean_that_fails_leaves_the_live_version(tmp_path):
    build(table(*OLD), tmp_path)
    live = add(tmp_path, table(*MORE)).path
    with faults.failing() as calls:
        clean(tmp_path, keep=1)
    for number in range(1, calls.count + 2):  # one more: to remove the old version
        with faults.failing(number, errno.EACCES), pytest.raises((StorageError, GraphImageError)):
            clean(tmp_path)
        assert KnowledgeGraph.open(tmp_path).path == live
        assert verify(tmp_path) == ()
    assert len(clean(tmp_path)) == 1


def test_a_reader_keeps_the_version_it_opened(tmp_path):
    build(table(*OLD), tmp_path)
    held = KnowledgeGraph.open(tmp_path)
    before = [held.neighbors(node) for node in range(held.num_nodes)]
    add(tmp_path, table(*MORE))
    assert len(clean(tmp_path)) == 1
    assert [held.neighbors(node) for node in range(held.num_nodes)] == before
    assert held.lookup("A") == [(held.find("a"), 1.0)]
    assert KnowledgeGraph.open(tmp_path).num_nodes == 5


@pytest.mark.parametrize("back", [False, True], ids=["another", "the same again"])
def test_opening_while_the_version_is_cleaned_away(tmp_path, monkeypatch, back):
    build(table(*OLD), tmp_path)
    late: list[Update] = []

    def slow(version):
        if not late:
            late.append(add(tmp_path, table(*MORE[:2])))
            clean(tmp_path)
            try:
                return read_manifest(version)
            finally:
                if back:
                    late.append(remove(tmp_path, table(*MORE[:2])))
        return read_manifest(version)

    monkeypatch.setattr("kgreason.graph.image.read_manifest", slow)
    assert KnowledgeGraph.open(tmp_path).path == late[-1].path
