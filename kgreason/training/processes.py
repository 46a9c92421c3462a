"""One run in several processes, as ``torchrun`` and ``accelerate launch`` start them: each reads its part of a step.

What they read together is what one process reads with as many parts more (``accumulate``): losses are shares of the
whole step, and gradients are added up. They are added up here, rather than by DistributedDataParallel, since there a
parameter that no sample of a step needs gets a gradient of zeros, by which an optimiser with momentum or decay moves
it; one process leaves it alone.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import torch
from torch import distributed, nn

__all__ = ["add_up", "count", "first", "place", "place_here", "summed", "wait"]


def count() -> int:
    """How many processes carry this run."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def place() -> int:
    """Which of them this one is, from 0."""
    return int(os.environ.get("RANK", "0"))


def place_here() -> int:
    """Which of those on this machine it is, from 0: the GPU it takes."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def first() -> bool:
    """Whether this is the one that writes and tells."""
    return place() == 0


def summed(values: Sequence[float], device: torch.device) -> list[float]:
    """Each value, added up over all processes."""
    every = torch.tensor(values, dtype=torch.float64, device=device)
    distributed.all_reduce(every)
    found: list[float] = every.tolist()
    return found


def add_up(parameters: Iterable[nn.Parameter]) -> None:
    """Adds up the gradients of all processes; a parameter that has none in any has none afterwards."""
    learning = [each for each in parameters if each.requires_grad]
    had = summed([each.grad is not None for each in learning], learning[0].device)
    moved = [each for each, times in zip(learning, had, strict=True) if times]
    if not moved:
        return
    grads = [torch.zeros_like(each) if each.grad is None else each.grad for each in moved]
    every = torch.cat([grad.flatten() for grad in grads])
    distributed.all_reduce(every)
    for each, part in zip(moved, torch.split(every, [grad.numel() for grad in grads]), strict=True):
        each.grad = part.view_as(each)


def wait() -> None:
    """Waits for the others, if there are any."""
    if count() > 1 and distributed.is_initialized():
        distributed.barrier()
