"""The adapter of M: PEFT's for training, the same files merged without PEFT for answering."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from kgreason.errors import CheckpointError, ConfigError
from kgreason.nn.weights import cast, read_tensors

__all__ = ["LoraSettings", "adapted", "adapter_files", "load_adapter", "merge_adapter"]

_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
Kind = Literal["lora", "adalora", "ia3"]
#: What an adapter of a kind keeps of each linear layer.
_PARTS: dict[Kind, tuple[str, ...]] = {
    "lora": ("lora_A.weight", "lora_B.weight"),
    "adalora": ("lora_A", "lora_B", "lora_E"),
    "ia3": ("ia3_l",),
}


@dataclass(frozen=True)
class LoraSettings:
    """Adaptation of every linear layer of M.

    Args:
        rank: inner width; of ``adalora`` the mean over the layers in the end.
        alpha: the update counts alpha / rank.
        dropout: on the adapter's input, in training.
        kind: ``lora``, a product of two narrow matrices (Hu et al. 2022, eq. 3); ``adalora``, one with singular values
            between them, of half as many again at first, of which the least important are taken away in training
            (Zhang et al. 2023); ``ia3``, a factor for each output, without rank, alpha or dropout (Liu et al. 2022).

    Raises:
        ConfigError: a value out of its range.
    """

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.05
    kind: Kind = "lora"

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ConfigError(f"lora.kind is {self.kind!r}", fix=f"Use one of {', '.join(get_args(Kind))}.")
        for name in ("rank", "alpha"):
            if (value := getattr(self, name)) < 1:
                raise ConfigError(f"lora.{name} is {value}", fix="Give 1 or more, or train without an adapter.")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"lora.dropout is {self.dropout}", fix="Give 0 or more, below 1.")

    @property
    def width(self) -> int:
        """Inner width before any rank is taken away."""
        return -(-3 * self.rank // 2) if self.kind == "adalora" else self.rank


def adapted(base: nn.Module, settings: LoraSettings) -> nn.Module:
    """The base within a PEFT model with a new adapter, ready to be trained."""
    from peft import get_peft_model

    base_: Any = base
    config = _peft_config(settings, transposed=any(_transposed(module) for module in base.modules()))
    with warnings.catch_warnings():  # PEFT asks transformers by a name that version 6 will drop
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
        return get_peft_model(base_, config)


def _peft_config(settings: LoraSettings, *, transposed: bool) -> Any:
    """An adapter as PEFT describes it; ``transposed`` where weights are kept as [in, out]."""
    from peft import AdaLoraConfig, IA3Config, LoraConfig

    common: dict[str, Any] = {"target_modules": "all-linear", "fan_in_fan_out": transposed}
    if settings.kind == "ia3":
        return IA3Config(feedforward_modules=[], **common)
    common.update(lora_alpha=settings.alpha, lora_dropout=settings.dropout)
    if settings.kind == "lora":
        return LoraConfig(r=settings.rank, **common)
    return AdaLoraConfig(target_r=settings.rank, init_r=settings.width, total_step=1, **common)


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
    """Bring an adapter into the base's weights. Equal to PEFT's own merge; no PEFT import.

    LoRA: W + (alpha / rank) · B A; AdaLoRA: W + (alpha / width) · B diag(E) A; IA3: diag(l) W and diag(l) b.

    Raises:
        CheckpointError: the adapter is missing, damaged, not finite, or does not fit the base.
    """
    tensors = read_tensors(folder / _WEIGHTS)
    linear = {name: layer for name, layer in base.named_modules() if isinstance(layer, nn.Linear) or _transposed(layer)}
    parts = {name: [f"base_model.model.{name}.{part}" for part in _PARTS[settings.kind]] for name in linear}
    if other := sorted(set(tensors) ^ {part for names in parts.values() for part in names}):
        raise _unfit(folder, other[0])
    for name, layer in linear.items():
        if not _merge(layer, settings, [tensors[part] for part in parts[name]]):
            raise _unfit(folder, name)
    return base


@torch.no_grad()
def _merge(layer: nn.Module, settings: LoraSettings, parts: Sequence[Tensor]) -> bool:
    """Whether what is kept of a layer fits it, and then was brought into it."""
    weight = layer.get_parameter("weight")
    target = weight.T if _transposed(layer) else weight
    if settings.kind == "ia3":
        (factor,) = parts
        if factor.numel() != len(target) or factor.dim() != 2:
            return False
        target *= factor.view(-1, 1)
        if isinstance(bias := layer.bias, Tensor):
            bias *= factor.flatten()
        return True
    down, up, *values = parts
    if (up.shape[0], down.shape[1]) != target.shape or up.shape[1] != down.shape[0]:
        return False
    if any(value.shape != (len(down), 1) for value in values):
        return False
    for value in values:
        down = down * value
    target += _scale(settings) * (up @ down)
    return True


def _scale(settings: LoraSettings) -> float:
    """How much the product of an adapter counts; AdaLoRA's width with PEFT's guard against one of 0."""
    return settings.alpha / (settings.width + (1e-5 if settings.kind == "adalora" else 0.0))


def _transposed(module: nn.Module) -> bool:
    """Whether it is the linear layer of GPT-2, which keeps its weight as [in, out]."""
    return type(module).__name__ == "Conv1D"


def _unfit(folder: Path, what: str) -> CheckpointError:
    return CheckpointError(
        f"{folder}: the adapter does not fit the base: {what}", fix="Take the checkpoint again, or install its base."
    )
