from __future__ import annotations

import multiprocessing

import numpy as np
import pytest

from kgreason import storage
from kgreason.errors import StorageError
from kgreason.graph import KnowledgeGraph, default
from kgreason.graph.build import build
from kgreason.graph.default import default_image
from kgreason.graph.vectors import StaticVectors


@pytest.fixture
def small(monkeypatch):
    """A default graph of one fact, and how often it was built."""
    import polars as pl

    facts = pl.DataFrame({"source": ["penguin"], "relation": ["AtLocation"], "target": ["zoo"]})
    built = []

    def build_small(image, progress):
        built.append(image)
        build(facts, image, progress=progress)

    monkeypatch.setattr(default, "_build", build_small)
    return built


def test_it_is_built_once_and_named_by_what_it_is_made_of(home, small, monkeypatch):
    stages = []
    image = default_image(lambda stage, done, total: stages.append(stage))
    assert stages
    assert image.is_relative_to(home)
    assert default_image() == image
    assert KnowledgeGraph.open().num_nodes == 2
    assert small == [image]
    monkeypatch.setattr(default, "RULES", -1)
    assert default_image() != image


def test_a_failed_build_leaves_nothing_and_is_tried_again(home, small, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(default, "_build", lambda image, progress: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            default_image()
    assert KnowledgeGraph.open(default_image()).num_nodes == 2


def test_a_cache_that_cannot_be_written_names_the_setting(tmp_path, monkeypatch):
    storage.write_text(tmp_path / "file", "in the way")
    monkeypatch.setenv("KGREASON_HOME", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="KGREASON_HOME") as caught:
        default_image()
    assert str(tmp_path / "file") in str(caught.value)


def _ask_for_it(barrier, results):
    barrier.wait()
    default_image()
    results.put(True)


@pytest.mark.slow
def test_two_processes_build_it_once(home):
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(2), context.Queue()
    workers = [context.Process(target=_ask_for_it, args=(barrier, results)) for _ in range(2)]
    for worker in workers:
        worker.start()
    assert all(results.get(timeout=300) for _ in workers)
    for worker in workers:
        worker.join()
    assert len(list(default_image().glob("v-*"))) == 1


@pytest.mark.slow
def test_the_real_one_knows_what_it_should(default_graph):
    graph = default_graph
    assert graph.num_nodes > 300_000
    assert graph.num_edges > 1_500_000
    for form, key in {
        "Revolving door": "/c/en/revolve_door",
        "children": "/c/en/child",
        "went": "/c/en/go",
        "dogs": "/c/en/dog",
        "ice cream": "/c/en/ice_cream",
        "United States of America": "/c/en/unite_state_america",
    }.items():
        assert graph.key(graph.lookup(form)[0][0]) == key
    penguin = graph.find("/c/en/penguin")
    said = {(edge.relation, edge.target) for edge in graph.neighbors(penguin)}
    assert {("IsA", "/c/en/bird"), ("AtLocation", "/c/en/zoo"), ("NotCapableOf", "/c/en/fly")} <= said
    text = graph.column("text")
    labels = [graph.label(node) for node in range(0, graph.num_nodes, 50_021)]
    assert (text[::50_021] == StaticVectors.load().encode(labels)).all()
    assert text.dtype == np.int8
