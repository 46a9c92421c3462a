"""The arms of a benchmark: what answers, and the run that trains it. All graph arms stand on one trained text model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from kgreason.bench.baselines import GraphSoftCounter, RelationalAttention
from kgreason.errors import InputError
from kgreason.nn.batch import Reading
from kgreason.nn.knowledge import Knowledge, KnowledgeConfig
from kgreason.nn.lora import LoraSettings
from kgreason.nn.model import ModelConfig, ReasoningModel
from kgreason.nn.weights import find_checkpoint
from kgreason.training.config import RunConfig, TaskConfig
from kgreason.training.run import build_model

__all__ = ["ARMS", "TEXT", "Arm", "Budget", "Form", "arm", "build", "graph_run", "text_run", "untrained"]

TEXT = "T"
#: All that makes the text score: held fixed while K is trained, so that with the graph off the model is T.
_TEXT_PARTS = (
    "backbone", "context", "logic.scale", "logic.task", "logic.offset", "logic.affect", "logic.joint",
)  # fmt: skip
_TASK = "bench"
#: Steps between checkpoints that a broken off run goes on from.
SAVE_STEPS = 100


@dataclass(frozen=True)
class Budget:
    """What every run of a benchmark may spend; equal for all arms of a kind.

    Args:
        base: name or folder of the pretrained transformer.
        epochs: of the text model.
        learning_rate: of the text model.
        batch_size: questions a step of the text model.
        graph_epochs: of K.
        graph_rate: learning rate of K.
        graph_batch: questions a step of K.
        tuned_rate: learning rate of M's adapter where it is tuned together with K.
        max_length: tokens a sequence.
        bf16: M runs in bfloat16, in training and in scoring.
        device: auto, cpu or cuda.
    """

    base: str = "all-MiniLM-L6-v2"
    epochs: int = 3
    learning_rate: float = 6e-5
    batch_size: int = 16
    graph_epochs: int = 3
    graph_rate: float = 2e-3
    graph_batch: int = 32
    tuned_rate: float = 3e-4
    max_length: int = 128
    bf16: bool = True
    device: str = "auto"


@dataclass(frozen=True)
class Form:
    """One form of an arm.

    Args:
        reading: how M reads; None: as the chosen text model does, on which K then stands.
        knowledge: settings of K; None for text alone.
        tuned: whether an adapter of M is trained together with K, from the pretrained base.
        swap: puts a part of a baseline into the model.
        facts: whether the best facts of the graph are written behind the question.
        trained: whether it is trained at all.
        checkpoint: name of a finished model to take, or to train on from.
    """

    reading: Reading | None = None
    knowledge: Mapping[str, Any] | None = None
    tuned: bool = False
    swap: Callable[[ReasoningModel], None] | None = None
    facts: bool = False
    trained: bool = True
    checkpoint: str = ""

    @property
    def reads(self) -> bool:
        """Whether it reads the graph."""
        return self.knowledge is not None or self.facts


@dataclass(frozen=True)
class Arm:
    """An arm with its forms; where there are several, the fold for tuning chooses.

    Args:
        name: as rows and tables call it.
        title: what it is.
        forms: by name of the variant.
        main: whether it runs with every seed.
        claims: whether nothing is said of it without the benchmark's controls.
    """

    name: str
    title: str
    forms: Mapping[str, Form] = field(default_factory=lambda: {"": Form()})
    main: bool = False
    claims: bool = False

    @property
    def on_text(self) -> bool:
        """Whether it stands on a trained text model."""
        return self.name != TEXT and any(form.reading is None for form in self.forms.values())


def _counter(model: ReasoningModel) -> None:
    """The soft counter of Wang et al. in the place of the path counter."""
    knowledge = model.knowledge
    assert knowledge is not None
    knowledge.counter = GraphSoftCounter(knowledge.config.relations)  # type: ignore[assignment]  # same call, same result


def _gnn(model: ReasoningModel, gnn: Callable[..., nn.Module]) -> None:
    """Message passing by a convolution that has no name in PyG."""
    assert model.knowledge is not None
    model.knowledge = Knowledge(model.knowledge.config, model.relations, gnn=gnn)


_NODES: dict[str, Any] = {"paths": None, "nodes": True, "fusion": False}
_COUNTER: dict[str, Any] = {"paths": "counter", "nodes": False, "fusion": False}
_READER: dict[str, Any] = {**_NODES, "paths": "follower"}

#: Every arm by name, in the order in which they are run.
ARMS: Mapping[str, Arm] = {
    each.name: each
    for each in (
        Arm(TEXT, "text, tuned", {name: Form(name) for name in ("separate", "joint", "summed")}, main=True),
        Arm("zero-shot", "text, cosine, not trained", {"": Form("separate", trained=False)}),
        Arm("T+K", "text and K", {
            "counter": Form(knowledge=_COUNTER),
            "counter-nodes": Form(knowledge={**_COUNTER, "nodes": True}),
            "follower-nodes": Form(knowledge=_READER),
        }, main=True, claims=True),
        Arm("T+L", "text and paths that speak to labels", {"": Form(knowledge={**_COUNTER, "labels": True})},
            main=True, claims=True),
        Arm("K", "K where only the graph knows", {
            "tuned": Form("separate", _READER, tuned=True),
            "frozen": Form("separate", _READER),
            "follower": Form("separate", {**_READER, "nodes": False}),
            "mini": Form("separate", _READER, checkpoint="mini"),
        }, main=True, claims=True),
        Arm("mini", "the shipped model, not trained on it",
            {"": Form("separate", _READER, trained=False, checkpoint="mini")}),
        Arm("T+facts", "text with the best facts in words", {"": Form(facts=True)}),
        Arm("GSC", "text and the graph soft counter", {"": Form(knowledge=_COUNTER, swap=_counter)}),
        Arm("RGCN", "text and R-GCN", {"": Form(knowledge={**_NODES, "gnn": "RGCNConv"})}),
        Arm("GAT", "text and GATv2", {"": Form(knowledge={**_NODES, "gnn": "GATv2Conv"})}),
        Arm("QAGNN", "text and QA-GNN's attention",
            {"": Form(knowledge=_NODES, swap=partial(_gnn, gnn=RelationalAttention))}),
    )
}  # fmt: skip


def arm(name: str) -> Arm:
    """The arm of a name.

    Raises:
        InputError: there is none.
    """
    if name not in ARMS:
        raise InputError(f"there is no arm {name!r}", fix=f"Use some of {', '.join(ARMS)}.")
    return ARMS[name]


def text_run(output: Path, reading: Reading, budget: Budget, seed: int) -> RunConfig:
    """The run that trains a text model: all of M but its word embeddings, C and R's text score."""
    return RunConfig(
        output=str(output),
        tasks={_TASK: TaskConfig(_TASK)},
        model=_model(reading, budget),
        epochs=budget.epochs,
        batch_size=budget.batch_size,
        learning_rate=budget.learning_rate,
        **_common(budget, seed),
    )


