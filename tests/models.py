"""Small models and predictions for tests of what stands above nn."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kgreason.nn.knowledge import KnowledgeConfig
from kgreason.nn.logic import GATE_FEATURES
from kgreason.nn.lora import LoraSettings
from kgreason.nn.model import ModelConfig, ReasoningModel
from kgreason.nn.predict import Prediction
from kgreason.records import Question

RELATIONS = ("AtLocation", "HasProperty", "IsA", "UsedFor")
KNOWLEDGE = KnowledgeConfig(width=32, graph_width=8, heads=2, steps=2, relations=RELATIONS)
SENTIMENT = ("negative", "positive")


def tiny_config(base: Path, *, knowledge: KnowledgeConfig | None = KNOWLEDGE, dropout: float = 0.0) -> ModelConfig:
    """A model of width 32 that reads 32 tokens."""
    lora = LoraSettings(rank=2, alpha=4, dropout=dropout)
    return ModelConfig(base=str(base), lora=lora, max_length=32, knowledge=knowledge)


def tiny_model(base: Path, *, knowledge: KnowledgeConfig | None = KNOWLEDGE, seed: int = 11) -> ReasoningModel:
    """The same as a model, which answers alike for one seed."""
    torch.manual_seed(seed)
    return ReasoningModel.create(tiny_config(base, knowledge=knowledge)).eval()


def opened(model: ReasoningModel) -> ReasoningModel:
    """The model with path weights that differ and a gate that lets them count."""
    assert model.knowledge is not None
    assert model.knowledge.counter is not None
    torch.manual_seed(5)
    for parameter in model.knowledge.counter.parameters():
        torch.nn.init.uniform_(parameter, 0.5, 1.5)
    model.logic.gate.weight[:, GATE_FEATURES.index("bias")] = 1.0
    model.logic.gate.fitted.fill_(True)
    return model


def prediction(logits: Any, *, graph: Any = None, affect: Any = None, features: Any = None) -> Prediction:
    """A prediction by its text scores, and what the graph adds."""
    text = np.asarray(logits, np.float32)
    paths = np.zeros_like(text) if graph is None else np.asarray(graph, np.float32)
    own = None if affect is None else np.asarray(affect, np.float32)
    read = None if features is None else np.asarray(features, np.float32)
    return Prediction(text, text, paths, np.zeros_like(text), 0.0, own, read)


def moods(count: int, **more: Any) -> list[Question]:
    """Short texts that are negative and positive in turn."""
    words = (("a dull, tired film", "slow and sad"), ("a bright, warm film", "quick and glad"))
    return [
        Question(f"{words[i % 2][i // 2 % 2]} number {i}", SENTIMENT, "emotion", answer=i % 2, id=f"m{i}", **more)
        for i in range(count)
    ]


def places(count: int) -> list[Question]:
    """Questions about the tiny graph; the right option stands first or second in turn."""
    facts = (("penguin", "zoo", "oven"), ("bird", "nest", "kitchen"), ("oven", "kitchen", "desert"))
    found = []
    for i in range(count):
        concept, right, wrong = facts[i % 3]
        options = (right, wrong) if i % 2 == 0 else (wrong, right)
        found.append(Question(f"Where is {concept} number {i}?", options, answer=i % 2, id=f"p{i}"))
    return found


#: Words of reviews and their moods: as they are, and where they are denied.
WORDS = {"good": 1, "fine": 1, "great": 1, "warm": 1, "bad": 0, "poor": 0, "awful": 0, "cold": 0}
DENIED = {"boring": 1, "stupid": 1, "slow": 1, "silly": 1, "funny": 0, "clever": 0, "deep": 0, "new": 0}


def reviews(words: Mapping[str, int], forms: Sequence[str], films: Sequence[str]) -> list[Question]:
    """Reviews of every film in every form and word."""
    return [
        Question(form.format(film, word), SENTIMENT, "emotion", answer=mood, id=f"{form}{film}{word}")
        for form, film, (word, mood) in itertools.product(forms, films, words.items())
    ]


def reviewer(base: Path, questions: Sequence[Question]) -> ReasoningModel:
    """A small model trained on all reviews at once."""
    torch.manual_seed(3)
    model = ReasoningModel.create(replace(tiny_config(base, knowledge=None), lora=None)).train()
    batch = model.collator()([(question, None) for question in questions])
    step = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(40):
        step.zero_grad()
        torch.nn.functional.cross_entropy(model(batch).logits.view(-1, 2), batch.labels).backward()
        step.step()
    return model.eval()
