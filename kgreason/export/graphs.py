"""A model as two ONNX graphs: the text tower, and K, E, C and R over its states and a packed batch."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from kgreason import storage
from kgreason.errors import ConfigError, InputError
from kgreason.export.runtime import CONFIG, FORMAT, REASON, SCORES, TEXT, TOKENIZER, Settings
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.nn.batch import GraphBatch
from kgreason.nn.model import ReasoningModel
from kgreason.nn.packing import Item
from kgreason.nn.state import CognitiveState
from kgreason.records import Question
from kgreason.retrieval import Retriever

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["check_export", "export_model", "quantised"]

_TEXTS = ("input_ids", "attention_mask", "token_type_ids")
#: Of an ONNX file: protobuf holds no more.
MOST_BYTES = 1 << 31
#: What a batch holds for training, open questions and texts, and no score of a closed question reads.
_UNREAD = {"labels", "target", "vad", "input_ids", "token_type_ids", "node_gold", "relation", "edge_weight"}
_FREE = torch.export.Dim.DYNAMIC
#: Which dimensions are free; of arrays that are not named here, the first.
_FREE_DIMENSIONS = {
    **{name: {0: _FREE, 1: _FREE} for name in (*_TEXTS, "tokens", "words")},
    **{name: {1: _FREE} for name in ("question_code", "edge_index", "option_node", "token_node")},
}
_FACTS = [
    ("penguin", "AtLocation", "zoo"),
    ("zoo", "UsedFor", "visit"),
    ("penguin", "IsA", "bird"),
    ("bird", "CapableOf", "fly"),
    ("zoo", "HasProperty", "sunny"),
    ("visit", "HasProperty", "sunny"),
]


def export_model(model: ReasoningModel, folder: str | Path, *, int8: bool = False) -> None:
    """Write what :class:`kgreason.export.reasoner.ExportedReasoner` answers from.

    Args:
        model: its adapter merged into its base, as ``from_pretrained`` reads it.
        folder: a new one.
        int8: weights of the text tower in eight bits, activations quantised as they come
            (onnxruntime's dynamic quantisation).

    Raises:
        ConfigError: the model has parts that cannot be exported.
        InputError: the folder exists, or the libraries of the extra are not installed.
        StorageError: the folder cannot be written.
    """
    check_export(model, folder)
    batch = _example(model)
    with torch.no_grad(), _quiet():
        text = _exported(
            _Text(model.backbone.model), {name: getattr(batch, name) for name in _TEXTS}, _Text.WRITES, optimise=True
        )
        reasoner = _Reason(model)
        reason = _exported(reasoner, _reason_inputs(model, batch), reasoner.writes, optimise=False)

    def write(target: Path) -> None:
        storage.write_bytes(target / TEXT, quantised(text) if int8 else text.SerializeToString())
        storage.write_bytes(target / REASON, reason.SerializeToString())
        collator = model.collator()
        collator.encode(["the settings of padding travel with the tokenizer"])
        storage.write_text(target / TOKENIZER, collator.tokenizer.to_str())
        values = model.settings.to_json()
        digests = {name: storage.digest(target / name) for name in (TEXT, REASON, TOKENIZER)}
        told = {"format": FORMAT, "files": digests, **{each.name: values[each.name] for each in fields(Settings)}}
        storage.write_json(target / CONFIG, told)

    storage.publish(folder, write)


def check_export(model: ReasoningModel, folder: str | Path) -> None:
    """Whether a model can be written there, told before anything that takes long.

    Raises:
        ConfigError: the model has parts that cannot be exported.
        InputError: the folder exists, or the libraries of the extra are not installed.
    """
    if storage.is_directory(folder):
        raise InputError(f"{folder} exists", fix="Name a new folder.")
    if not all(map(find_spec, ("onnx", "onnxruntime", "onnxscript"))):
        raise InputError("the libraries of ONNX are not installed", fix="Run: pip install 'kgreason[export]'")
    knowledge = model.settings.knowledge
    if knowledge is not None and (knowledge.fusion or knowledge.gnn != "bellman-ford"):
        part = "fusion" if knowledge.fusion else f"gnn {knowledge.gnn}"
        raise ConfigError(f"{part} of the model cannot be exported", fix="Train one with fusion off and bellman-ford.")


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the libraries tell of themselves by logs and warnings."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _exported(
    module: nn.Module, inputs: Mapping[str, Tensor], outputs: tuple[str, ...], *, optimise: bool
) -> ModelProto:
    """An ONNX model.

    onnxscript's rules take the smallest numbers that K adds for 0, so that they are for M alone, whose weights they lay
    out as quantising needs them; onnxruntime has rules of its own.
    """
    found = torch.onnx.export(
        module.eval(),
        kwargs={"inputs": dict(inputs)},
        dynamo=True,
        optimize=optimise,
        verbose=False,
        input_names=list(inputs),
        output_names=list(outputs),
        dynamic_shapes={"inputs": {name: _FREE_DIMENSIONS.get(name, {0: _FREE}) for name in inputs}},
    )
    assert found is not None
    return found.model_proto


def quantised(text: ModelProto, kinds: Sequence[str] = ("MatMul",)) -> bytes:
    """The text tower with weights in eight bits, each column at a scale of its own.

    Args:
        text: as exported.
        kinds: of operations whose weights are quantised; Gather is that of the word embeddings.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _quiet(), storage.staged(storage.cache_home()) as folder:  # the library writes no other way
        place = folder / TEXT
        quantize_dynamic(text, place, weight_type=QuantType.QInt8, op_types_to_quantize=list(kinds), per_channel=True)
        return storage.read_limited(place, MOST_BYTES)


class _Text(nn.Module):
    """M over distinct texts."""

    WRITES = ("tokens", "words")

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        config: Any = model.config
        self.reads = _TEXTS if getattr(config, "type_vocab_size", 0) > 1 else _TEXTS[:2]

    def forward(self, inputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Shapes: [t, l] each -> token states [t, l, d], word embeddings [t, l, w]."""
        embeddings: Any = self.model
        states = self.model(**{name: inputs[name] for name in self.reads}).last_hidden_state
        return states * inputs["attention_mask"].unsqueeze(-1), embeddings.get_input_embeddings()(inputs["input_ids"])


class _Reason(nn.Module):
    """``R(C(E(K(·))))``."""

    def __init__(self, model: ReasoningModel) -> None:
        super().__init__()
        self.knowledge, self.emotion, self.context = model.knowledge, model.emotion, model.context
        self.logic = model.logic
        self.joint = model.settings.reading != "separate"
        self.writes = SCORES if model.emotion is not None else SCORES[:-1]

    def forward(self, inputs: dict[str, Tensor]) -> tuple[Tensor, ...]:
        """Shapes: token states, word embeddings, a batch -> logits, text, paths, graph [o], gate [b], affect [b, 4]."""
        given = dict(inputs)
        tokens, words = (given.pop(name)[given["sequence_text"]] for name in _Text.WRITES)
        nothing = tokens.new_zeros(0)
        mask, task = given["attention_mask"], given["question_task"]
        unread = {**dict.fromkeys(_UNREAD, nothing), "labels": task, "input_ids": mask}
        state = CognitiveState(_Traced(**unread, **given, joint=self.joint), tokens, words)
        for part in (self.knowledge, self.emotion, self.context):
            state = state if part is None else part(state)
        scores = self.logic(state)
        return tuple(getattr(scores, name) for name in self.writes)


@dataclass(frozen=True, eq=False)
class _Traced(GraphBatch):
    """A batch of closed questions without contexts, whose values are not known yet: what hangs on them is given.

    Shapes:
        codes [2v + 1] (as :meth:`known_codes` gives them), slots [w] (as many as a question has walkers at most).
    """

    codes: Tensor = field(kw_only=True)
    slots: Tensor = field(kw_only=True)
    joint: bool = field(kw_only=True)

    has_contexts = property(lambda _: False)
    has_open = property(lambda _: False)
    has_alone = property(lambda _: True)
    has_joint = property(lambda self: self.joint)
    num_walkers = property(lambda self: self.slots.shape[0])
    largest = property(lambda _: 0)  # the runtime refuses a question with more nodes than messages pass over

    def known_codes(self, relations: object, names: object) -> Tensor:
        """Given, whatever the names."""
        return self.codes


def _example(model: ReasoningModel) -> GraphBatch:
    """A batch in which no two dimensions are alike and none is empty or 1."""
    graph = KnowledgeGraph.from_triples(_FACTS)
    grounder, retriever = Grounder(graph), Retriever(graph)
    asked = [
        Question("Where would you visit a penguin?", ("zoo", "sunny bird", "fly")),
        Question("A penguin visits the zoo.", ("entailment", "neutral"), task="entailment", hypothesis="A bird flies."),
        Question("A sunny visit!", ("negative", "positive", "neutral", "mixed"), task="emotion"),
    ]
    items: list[Item] = [(question, retriever.retrieve(grounder.ground(question))) for question in asked]
    batch = model.collator()(items)
    return batch.with_relations(*model.backbone.relation_states(model.relations.of(batch)))


def _reason_inputs(model: ReasoningModel, batch: GraphBatch) -> dict[str, Tensor]:
    states = model.backbone.encode(*(getattr(batch, name) for name in _TEXTS))
    given = {each.name: getattr(batch, each.name) for each in fields(batch) if each.name not in _UNREAD}
    relations = () if model.settings.knowledge is None else model.settings.knowledge.relations
    codes = batch.known_codes(relations, model.relations)
    words = model.backbone.words(batch.input_ids)
    return {"tokens": states, "words": words, "codes": codes, "slots": torch.arange(7), **given}
