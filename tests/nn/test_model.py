from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from kgreason.errors import CheckpointError, ConfigError
from kgreason.nn.batch import GraphBatch
from kgreason.nn.knowledge import KnowledgeConfig
from kgreason.nn.model import ModelConfig, ReasoningModel, pick_device
from kgreason.nn.predict import predict
from kgreason.nn.state import CognitiveState
from tests.cases import Order, reorder
from tests.formula import (
    CHOICES,
    KNOWLEDGE,
    LONG,
    LORA,
    MOOD,
    PAIR,
    QUESTIONS,
    close,
    items,
    knowing,
    make,
    scores,
    wake,
)

READINGS = ("separate", "joint", "summed")
#: Everything that reads a graph.
K_PARTS = ("knowledge.", "emotion.concepts.", "emotion.attention.", "logic.node", "logic.gate")


def same_bits(first, second):
    assert torch.equal(first.logits, second.logits)
    assert torch.equal(first.affect, second.affect)


class TestGraphOff:
    """What does not know a graph, or has not learnt to read it, answers as the text model does, bit for bit."""

    @pytest.mark.parametrize("reading", READINGS)
    @pytest.mark.parametrize("lora", [LORA, None], ids=["adapter", "full"])
    def test_no_graph(self, tiny_base, reading, lora):
        text = make(tiny_base, reading=reading, lora=lora)
        model = knowing(text)
        wake(model, *K_PARTS)
        same_bits(scores(model, items(None)), scores(text, items(None)))

    @pytest.mark.parametrize("reading", READINGS)
    @pytest.mark.parametrize("paths", ["counter", "follower"])
    def test_untrained_k(self, tiny_base, tiny_graph, reading, paths):
        text = make(tiny_base, reading=reading)
        found = scores(knowing(text, paths=paths), items(tiny_graph))
        same_bits(found, scores(text, items(None)))
        assert found.features is not None

    def test_a_trained_k_reads_the_graph(self, tiny_base, tiny_graph):
        text = make(tiny_base)
        model = knowing(text)
        wake(model, *K_PARTS)
        assert not torch.allclose(scores(model, items(tiny_graph)).logits, scores(text, items(None)).logits)

    def test_beside_questions_with_a_graph(self, tiny_base, tiny_graph):
        text = make(tiny_base)
        model = knowing(text)
        wake(model, *K_PARTS)
        mixed = [(q, s if i % 2 else None) for i, (q, s) in enumerate(items(tiny_graph))]
        found, expected = scores(model, mixed), scores(text, items(None))
        ends = torch.tensor([len(q.options) for q in QUESTIONS]).cumsum(0).tolist()
        for i, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
            if i % 2 == 0:
                assert torch.equal(found.logits[start:end], expected.logits[start:end])

    @pytest.mark.slow
    @pytest.mark.parametrize("reading", READINGS)
    def test_on_minilm(self, default_graph, reading):
        text = make("all-MiniLM-L6-v2", reading=reading, max_length=128)
        model = knowing(text)
        same_bits(scores(model, items(default_graph)), scores(text, items(None)))
        wake(model, *K_PARTS)
        same_bits(scores(model, items(None)), scores(text, items(None)))


