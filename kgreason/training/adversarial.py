"""Training on word embeddings moved to where the model does worst.

The perturbation of a text is as long as a share of its embeddings, so that one radius fits bases of any scale; for the
same reason Miyato et al. 2017 ("Adversarial Training Methods for Semi-Supervised Text Classification", section 3)
normalise embeddings. Every pass of a step drops out the same units, so that passes differ by the perturbation alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import torch
from torch import Tensor

from kgreason.nn.batch import GraphBatch
from kgreason.nn.segment import segment_log_softmax, segment_sum
from kgreason.nn.state import Scores
from kgreason.training.losses import judged
from kgreason.training.practices import AdversarialConfig

__all__ = ["adversarial_loss", "divergence", "scaled"]

#: A step of PGD is so many times the radius, divided by the number of steps: enough to get from any side to any other.
_STRIDE = 2.5
#: How far from the text, in radii, the direction of greatest change is looked for.
_NEAR = 0.1
_LEAST = 1e-12


def adversarial_loss(
    config: AdversarialConfig,
    scores_at: Callable[[Tensor], Scores],
    loss_of: Callable[[Scores], Tensor],
    words: Tensor,
    batch: GraphBatch,
    share: float = 1.0,
) -> Tensor:
    """Loss on the texts as they are, and weighted that on their perturbed embeddings.

    Args:
        config: kind, radius, steps and weight.
        scores_at: the model's scores at a shift of the word embeddings.
        loss_of: what is minimised.
        words: embeddings of the batch's texts.
        batch: the batch.
        share: what its divergence counts in that of the step that it is a part of.

    Shapes:
        words [t, l, w] -> [].
    """
    mask = batch.attention_mask.unsqueeze(-1).to(words.dtype)
    size = config.radius * _length(words * mask)
    still = torch.zeros_like(words).requires_grad_()
    anywhere = torch.randn_like(words) * mask if config.kind == "smooth" else still
    again = _replayed(words.device)
    scores = scores_at(still)
    loss, before = loss_of(scores), scores.logits.detach()

    def change(shift: Tensor) -> Tensor:
        with again():
            return share * divergence(before, scores_at(shift).logits, batch)

    def worse(shift: Tensor) -> Tensor:
        with again():
            return loss_of(scores_at(shift))

    if not loss.requires_grad:
        return loss  # the batch holds nothing to learn from
    if config.kind == "smooth":
        shift = scaled(anywhere, _NEAR * size)
        for _ in range(config.steps):
            shift = scaled(_gradient(change, shift) * mask, _NEAR * size)
        return loss + config.weight * change(scaled(shift, size))
    (gradient,) = torch.autograd.grad(loss, still, retain_graph=True)
    steps = config.steps if config.kind == "pgd" else 1
    stride = size * min(1.0, _STRIDE / steps)
    shift = scaled(gradient * mask, stride)
    for _ in range(steps - 1):
        shift = _within(shift + scaled(_gradient(worse, shift) * mask, stride), size)
    return loss + config.weight * worse(shift)


def scaled(direction: Tensor, size: Tensor) -> Tensor:
    """Each text's direction at a given length; where there is none it stays 0. Shapes: [t, l, w], [t, 1, 1]."""
    return direction * (size / _length(direction).clamp(min=_LEAST))


def _within(shift: Tensor, size: Tensor) -> Tensor:
    """Each text's shift cut to a length. Shapes: [t, l, w], [t, 1, 1] -> [t, l, w]."""
    return shift * (size / _length(shift).clamp(min=_LEAST)).clamp(max=1.0)


def _length(vectors: Tensor) -> Tensor:
    """Euclidean length of each text's vectors together. Shapes: [t, l, w] -> [t, 1, 1]."""
    return torch.linalg.vector_norm(vectors, dim=(1, 2), keepdim=True)


def _gradient(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """Gradient of a function of the shift. Shapes: at [t, l, w] -> [t, l, w]."""
    at = at.detach().requires_grad_()
    (found,) = torch.autograd.grad(function(at), at)
    return found


def divergence(before: Tensor, after: Tensor, batch: GraphBatch) -> Tensor:
    """Mean Kullback–Leibler divergence between what was said of the options and what is said now.

    Only questions that the text is trained on count; several right options are judged one by one.

    Shapes:
        before, after [o] -> [].
    """
    among, owner = judged(batch), batch.option_question
    p, q = (segment_log_softmax(logits, owner, batch.num_questions) for logits in (before, after))
    yes, no = (torch.nn.functional.logsigmoid(sign * before) for sign in (1.0, -1.0))
    yes_now, no_now = (torch.nn.functional.logsigmoid(sign * after) for sign in (1.0, -1.0))
    each = yes.exp() * (yes - yes_now) + no.exp() * (no - no_now)
    cost = torch.where(batch.multi_label[owner], each, p.exp() * (p - q))
    return segment_sum(cost, owner, batch.num_questions)[among].sum() / max(int(among.sum()), 1)


def _replayed(device: torch.device) -> Callable[[], AbstractContextManager[None]]:
    """A block in which chance begins where it stands now, and after which it goes on as if nothing had been drawn."""
    devices = [device] if device.type == "cuda" else []
    cpu = torch.get_rng_state()
    cuda = torch.cuda.get_rng_state(device) if devices else None

    @contextmanager
    def again() -> Iterator[None]:
        with torch.random.fork_rng(devices):
            torch.set_rng_state(cpu)
            if cuda is not None:
                torch.cuda.set_rng_state(cuda, device)
            yield

    return again
