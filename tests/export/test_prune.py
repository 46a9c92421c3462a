from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from kgreason.cli import main
from kgreason.engine import Reasoner
from kgreason.errors import ConfigError, InputError
from kgreason.export.prune import prune
from kgreason.export.reasoner import ExportedReasoner
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import predict
from kgreason.tasks import write_samples
from tests.formula import CHOICES, MOOD, MOODY, PAIR, items
from tests.models import places


@pytest.fixture
def whole(checkpoint) -> ReasoningModel:
    return ReasoningModel.from_pretrained(checkpoint, device="cpu")


def logits(model, asked) -> np.ndarray:
    return np.concatenate([found.logits for found in predict(model, asked)])


def answered_by(model, asked):
    """The questions with the answers that a model gives."""
    return [
        (replace(q, answer=int(p.logits.argmax())), s) for (q, s), p in zip(asked, predict(model, asked), strict=True)
    ]


@pytest.mark.parametrize("spared", [0, 1])
def test_the_layer_that_does_nothing_is_removed(whole, tiny_graph, spared):
    asked = items(tiny_graph, (*CHOICES, PAIR, MOOD))
    layers = whole.backbone.model.encoder.layer
    idle = layers[spared]
    with torch.no_grad():  # what is added to the states is 0, so that the norms alone are left
        for part in (idle.attention.output.dense, idle.output.dense):
            part.weight.zero_()
            part.bias.zero_()
        layers[1 - spared].attention.self.value.weight.mul_(50)  # without the other one all changes
    asked = answered_by(whole, asked)
    before = logits(whole, asked)
    tried = []
    removed = prune(whole, 1, asked, progress=lambda *told: tried.append(told))
    assert removed == [(spared, 1.0)]
    assert tried == [("try without each layer", 1, 2), ("try without each layer", 2, 2)]
    assert len(whole.backbone.model.encoder.layer) == whole.backbone.model.config.num_hidden_layers == 1
    np.testing.assert_allclose(logits(whole, asked), before, atol=1e-3)


def test_all_layers_are_kept_where_that_is_asked_for(whole, tiny_graph):
    asked = items(tiny_graph, CHOICES)
    before = logits(whole, asked)
    assert prune(whole, 2, asked) == []
    np.testing.assert_array_equal(logits(whole, asked), before)


def test_what_cannot_be_pruned_is_named(whole, tiny_graph):
    with pytest.raises(ConfigError, match="layers is 3, the model has 2"):
        prune(whole, 3, items(tiny_graph, CHOICES))
    with pytest.raises(InputError, match="no question has a right option"):
        prune(whole, 1, items(tiny_graph, (MOODY,)))


@pytest.mark.slow
def test_the_command_writes_fewer_layers_in_eight_bits(checkpoint, tmp_path, home, capsys):
    write_samples(tmp_path / "dev.jsonl", places(7))
    more = ["--int8", "--layers", "1", "--dev", str(tmp_path / "dev.jsonl"), "-g", "none", "--json", "--quiet"]
    with pytest.raises(SystemExit) as leaving:
        main(["export", str(checkpoint), "-o", str(tmp_path / "onnx"), *more])
    assert not leaving.value.code
    values = json.loads(capsys.readouterr().out)
    assert len(values["removed"]) == 1
    assert set(values["files"]) == {"config.json", "reason.onnx", "text.onnx", "tokenizer.json"}
    whole = Reasoner.from_pretrained(checkpoint, "none").answer(places(1)[0])
    fewer = ExportedReasoner.from_pretrained(tmp_path / "onnx", "none", threads=1).answer(places(1)[0])
    assert {option.text for option in fewer.options} == {option.text for option in whole.options}
    assert [option.score for option in fewer.options] != [option.score for option in whole.options]