class TestOrder:
    """The order of anything in a batch is of no account."""

    @pytest.mark.parametrize("reading", READINGS)
    @pytest.mark.parametrize("kinds", [("questions", "sequences"), ("options",), ("nodes",), ("edges", "paths")])
    def test_of_a_batch(self, tiny_base, tiny_graph, reading, kinds):
        model = make(tiny_base, reading=reading, knowledge=KNOWLEDGE)
        asked = [item for item in items(tiny_graph) if not item[0].context]  # a question comes before its context
        batch = model.collator()(asked)
        order = Order.of(batch, 5, *kinds)
        with torch.no_grad():
            found, other = model(batch), model(reorder(CognitiveState(batch), order).batch)
        close(other.logits, found.logits[order.options])
        close(other.affect, found.affect[order.questions])

    @pytest.mark.parametrize("reading", READINGS)
    def test_of_options(self, tiny_base, tiny_graph, reading):
        model = make(tiny_base, reading=reading, knowledge=KNOWLEDGE)
        for question in (*CHOICES, LONG, PAIR, MOOD):
            turned = replace(question, options=question.options[::-1], answer=None)
            one, two = (scores(model, items(tiny_graph, [asked])).logits for asked in (question, turned))
            close(one, two.flip(0))

    @pytest.mark.parametrize("reading", READINGS)
    @pytest.mark.parametrize("paths", ["counter", "follower"])
    def test_alone_or_together(self, tiny_base, tiny_graph, reading, paths):
        model = make(tiny_base, reading=reading, knowledge=replace(KNOWLEDGE, paths=paths))
        asked = items(tiny_graph)
        together: Any = scores(model, asked)
        alone: list[Any] = [scores(model, [item]) for item in asked]
        close(together.logits, torch.cat([found.logits for found in alone]))
        close(together.affect, torch.cat([found.affect for found in alone]))
        backward: Any = scores(model, asked[::-1])
        close(together.affect, backward.affect.flip(0))


@pytest.mark.parametrize("lora", [LORA, None], ids=["adapter", "full"])
def test_any_decoder_will_do(tiny_decoder, tiny_graph, tmp_path, lora):
    model = make(tiny_decoder, lora=lora, knowledge=KNOWLEDGE)
    found = scores(model, items(tiny_graph))
    alone = torch.cat([scores(model, [item]).logits for item in items(tiny_graph)])
    close(found.logits, alone)
    model.save_pretrained(tmp_path / "model")
    close(scores(ReasoningModel.from_pretrained(tmp_path / "model"), items(tiny_graph)).logits, found.logits)


class TestFolder:
    """What is saved is what is read."""

    @pytest.mark.parametrize("trainable", [False, True])
    @pytest.mark.parametrize("lora", [LORA, None], ids=["adapter", "full"])
    def test_round_trip(self, tiny_base, tiny_graph, tmp_path, lora, trainable):
        model = make(tiny_base, lora=lora, knowledge=KNOWLEDGE, reading="summed")
        model.settings = replace(model.settings, temperature={"choice": 1.5}, threshold={"a|b": 0.3})
        model.save_pretrained(tmp_path / "model")
        read = ReasoningModel.from_pretrained(tmp_path / "model", trainable=trainable, device="cpu")
        found, expected = scores(read, items(tiny_graph)), scores(model, items(tiny_graph))
        merged = lora is not None and not trainable
        close(found.logits, expected.logits, 1e-5 if merged else 1e-6)
        close(found.affect, expected.affect, 1e-5 if merged else 1e-6)
        assert read.settings == replace(model.settings, base_digest=read.settings.base_digest)
        assert read.settings.base_digest
        assert not read.training
        assert read.device == torch.device("cpu")

    @pytest.mark.parametrize("lora", [LORA, None], ids=["adapter", "full"])
    def test_half_precision(self, tiny_base, tmp_path, lora):
        model = make(tiny_base, lora=lora)
        model.save_pretrained(tmp_path / "model", dtype=torch.float16)
        assert load_file(tmp_path / "model" / "model.safetensors")["logic.scale"].dtype == torch.float16
        read = ReasoningModel.from_pretrained(tmp_path / "model")
        assert {p.dtype for p in read.parameters()} == {torch.float32}
        close(scores(read, items(None)).logits, scores(model, items(None)).logits, 0.05)

    def test_it_replaces_what_was_there(self, tiny_base, tmp_path):
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "old").touch()
        make(tiny_base).save_pretrained(tmp_path / "model")
        assert sorted(path.name for path in (tmp_path / "model").iterdir()) == [
            "adapter", "config.json", "model.safetensors",
        ]  # fmt: skip

    def test_a_merged_adapter_cannot_be_saved(self, tiny_base, tmp_path):
        make(tiny_base).save_pretrained(tmp_path / "model")
        merged = ReasoningModel.from_pretrained(tmp_path / "model")
        with pytest.raises(CheckpointError, match=r"is merged into its base.*trainable=True"):
            merged.save_pretrained(tmp_path / "again")
        assert not (tmp_path / "again").exists()

    def test_full_tuning_keeps_the_base_in_the_folder(self, tiny_base, tmp_path):
        make(tiny_base, lora=None).save_pretrained(tmp_path / "model")
        names = load_file(tmp_path / "model" / "model.safetensors")
        assert any(name.startswith("backbone.") for name in names)
        assert not (tmp_path / "model" / "adapter").exists()


