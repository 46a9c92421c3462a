"""AdaLoRA's ranks: a budget over all layers that shrinks in training to where singular values matter most.

Zhang et al. 2023, "AdaLoRA: Adaptive Budget Allocation for Parameter-Efficient Fine-Tuning", sections 3.1 to 3.3, by
the allocator of PEFT, whose running means a checkpoint keeps.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from kgreason import storage
from kgreason.errors import CheckpointError
from kgreason.nn.model import ReasoningModel
from kgreason.nn.weights import read_tensors

__all__ = ["RANKS", "Ranks", "orthogonality"]

#: The file of a checkpoint that holds importances and ranks.
RANKS = "ranks.safetensors"
#: Shares of the steps before ranks are taken away, and after the last was; PEFT leaves both to the user.
_FIRST, _LAST = 0.1, 0.3
#: PEFT's running means of importance and of its uncertainty, each made anew from the one before at every step.
_MEANS = ("exp_avg_ipt", "exp_avg_unc")


def orthogonality(model: ReasoningModel) -> Tensor:
    """What it costs that singular vectors are not orthogonal (eq. 4), weighted as PEFT does; 0 for other adapters.

    Args:
        model: to train.

    Shapes:
        [].
    """
    if not _allocates(model):
        return torch.zeros((), device=model.device)
    vectors = [(n, p) for n, p in model.backbone.model.named_parameters() if ".lora_A." in n or ".lora_B." in n]
    products = [p @ p.T if ".lora_A." in n else p.T @ p for n, p in vectors]
    costs = [torch.linalg.matrix_norm(each - torch.eye(len(each), device=each.device)) for each in products]
    return float(_config(model).orth_reg_weight) * torch.stack(costs).mean()


class Ranks:
    """Takes ranks away step by step, where the adapter of M is AdaLoRA; any other is left alone.

    The budget is full for the first tenth of the steps, falls along a cubic to the rank asked for, and stays so for the
    last three tenths.

    Args:
        model: to train.
        steps: of the whole run.
    """

    def __init__(self, model: ReasoningModel, steps: int) -> None:
        self._allocator: Any = None
        self._pattern: dict[str, list[bool]] = {}
        if not _allocates(model):
            return
        config, peft = _config(model), _peft(model)
        config.total_step, config.tinit, config.tfinal = steps, round(_FIRST * steps), round(_LAST * steps)
        self._settled = steps - config.tfinal
        self._model: Any = peft.base_model
        self._allocator = self._model.rankallocator

    def update(self, step: int) -> None:
        """Take in the gradients of a step, once weights have followed them, and take ranks away as far as is due."""
        if self._allocator is None:
            return
        if step > self._settled:
            self._allocator.mask_using_rank_pattern(self._model, self._pattern)
            return
        for parameter in self._model.parameters():  # a batch may hold nothing that some layer learns from
            parameter.grad = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        self._allocator.update_ipt(self._model)
        budget, due = self._allocator.budget_schedule(step)
        if due or step == self._settled:
            self._pattern = self._allocator.mask_to_budget(self._model, budget)

    def save(self, folder: Path) -> None:
        """Write importances and ranks into a checkpoint."""
        from safetensors.torch import save

        if self._allocator is None:
            return
        kept = {f"kept.{name}": torch.tensor(ranks) for name, ranks in self._pattern.items()}
        means = {f"{kind}.{name}": mean for kind in _MEANS for name, mean in getattr(self._allocator, kind).items()}
        tensors = {name: tensor.cpu().contiguous() for name, tensor in {**kept, **means}.items()}
        storage.write_bytes(folder / RANKS, save(tensors))

    def load(self, folder: Path) -> None:
        """Read them from a checkpoint.

        Raises:
            CheckpointError: they are missing, damaged, or of another adapter.
        """
        if self._allocator is None:
            return
        found = read_tensors(folder / RANKS)
        own = {name: p for name, p in self._model.named_parameters() if "lora_" in name}
        for key, tensor in found.items():
            kind, _, name = key.partition(".")
            shape = None if name not in own else own[name].shape
            if kind == "kept" and shape is not None and tensor.shape == shape[:1] and tensor.dtype == torch.bool:
                self._pattern[name] = tensor.tolist()
            elif kind in _MEANS and tensor.shape == shape:
                getattr(self._allocator, kind)[name] = tensor.to(own[name].device)
                self._allocator.ipt[name] = torch.zeros_like(own[name])  # that PEFT does not begin the means anew
            else:
                raise CheckpointError(f"{folder / RANKS}: {key} is of another adapter", fix="Resume from another one.")


def _allocates(model: ReasoningModel) -> bool:
    lora = model.settings.lora
    return lora is not None and lora.kind == "adalora" and model.backbone.learns


def _config(model: ReasoningModel) -> Any:
    return _peft(model).peft_config["default"]


def _peft(model: ReasoningModel) -> Any:
    return model.backbone.model
