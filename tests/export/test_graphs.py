from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest

from kgreason.errors import ConfigError, InputError
from kgreason.export.graphs import export_model, quantised
from kgreason.export.runtime import SCORES, TEXT, ExportedModel
from kgreason.grounding import with_stated
from kgreason.records import Question
from tests.formula import CHOICES, ENTAILMENT, KNOWLEDGE, MOOD, MOODY, PAIR, items, make, scores

PROVEN = with_stated(
    Question("All wugs are daxes. Rex is a wug.", ENTAILMENT, task="entailment", hypothesis="Rex is a dax.")
)
NAMELESS = Question("Why?", ("so", "not so"))
CLOSED = (*CHOICES, PAIR, MOOD, MOODY, PROVEN, NAMELESS)


def agree(model, exported, asked):
    wanted, found = scores(model, asked), exported.scores(asked)
    for name in SCORES:
        np.testing.assert_allclose(found[name], getattr(wanted, name).numpy(), atol=2e-5, rtol=1e-4, err_msg=name)
    return found


def test_scores_are_those_of_the_model(model, exported, tiny_graph):
    loaded = ExportedModel(exported, threads=1)
    asked = items(tiny_graph, CLOSED)
    together = agree(model, loaded, asked)
    assert all(np.abs(together[name]).max() > 1e-3 for name in SCORES)  # every part has a say
    agree(model, loaded, asked[::-1])
    alone = [agree(model, loaded, [each])["logits"] for each in asked]
    np.testing.assert_allclose(np.concatenate(alone), together["logits"], atol=2e-5)


def test_without_a_graph_the_text_decides(model, exported, tiny_graph):
    loaded = ExportedModel(exported, threads=1)
    found = agree(model, loaded, items(None, CLOSED))
    assert not found["gate"].any()
    agree(model, loaded, items(None, CLOSED[:1]))
    agree(model, loaded, [*items(None, CLOSED[:2]), *items(tiny_graph, CLOSED[2:4])])


def test_eight_bits_say_almost_the_same(exported):
    whole = onnx.load(exported / TEXT)
    data = quantised(whole)
    assert {"DynamicQuantizeLinear", "MatMulInteger"} <= {
        node.op_type for node in onnx.load_from_string(data).graph.node
    }
    texts = {name: np.ones((3, 7), np.int64) for name in ("attention_mask", "token_type_ids")}
    texts["input_ids"] = np.arange(1000, 1021).reshape(3, 7)
    one, two = (
        onnxruntime.InferenceSession(each).run(["tokens"], texts)[0] for each in (whole.SerializeToString(), data)
    )
    assert 0 < np.abs(one - two).max() < 0.05 * np.abs(one).max()


@pytest.mark.parametrize("part", [{"fusion": True}, {"gnn": "SAGEConv", "fusion": False}])
def test_parts_that_cannot_be_exported_are_named(part, tiny_base, tmp_path):
    other = make(tiny_base, knowledge=replace(KNOWLEDGE, **part))
    with pytest.raises(ConfigError, match="of the model cannot be exported"):
        export_model(other, tmp_path / "onnx")
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(model, tmp_path):
    with pytest.raises(InputError, match=r"exists\. Name a new folder"):
        export_model(model, tmp_path)
