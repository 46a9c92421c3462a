from __future__ import annotations

import shutil

import numpy as np
import pytest

from kgreason.errors import CheckpointError
from kgreason.export.runtime import CONFIG, REASON, TEXT, ExportedModel, is_export
from tests.formula import CHOICES, items


def test_damage_is_named(exported, tmp_path):
    with pytest.raises(CheckpointError, match="there is no folder"):
        ExportedModel(tmp_path / "nowhere")
    folder = tmp_path / "onnx"
    shutil.copytree(exported, folder)
    data = bytearray((folder / TEXT).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / TEXT).write_bytes(data)
    with pytest.raises(CheckpointError, match=r"text\.onnx is missing or damaged"):
        ExportedModel(folder)
    (folder / TEXT).unlink()
    with pytest.raises(CheckpointError, match=r"text\.onnx is missing or damaged"):
        ExportedModel(folder)
    (folder / CONFIG).write_text('{"format": 7}')
    with pytest.raises(CheckpointError, match="export format 7"):
        ExportedModel(folder)


def test_an_export_is_told_from_a_checkpoint_even_where_a_part_is_missing(exported, checkpoint, tmp_path):
    assert is_export(exported)
    assert not is_export(checkpoint)
    assert not is_export("mini")
    (tmp_path / REASON).touch()
    assert is_export(tmp_path)


def test_names_of_relations_are_forgotten_and_read_anew(exported, tiny_graph):
    loaded = ExportedModel(exported, threads=1)
    asked = items(tiny_graph, CHOICES)
    before = loaded.scores(asked)["logits"]
    loaded.forget_relations(1)
    assert not loaded.relations.names
    np.testing.assert_array_equal(loaded.scores(asked)["logits"], before)
    loaded.forget_relations(100)
    assert loaded.relations.names
