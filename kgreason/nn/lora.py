"""The adapter of M: PEFT's LoRA for training, the same files merged without PEFT for answering."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from kgreason.errors import CheckpointError, ConfigError
from kgreason.nn.weights import cast, read_tensors

__all__ = ["LoraSettings", "adapted", "adapter_files", "load_adapter", "merge_adapter"]

_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


@dataclass(frozen=True)
class LoraSettings:
    """Low-rank adaptation (Hu et al. 2022, eq. 3) of every linear layer of M.

    Args:
        rank: inner width.
        alpha: the update counts alpha / rank.
        dropout: on the adapter's input, in training.

    Raises:
        ConfigError: a value out of its range.
    """

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05

    def __post_init__(self) -> None:
        for name in ("rank", "alpha"):
            if (value := getattr(self, name)) < 1:
                raise ConfigError(f"lora.{name} is {value}", fix="Give 1 or more, or train without an adapter.")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"lora.dropout is {self.dropout}", fix="Give 0 or more, below 1.")


def adapted(base: nn.Module, settings: LoraSettings) -> nn.Module:
    """The base within a PEFT model with a new adapter, ready to be trained."""
    from peft import LoraConfig, get_peft_model

    base_: Any = base
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules="all-linear",
        fan_in_fan_out=any(_transposed(module) for module in base.modules()),
    )
    with warnings.catch_warnings():  # PEFT asks transformers by a name that version 6 will drop
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        return get_peft_model(base_, config)


def load_adapter(model: nn.Module, folder: Path) -> None:
    """Read the adapter of a folder into a PEFT model.

    Raises:
        CheckpointError: it is missing, damaged, not finite, or does not fit.
    """
    from peft import get_peft_model_state_dict, set_peft_model_state_dict

    peft: Any = model
    tensors = read_tensors(folder / _WEIGHTS)
    if other := sorted(set(tensors) ^ set(get_peft_model_state_dict(peft, save_embedding_layers=False))):
        raise _unfit(folder, other[0])
    try:
        set_peft_model_state_dict(peft, tensors)
    except RuntimeError as error:
        raise _unfit(folder, str(error).splitlines()[-1].strip()) from None


def adapter_files(model: nn.Module, dtype: torch.dtype | None = None) -> dict[str, bytes]:
    """The adapter of a PEFT model as the files that PEFT reads: name -> content."""
    from peft import get_peft_model_state_dict
    from safetensors.torch import save

    peft: Any = model
    state: dict[str, Tensor] = get_peft_model_state_dict(peft, save_embedding_layers=False)
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
        CheckpointError: the adapter is missing, damaged, not finite, or does not fit the base.
    """
    tensors = read_tensors(folder / _WEIGHTS)
    linear = {name: layer for name, layer in base.named_modules() if isinstance(layer, nn.Linear) or _transposed(layer)}
    wanted = {f"base_model.model.{name}.lora_{side}.weight" for name in linear for side in "AB"}
    if other := sorted(set(tensors) ^ wanted):
        raise _unfit(folder, other[0])
    scale = settings.alpha / settings.rank
    for name, layer in linear.items():
        down, up = (tensors[f"base_model.model.{name}.lora_{side}.weight"] for side in "AB")
        weight = layer.get_parameter("weight")
        target = weight.T if _transposed(layer) else weight
        if (up.shape[0], down.shape[1]) != target.shape or up.shape[1] != down.shape[0]:
            raise _unfit(folder, name)
        with torch.no_grad():
            target += scale * (up @ down)
    return base


def _transposed(module: nn.Module) -> bool:
    """Whether it is the linear layer of GPT-2, which keeps its weight as [in, out]."""
    return type(module).__name__ == "Conv1D"


def _unfit(folder: Path, what: str) -> CheckpointError:
    return CheckpointError(
        f"{folder}: the adapter does not fit the base: {what}", fix="Take the checkpoint again, or install its base."
    )
