"""Whole models on a tiny base, and questions of every task about the tiny graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kgreason.graph import KnowledgeGraph
from kgreason.nn.batch import Item
from kgreason.nn.knowledge import KnowledgeConfig
from kgreason.nn.lora import LoraSettings
from kgreason.nn.model import ModelConfig, ReasoningModel
from kgreason.nn.state import Scores
from kgreason.records import Question
from kgreason.retrieval import Pairs

LORA = LoraSettings(rank=3, alpha=5, dropout=0.1)
RELATIONS = ("AtLocation", "CapableOf", "HasA", "HasProperty", "IsA", "UsedFor")
KNOWLEDGE = KnowledgeConfig(steps=2, relations=RELATIONS)
ENTAILMENT = ("entailment", "neutral", "contradiction")
MOODS = ("anger", "joy", "fear")

CHOICES = (
    Question("Where would you keep a penguin?", ("zoo", "desert", "oven"), answer=0),
    Question("What is hot and in a kitchen?", ("an oven", "antarctica"), answer=0),
    Question("Is a zorblax a bird?", ("bird", "desert"), answer=1, facts=(("zorblax", "LivesNear", "bird"),)),
)
LONG = Question(
    "Where does the bird go?",
    ("nest", "kitchen", "city", "house"),
    context="A penguin went to the zoo. " * 9 + "Then the bird flew home to its nest. " * 5,
    answer=0,
)
PAIR = Question("Birds fly.", ENTAILMENT, task="entailment", hypothesis="A bird has a wing.", answer=0)
MOOD = Question("The penguin is cold.", ("negative", "positive"), task="emotion", answer=0)
MOODY = Question("Hot water!", MOODS, task="emotion", multi_label=True, answers=(0, 2), vad=(0.2, 0.9, 0.4))
FELT = Question("The animal is alive.", task="emotion", vad=(0.8, 0.5, 0.6))
QUESTIONS = (*CHOICES, LONG, PAIR, MOOD, MOODY, FELT)


def make(base: Path | str, *, awake: bool = True, **settings: Any) -> ReasoningModel:
    """A model in evaluation mode, by default with every weight moved off its start and the gate open."""
    torch.manual_seed(0)
    config = ModelConfig(**{"base": str(base), "max_length": 48, "lora": LORA, **settings})
    model = ReasoningModel.create(config).eval()
    if awake:
        wake(model)
    return model


def wake(model: ReasoningModel, *parts: str) -> None:
    """Move weights (of some parts, or all that learn) off their start; open the gate where it is among them."""
    random = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad and (not parts or name.startswith(parts)):
                parameter.add_(torch.randn(parameter.shape, generator=random) * 0.1)
        if not parts or "logic.gate" in parts:
            model.logic.gate.weight.copy_(torch.randn(model.logic.gate.weight.shape, generator=random))
            model.logic.gate.fitted.fill_(True)


def items(graph: KnowledgeGraph | None, questions: Sequence[Question] = QUESTIONS) -> list[Item]:
    """Questions with their subgraphs; without a graph not even their own facts are read."""
    if graph is None:
        return [(question, None) for question in questions]
    return list(Pairs(questions, graph, stored=False))


@torch.no_grad()
def scores(model: ReasoningModel, asked: Sequence[Item]) -> Scores:
    """Of one batch."""
    found: Scores = model(model.collator()(asked))
    return found


def knowing(model: ReasoningModel, **settings: Any) -> ReasoningModel:
    """A text model with a new K."""
    return model.with_knowledge(replace(KNOWLEDGE, **settings)).eval()


def close(first: Tensor | None, second: Tensor | None, tolerance: float = 1e-5) -> None:
    """Equal but for rounding."""
    assert first is not None
    assert second is not None
    torch.testing.assert_close(first, second, atol=tolerance, rtol=tolerance)
