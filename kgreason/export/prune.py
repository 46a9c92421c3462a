"""Layers of M that can be spared: each removal is the one that costs the least accuracy on questions with answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import nn

from kgreason.errors import ConfigError, InputError
from kgreason.nn.batch import Item
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import predict

__all__ = ["prune"]


def prune(
    model: ReasoningModel,
    layers: int,
    items: Sequence[Item],
    *,
    progress: Callable[[str, int, int], None] | None = None,
) -> list[tuple[int, float]]:
    """Remove transformer layers from M, in place, until so many are left.

    Nothing is trained: what a removed layer did is missing. LayerDrop (Fan et al. 2020, section 3.3) trains for that.

    Args:
        model: read to answer, its adapter merged.
        layers: how many M keeps.
        items: questions whose right option is known, with their subgraphs.
        progress: called with (stage, done, total) after each removal that was tried.

    Returns:
        Of each layer removed, in order, its place among those there were at the start, and the accuracy without it.

    Raises:
        ConfigError: M has fewer layers, or keeps them in a way that is not known.
        InputError: no question has a right option.
    """
    known = [item for item in items if item[0].answer is not None]
    if not known:
        raise InputError("no question has a right option", fix="Give questions with answers, one right option each.")
    parent, name = _layers(model.backbone.model)
    left = dict(enumerate(getattr(parent, name)))
    if not 1 <= layers <= len(left):
        raise ConfigError(f"layers is {layers}, the model has {len(left)}", fix=f"Give 1 to {len(left)}.")
    removed: list[tuple[int, float]] = []
    tries = sum(range(layers + 1, len(left) + 1))
    done = 0
    while len(left) > layers:
        found: dict[int, float] = {}
        for place in left:
            setattr(parent, name, nn.ModuleList([layer for i, layer in left.items() if i != place]))
            found[place] = _accuracy(model, known)
            done += 1
            if progress is not None:
                progress("try without each layer", done, tries)
        least = max(found, key=lambda place: (found[place], place))
        del left[least]
        removed.append((least, found[least]))
    setattr(parent, name, nn.ModuleList(left.values()))
    config: Any = model.backbone.model.config
    config.num_hidden_layers = len(left)
    return removed


def _layers(model: nn.Module) -> tuple[nn.Module, str]:
    """What holds a model's transformer layers, and its name for them."""
    config: Any = model.config
    for parent in model.modules():
        for name, child in parent.named_children():
            if isinstance(child, nn.ModuleList) and len(child) == config.num_hidden_layers:
                return parent, name
    raise ConfigError(f"the layers of a {config.model_type} cannot be told", fix="Export it with all of them.")


def _accuracy(model: ReasoningModel, items: Sequence[Item]) -> float:
    right = [
        question.answer == int(found.logits.argmax())
        for (question, _), found in zip(items, predict(model, items), strict=True)
    ]
    return sum(right) / len(right)
