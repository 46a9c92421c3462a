from __future__ import annotations

import pytest

from kgreason.graph import KnowledgeGraph
from tests.amounts import amount
from tools.safety import images
from tools.safety.faults import unsynced


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("image")
    with unsynced():
        images.built(path)
        yield path


def test_every_flipped_bit_is_found(image):
    assert not list(images.flipped(image, amount(1_000)))


def test_every_cut_is_found_by_opening_and_by_verify(image):
    assert not list(images.cut(image, amount(200)))


def test_damage_that_is_not_looked_for_is_told(image, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(images, "verify", lambda path: ())
        assert len(list(images.flipped(image, 3))) == 3
        assert len(list(images.cut(image, 3))) == 3
    assert KnowledgeGraph.open(image)


@pytest.mark.slow
def test_killed_writers_leave_a_graph_that_opens(tmp_path):
    assert not list(images.killed(tmp_path, amount(200)))


@pytest.mark.slow
def test_a_reader_sees_whole_versions_whoever_writes(tmp_path):
    assert not list(images.raced(tmp_path, amount(50) + 2))