def graph_run(
    output: Path, init: str, form: Form, reading: Reading, budget: Budget, seed: int, relations: tuple[str, ...]
) -> RunConfig:
    """The run that trains K on a text model, which stays as it is, or with an adapter of M on the pretrained base.

    Args:
        output: its folder.
        init: folder of the model to go on from, a trained text model or the form's checkpoint; empty for the pretrained
            base.
        form: of the arm.
        reading: how M reads.
        budget: of every run.
        seed: of everything random.
        relations: names that weigh in parts which have weights for each.
    """
    knowledge = KnowledgeConfig(**{**(form.knowledge or {}), "relations": relations})
    model = _model(reading, budget, knowledge, LoraSettings(dropout=0.0) if form.tuned else None)
    freeze = () if form.tuned else _TEXT_PARTS
    if form.checkpoint:
        model = replace(model, knowledge=None)  # it brings its own
        freeze = (*freeze, "emotion")
    return RunConfig(
        output=str(output),
        tasks={_TASK: TaskConfig(_TASK)},
        init=init,
        model=model,
        freeze=freeze,
        epochs=budget.graph_epochs,
        batch_size=budget.graph_batch,
        learning_rate=budget.tuned_rate,
        head_rate=budget.graph_rate,
        graph_dropout=0.0,
        **_common(budget, seed),
    )


def _common(budget: Budget, seed: int) -> dict[str, Any]:
    return {"save_steps": SAVE_STEPS, "dev_limit": 200, "bf16": budget.bf16, "seed": seed, "device": budget.device}


def _model(
    reading: Reading, budget: Budget, knowledge: KnowledgeConfig | None = None, lora: LoraSettings | None = None
) -> ModelConfig:
    return ModelConfig(
        base=budget.base,
        reading=reading,
        max_length=budget.max_length,
        lora=lora,
        knowledge=knowledge,
        emotion=False,
    )


def build(run: RunConfig, form: Form) -> ReasoningModel:
    """The model that a run trains, on its device."""
    model = build_model(run)
    if form.swap is not None:
        form.swap(model)
    base: Any = model.backbone.model
    base.get_input_embeddings().weight.requires_grad_(False)
    return model


def untrained(form: Form, budget: Budget) -> ReasoningModel:
    """A finished model, or the pretrained text model, whose cosine of question and option is the zero-shot row."""
    if form.checkpoint:
        return ReasoningModel.from_pretrained(find_checkpoint(form.checkpoint), device=budget.device)
    return ReasoningModel.create(_model("separate", budget))
