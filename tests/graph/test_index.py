from __future__ import annotations

import hashlib
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason import storage
from kgreason.errors import GraphImageError, InputError
from kgreason.graph import KnowledgeGraph, index
from kgreason.graph.build import build
from kgreason.graph.index import Model, TextIndex, quantised, verify_indexes
from kgreason.graph.update import add, clean

FACTS = [{"source": f"thing {i}", "relation": "RelatedTo", "target": f"thing {i + 1}"} for i in range(18)]
WIDTH = 13


def encode(texts):
    """A vector that depends on a text alone."""
    seeds = [int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest()) for text in texts]
    return np.stack([np.random.default_rng(seed).normal(size=WIDTH) for seed in seeds]).astype(np.float32)


MODEL = Model("letters", "a" * 64, encode)


@pytest.fixture
def graph(tmp_path, monkeypatch):
    import polars as pl

    monkeypatch.setattr(index, "CHUNK", 5)
    return KnowledgeGraph.open(build(pl.DataFrame(FACTS), tmp_path / "g"))


def folders(graph):
    return sorted(entry.name for entry in graph.path.parent.iterdir() if entry.name.startswith("i-"))


@given(st.integers(1, 41), st.integers(1, 7), st.integers(0, 2**32 - 1))
def test_the_nearest_are_those_of_a_full_comparison(count, limit, seed):
    chance = np.random.default_rng(seed)
    vectors = quantised(chance.normal(size=(count, WIDTH)).astype(np.float32))
    queries = chance.normal(size=(3, WIDTH)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "BLOCK", 11)
        nodes, cosines = TextIndex(vectors).nearest(queries, limit)
    rows = vectors / np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    every = queries / np.linalg.norm(queries, axis=1, keepdims=True) @ rows.T
    assert nodes.shape == cosines.shape == (3, min(limit, count))
    np.testing.assert_allclose(cosines, -np.sort(-every, axis=1)[:, :limit], atol=1e-5)
    np.testing.assert_allclose(cosines, np.take_along_axis(every, nodes, axis=1), atol=1e-5)


def test_int8_keeps_the_order_of_cosines_within_its_grain():
    vectors = np.random.default_rng(3).normal(size=(499, 384)).astype(np.float32)
    kept = quantised(vectors).astype(np.float64)
    cosine = (kept * vectors).sum(1) / np.linalg.norm(kept, axis=1) / np.linalg.norm(vectors, axis=1)
    assert cosine.min() > 0.9998
    assert not quantised(np.zeros((1, 3), np.float32)).any()


def test_an_index_lies_beside_the_version_and_finds_its_labels(graph):
    stages = []
    made = TextIndex.build(graph, MODEL, progress=lambda *stage: stages.append(stage))
    nodes, cosines = made.nearest(encode([graph.label(7)]), 1)
    assert (nodes.item(), round(cosines.item(), 3)) == (7, 1.0)
    assert folders(graph) == [f"i-{graph.digest[:16]}-{'a' * 16}"]
    assert stages[0] == ("encode", 0, 19)
    assert stages[-1] == ("encode", 19, 19)
    assert KnowledgeGraph.open(graph.path.parent).digest == graph.digest
    np.testing.assert_array_equal(TextIndex.open(graph, MODEL).vectors, made.vectors)


def test_a_killed_run_goes_on_and_a_damaged_chunk_is_made_again(graph):
    encoded: list[list[str]] = []

    def killed(texts):
        if len(encoded) == 3:
            raise KeyboardInterrupt
        encoded.append(texts)
        return encode(texts)

    with pytest.raises(KeyboardInterrupt):
        TextIndex.build(graph, Model("letters", "a" * 64, killed))
    (part,) = (graph.path.parent / name for name in folders(graph))
    chunks = sorted(part.glob("*.npy"))
    assert len(chunks) == 3
    with pytest.raises(InputError, match="no index of the model 'letters'"):
        TextIndex.open(graph, MODEL)
    storage.write_bytes(chunks[0], storage.read_limited(chunks[0], 2**20)[:-1] + b"\x7f")
    storage.write_bytes(chunks[1], b"no array")
    again: list[int] = []

    def counted(texts):
        again.append(len(texts))
        return encode(texts)

    made = TextIndex.build(graph, Model("letters", "a" * 64, counted))
    assert again == [5, 5, 4]
    np.testing.assert_array_equal(made.vectors, quantised(encode([graph.label(i) for i in range(19)])))
    assert not part.exists()


