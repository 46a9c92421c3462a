"""Reading and casting named weights, and where checkpoints lie."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

import kg_data
from kgreason.errors import CheckpointError

__all__ = ["cast", "find_checkpoint", "read_tensors"]


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file and refuse weights that are not finite.

    Raises:
        CheckpointError: missing, damaged, or holding NaN or infinity (names the tensor).
    """
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}", fix="Take the checkpoint again.") from None
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not torch.isfinite(tensor).all():
            raise CheckpointError(f"{path}: {name} holds values that are not finite", fix="Take the checkpoint again.")
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}


def cast(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    """A floating tensor in another type; None and integers leave it as it is."""
    return tensor.to(dtype) if dtype is not None and tensor.is_floating_point() else tensor


def find_checkpoint(name: str | Path) -> Path:
    """The folder of a checkpoint: a path, or the name of one that is shipped.

    Raises:
        CheckpointError: there is none of that name.
    """
    if Path(name).is_dir():
        return Path(name)
    shipped = kg_data.path("checkpoints")
    names = sorted(folder.name for folder in shipped.iterdir() if folder.is_dir()) if shipped.is_dir() else []
    if str(name) not in names:
        raise CheckpointError(f"no checkpoint {str(name)!r}", fix=f"Give a folder, or one of: {', '.join(names)}.")
    return shipped / str(name)
