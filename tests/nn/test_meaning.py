from __future__ import annotations

import shutil

import numpy as np
import pytest

from kgreason import storage
from kgreason.errors import CheckpointError, InputError
from kgreason.graph import KnowledgeGraph
from kgreason.graph.build import build
from kgreason.grounding import Grounder
from kgreason.nn.meaning import MeaningIndex, sentence_model
from kgreason.records import Question


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    import polars as pl

    facts = [("automobile", "IsA", "vehicle"), ("attorney", "IsA", "person"), ("penguin", "IsA", "bird")]
    table = pl.DataFrame(facts, schema=["source", "relation", "target"], orient="row")
    return KnowledgeGraph.open(build(table, tmp_path_factory.mktemp("meaning") / "g"))


def test_paraphrases_are_linked_by_the_packaged_encoder(graph):
    index = MeaningIndex.build(graph)
    assert index.model.name == "all-MiniLM-L6-v2"
    grounding = Grounder(graph, index=MeaningIndex.open(graph, threshold=0.6)).ground(
        Question("Is it a lawyer, or a car?", ("jurist", "zorblax"))
    )
    found = [(m.surface, m.by, [c.key for c in m.candidates]) for m in grounding.of(-1)]
    assert found == [("lawyer", "meaning", ["attorney"]), ("car", "meaning", ["vehicle", "automobile"])]
    assert grounding.of(1) == ()
    assert index.nearest([], 3) == []


def test_a_folder_of_any_encoder_is_a_model(graph, tiny_base, tmp_path):
    made = MeaningIndex.build(graph, str(tiny_base), threshold=-1)
    assert made.model.name == tiny_base.name
    assert made.index.vectors.shape == (6, 32)
    assert made.nearest(["attorney"], 1)[0][0][0] == graph.find("attorney")
    moved = tmp_path / "elsewhere"
    shutil.copytree(tiny_base, moved)
    assert sentence_model(str(moved)).digest == made.model.digest
    storage.write_json(moved / "config.json", {**storage.read_json(moved / "config.json"), "num_hidden_layers": 1})
    with pytest.raises(InputError, match="has no index of the model 'elsewhere'"):
        MeaningIndex.open(graph, str(moved))


def test_vectors_have_length_one(tiny_base):
    found = sentence_model(str(tiny_base)).encode(["a zoo", "a much longer name of a zoo"])
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_models_that_cannot_be_used_are_refused(tmp_path, tiny_base):
    with pytest.raises(CheckpointError, match="'no/such-model'"):
        sentence_model("no/such-model")
    storage.write_bytes(tmp_path / "a" / "pytorch_model.bin", b"")
    with pytest.raises(CheckpointError, match="pickled"):
        sentence_model(str(tmp_path / "a"))
    shutil.copytree(tiny_base, tmp_path / "b")
    storage.write_bytes(tmp_path / "b" / "model.safetensors", b"cut")
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        sentence_model(str(tmp_path / "b")).encode(["text"])