@pytest.fixture(scope="module")
def kept(tiny_base, tmp_path_factory) -> Path:
    """A checkpoint on a base of its own."""
    home = tmp_path_factory.mktemp("kept")
    shutil.copytree(tiny_base, home / "base")
    make(home / "base").save_pretrained(home / "model")
    return home


@pytest.fixture
def home(kept, tmp_path) -> Path:
    """A copy of the checkpoint to break, with its base."""
    shutil.copytree(kept, tmp_path / "copy")
    edit_config(tmp_path / "copy", base=str(tmp_path / "copy" / "base"))
    return tmp_path / "copy"


def edit_config(home: Path, **values: Any) -> None:
    path = home / "model" / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def edit_weights(path: Path, change: Any) -> None:
    tensors = load_file(path)
    save_file(change(tensors), path)


def with_nan(tensors):
    name = min(tensors)
    return {**tensors, name: tensors[name] * torch.nan}


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


OWN, ADAPTER, BASE = "model/model.safetensors", "model/adapter/adapter_model.safetensors", "base/model.safetensors"


class TestBrokenFolder:
    """A checkpoint that cannot be used is named, with what is wrong and what to do."""

    @pytest.mark.parametrize("trainable", [False, True])
    @pytest.mark.parametrize(
        ("spoil", "message"),
        [
            (lambda home: edit_weights(home / OWN, with_nan), r"l/model\.safetensors: context\.\S+ .* not finite"),
            (lambda home: edit_weights(home / ADAPTER, with_nan), r"r_model\.safetensors: base_\S+ .* not finite"),
            (lambda home: (home / OWN).unlink(), r"model\.safetensors cannot be read"),
            (lambda home: (home / ADAPTER).unlink(), r"adapter_model\.safetensors cannot be read"),
            (lambda home: (home / "model/config.json").unlink(), r"holds no config\.json"),
            (lambda home: shutil.rmtree(home / "model"), r"holds no config\.json"),
            (lambda home: truncate(home / OWN), r"model\.safetensors cannot be read"),
            (lambda home: truncate(home / ADAPTER), r"adapter_model\.safetensors cannot be read"),
            (lambda home: edit_config(home, format=2), r"config\.json: .*has format 2.*Upgrade kgreason"),
            (lambda home: edit_config(home, format=None), r"has format None"),
            (lambda home: edit_config(home, colour="red"), r"config\.json: .*colour"),
            (lambda home: (home / "model/config.json").write_text("[1]"), r"config\.json"),
            (lambda home: (home / "model/config.json").write_text("{"), r"config\.json, line 1: it is not JSON"),
            (lambda home: (home / "model/config.json").write_bytes(b"\xff"), r"config\.json: it is not JSON in UTF-8"),
            (lambda home: edit_config(home, lora={"rank": 0}), r"config\.json: lora\.rank is 0"),
            (lambda home: edit_config(home, reading="twice"), r"config\.json: reading is 'twice'"),
            (lambda home: edit_weights(home / BASE, with_nan), r"trained on another .*base.*Install the base"),
            (lambda home: truncate(home / BASE), r"trained on another .*base"),
            (lambda home: shutil.rmtree(home / "base"), r"base model .* cannot be loaded"),
            (lambda home: edit_weights(home / OWN, lambda t: {n: t[n] for n in sorted(t)[1:]}), r"is missing or not"),
            (lambda home: edit_weights(home / OWN, lambda t: {**t, "x": torch.ones(1)}), r"x is missing or not known"),
            (lambda home: edit_weights(home / OWN, lambda t: {**t, "logic.scale": torch.ones(9)}), r"size mismatch"),
            (lambda home: edit_weights(home / ADAPTER, lambda t: {n: t[n] for n in sorted(t)[1:]}), r"does not fit"),
            (lambda home: edit_weights(home / ADAPTER, lambda t: {n: t[n].T.contiguous() for n in t}), r"not fit"),
            (lambda home: edit_config(home, lora=None), r"is missing or not known"),
        ],
    )  # fmt: skip
    def test_it_is_named(self, home, spoil, message, trainable):
        spoil(home)
        with pytest.raises(CheckpointError, match=message) as found:
            ReasoningModel.from_pretrained(home / "model", trainable=trainable)
        assert found.value.fix

    def test_unbroken_it_is_read(self, home):
        assert ReasoningModel.from_pretrained(home / "model").settings.lora == LORA