def test_another_graph_or_model_has_no_index(graph):
    TextIndex.build(graph, MODEL)
    with pytest.raises(InputError, match=r"no index of the model 'words'; there is one of letters.* --model words"):
        TextIndex.open(graph, Model("words", "b" * 64, encode))
    add(graph.path.parent, _table("x"))
    with pytest.raises(InputError, match="this version of the graph has no index"):
        TextIndex.open(KnowledgeGraph.open(graph.path.parent), MODEL)
    TextIndex.open(graph, MODEL)


def test_a_renamed_index_is_refused(graph):
    made = TextIndex.build(graph, MODEL)
    (name,) = folders(graph)
    folder = graph.path.parent / name
    folder.rename(folder.with_name(f"i-{graph.digest[:16]}-{'b' * 16}"))
    with pytest.raises(GraphImageError, match="index of another graph or model"):
        TextIndex.open(graph, Model("words", "b" * 64, encode))
    assert len(made.vectors) == 19


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("vectors.npy", b"", "is damaged"),
        ("index.json", b"[]", "does not say"),
        ("index.json", b"{", "not JSON"),
    ],
)
def test_damage_is_told(graph, name, content, says):
    TextIndex.build(graph, MODEL)
    (folder,) = folders(graph)
    assert verify_indexes(graph.path.parent) == ()
    storage.write_bytes(graph.path.parent / folder / name, content)
    with pytest.raises(GraphImageError, match=says):
        TextIndex.open(graph, MODEL)
    assert len(verify_indexes(graph.path.parent)) == 1


def test_vectors_of_another_shape_and_newer_formats_are_refused(graph):
    TextIndex.build(graph, MODEL)
    folder = graph.path.parent / folders(graph)[0]
    storage.save_npy(folder / "vectors.npy", np.zeros((18, WIDTH), np.int8))
    with pytest.raises(GraphImageError, match="does not fit the graph"):
        TextIndex.open(graph, MODEL)
    storage.write_json(folder / "index.json", {**storage.read_json(folder / "index.json"), "format": 99})
    with pytest.raises(GraphImageError, match="format 99"):
        TextIndex.open(graph, MODEL)


def test_graphs_and_models_that_cannot_be_indexed(graph):
    with pytest.raises(InputError, match="in memory"):
        TextIndex.build(KnowledgeGraph.from_triples([("a", "r", "b")]), MODEL)
    spoilt = Model("spoilt", "c" * 64, lambda texts: encode(texts) * np.float32("nan"))
    with pytest.raises(InputError, match="not finite"):
        TextIndex.build(graph, spoilt)


def test_clean_removes_the_indexes_of_versions_that_go(graph):
    TextIndex.build(graph, MODEL)
    image = graph.path.parent
    add(image, _table("x"))
    TextIndex.build(KnowledgeGraph.open(image), MODEL)
    kept, gone = KnowledgeGraph.open(image).digest[:16], graph.digest[:16]
    assert clean(image, keep=1) == ()
    assert [path.name[:18] for path in clean(image)] == [f"v-{gone}", f"i-{gone}"]
    assert folders(graph) == [f"i-{kept}-{'a' * 16}"]


def test_a_large_index_asks_for_the_library_it_needs(monkeypatch):
    monkeypatch.setattr(index, "EXACT", 2)
    monkeypatch.setitem(sys.modules, "usearch.index", None)
    with pytest.raises(InputError, match=r"holds 3 concepts.*pip install .kgreason.large"):
        TextIndex(np.eye(3, dtype=np.int8)).nearest(np.ones((1, 3), np.float32), 1)


def test_a_large_index_is_searched_alike(monkeypatch):
    pytest.importorskip("usearch.index")
    chance = np.random.default_rng(5)
    made = TextIndex(quantised(chance.normal(size=(97, WIDTH)).astype(np.float32)))
    queries = chance.normal(size=(7, WIDTH)).astype(np.float32)
    nodes, cosines = made.nearest(queries, 3)
    monkeypatch.setattr(index, "EXACT", 2)
    found, near = made.nearest(queries, 3)
    np.testing.assert_allclose(near, cosines, atol=0.02)
    assert (found[:, 0] == nodes[:, 0]).mean() > 0.8


def _table(name):
    import polars as pl

    return pl.DataFrame([{"source": name, "relation": "RelatedTo", "target": "thing 0"}])
