"""The adapter of M: PEFT's LoRA for training, the same files merged without PEFT for answering."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from kgreason.errors import CheckpointError, ConfigError
from kgreason.nn.weights import cast, read_tensors

__all__ = ["LoraSettings", "adapted", "adapter_files", "merge_adapter"]

_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


@dataclass(frozen=True)
class LoraSettings:
    """Low-rank adaptation (Hu et al. 2022) of every linear layer of M.

    Args:
        rank: inner width.
        alpha: the update counts alpha / rank.
        dropout: on the adapter's input, in training.
    """

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise ConfigError(f"lora.rank is {self.rank}", fix="Give 1 or more, or train without an adapter.")


def adapted(base: nn.Module, settings: LoraSettings, folder: Path | None = None) -> nn.Module:
    """The base within a PEFT model, new or with the adapter of a folder, ready to be trained."""
    from peft import LoraConfig, PeftModel, get_peft_model

    base_: Any = base
    if folder is not None:
        model: nn.Module = PeftModel.from_pretrained(base_, str(folder), is_trainable=True)
        return model
    config = LoraConfig(
        r=settings.rank, lora_alpha=settings.alpha, lora_dropout=settings.dropout, target_modules="all-linear"
    )
    return get_peft_model(base_, config)


def adapter_files(model: nn.Module, dtype: torch.dtype | None = None) -> dict[str, bytes]:
    """The adapter of a PEFT model as the files that PEFT reads: name -> content."""
    from peft import get_peft_model_state_dict
    from safetensors.torch import save

    peft: Any = model
    state: dict[str, Tensor] = get_peft_model_state_dict(peft)
    tensors = {n: cast(t, dtype).detach().cpu().contiguous() for n, t in state.items()}
    config = {k: sorted(v) if isinstance(v, set) else v for k, v in peft.peft_config["default"].to_dict().items()}
    config.update(inference_mode=True, base_model_name_or_path=None)
    return {
        _CONFIG: json.dumps(config, indent=2, sort_keys=True, default=str).encode(),
        _WEIGHTS: save(tensors, metadata={"format": "pt"}),
    }


def merge_adapter(base: nn.Module, settings: LoraSettings, folder: Path) -> nn.Module:
    """Add an adapter into the base's weights: W + (alpha / rank) · B A. Equal to PEFT's own merge; no PEFT import.

    Raises:
        CheckpointError: the adapter does not fit the base.
    """
    tensors = read_tensors(folder / _WEIGHTS)
    modules = dict(base.named_modules())
    scale = settings.alpha / settings.rank
    for name, down in tensors.items():
        if not name.endswith(".lora_A.weight"):
            continue
        target = name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
        up = tensors.get(name.replace("lora_A", "lora_B"))
        module = modules.get(target)
        if up is None or not isinstance(module, nn.Linear) or module.weight.shape != (up.shape[0], down.shape[1]):
            raise CheckpointError(f"{folder}: adapter weight {name} does not fit the base", fix="Take it again.")
        with torch.no_grad():
            module.weight += scale * (up @ down)
    return base