class TestWithKnowledge:
    def test_the_same_k_is_the_same_model(self, tiny_base):
        model = make(tiny_base, knowledge=KNOWLEDGE)
        assert model.with_knowledge(KNOWLEDGE) is model

    def test_a_new_k_is_untrained_whatever_the_old_one_was(self, tiny_base, tiny_graph):
        model = make(tiny_base, knowledge=KNOWLEDGE)
        other = knowing(model, fusion=False)
        same_bits(scores(other, items(tiny_graph)), scores(model, items(None)))

    def test_another_width_of_nodes_is_refused(self, tiny_base):
        with pytest.raises(ConfigError, match="graph_width is 8, but the model was made with 64"):
            knowing(make(tiny_base), graph_width=8)


def test_k_takes_the_width_of_its_base(tiny_base):
    settings = make(tiny_base, knowledge=KnowledgeConfig(width=999)).settings
    assert settings.knowledge is not None
    assert settings.knowledge.width == 32


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"reading": "twice"}, "reading is 'twice'"),
        ({"max_length": 7}, "max_length is 7"),
        ({"max_length": 8193}, "max_length is 8193"),
    ],
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ConfigError, match=message):
        ModelConfig(**settings)


def test_sequences_longer_than_the_base_reads_are_refused(tiny_base):
    with pytest.raises(ConfigError, match=r"max_length is 129, but .* reads 128 tokens"):
        make(tiny_base, max_length=129)


def test_config_survives_json():
    config = ModelConfig(knowledge=KNOWLEDGE, temperature={"choice": 2.0})
    assert ModelConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
    bare = ModelConfig(lora=None)
    assert ModelConfig.from_json(json.loads(json.dumps(bare.to_json()))) == bare


def test_devices():
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device("auto").type in {"cpu", "cuda"}
    with pytest.raises(ConfigError, match="device is 'toaster'"):
        pick_device("toaster")
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="there is no CUDA here"):
            pick_device("cuda:0")


@pytest.mark.gpu
def test_the_gpu_says_the_same(tiny_base, tiny_graph):
    model = make(tiny_base, knowledge=KNOWLEDGE)
    here = scores(model, items(tiny_graph)).logits
    there = predict(model.to("cuda"), items(tiny_graph))
    close(torch.cat([torch.from_numpy(found.logits) for found in there]), here, 1e-4)


def test_a_faculty_switched_off(tiny_base, tiny_graph):
    found = scores(make(tiny_base, emotion=False, knowledge=KNOWLEDGE), items(tiny_graph))
    assert found.affect is None
    assert found.logits.isfinite().all()


def test_every_parameter_learns(tiny_base, tiny_graph):
    """No part of the formula is cut off from the loss."""
    model = make(tiny_base, knowledge=KNOWLEDGE, reading="summed")
    found = model(model.collator()(items(tiny_graph)))
    (found.logits.square().sum() + found.affect.square().sum()).backward()
    idle = {name for name, p in model.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())}
    assert idle <= {"emotion.attention.bias"}  # a softmax does not see it


def test_a_batch_is_a_mapping_for_the_trainer(tiny_base, tiny_graph):
    batch = make(tiny_base).collator()(items(tiny_graph))
    assert next(iter(batch.to_mapping())) == "labels"
    assert isinstance(GraphBatch.from_mapping(batch.to_mapping()), GraphBatch)
