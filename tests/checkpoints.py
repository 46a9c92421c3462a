"""Tiny random models as checkpoints on disk, with and without K."""

from __future__ import annotations

from pathlib import Path

import torch

from kgreason.nn.batch import TASKS
from kgreason.nn.knowledge import KnowledgeConfig
from kgreason.nn.model import ModelConfig, ReasoningModel

__all__ = ["tiny_model"]

RELATIONS = ("AtLocation", "HasA", "HasProperty", "IsA", "UsedFor")


def tiny_model(base: Path, *, knowledge: bool = False, emotion: bool = True) -> ReasoningModel:
    """A random model; with K its paths speak for their options and its gate for choice is open, as after a fit."""
    torch.manual_seed(3)
    k = KnowledgeConfig(graph_width=8, nodes=False, fusion=False, relations=RELATIONS) if knowledge else None
    model = ReasoningModel.create(ModelConfig(base=str(base), lora=None, knowledge=k, emotion=emotion, max_length=64))
    if model.knowledge is not None:
        for parameter in model.knowledge.parameters():
            torch.nn.init.uniform_(parameter, 0.1, 1.0)
        choice = TASKS.index("choice")
        model.logic.gate.weight[choice, 0] = 1.0
        model.logic.gate.fitted[choice] = True
    return model.eval()
