"""Reductions over ragged segments: entries of one segment share an index."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["segment_count", "segment_log_softmax", "segment_max", "segment_mean", "segment_softmax", "segment_sum"]


def segment_sum(values: Tensor, index: Tensor, size: int) -> Tensor:
    """Sum of each segment. Shapes: values [m, ...], index [m] -> [size, ...]."""
    return values.new_zeros((size, *values.shape[1:])).index_add(0, index, values)


def segment_count(index: Tensor, size: int) -> Tensor:
    """Entries of each segment as floats. Shapes: index [m] -> [size]."""
    return torch.zeros(size, device=index.device).index_add(0, index, torch.ones_like(index, dtype=torch.float32))


def segment_mean(values: Tensor, index: Tensor, size: int) -> Tensor:
    """Mean of each segment, 0 where empty. Shapes: values [m, ...], index [m] -> [size, ...]."""
    count = segment_count(index, size).clamp(min=1).to(values.dtype)
    return segment_sum(values, index, size) / count.view(-1, *[1] * (values.dim() - 1))


def segment_max(values: Tensor, index: Tensor, size: int) -> Tensor:
    """Largest entry of each segment, −inf where empty. Shapes: values [m], index [m] -> [size]."""
    return values.new_full((size,), float("-inf")).scatter_reduce(0, index, values, "amax")


def segment_log_softmax(values: Tensor, index: Tensor, size: int) -> Tensor:
    """Log-softmax within each segment. Shapes: values [m], index [m] -> [m]."""
    shifted = values - segment_max(values, index, size).detach()[index]
    return shifted - segment_sum(shifted.exp(), index, size).log()[index]


def segment_softmax(values: Tensor, index: Tensor, size: int) -> Tensor:
    """Softmax within each segment. Shapes: values [m], index [m] -> [m]."""
    return segment_log_softmax(values, index, size).exp()
