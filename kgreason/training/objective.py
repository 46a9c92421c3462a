"""What a step minimises: the losses of its questions, and whatever a run adds to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import Tensor, nn

from kgreason.errors import ConfigError
from kgreason.nn.batch import GraphBatch, Item
from kgreason.nn.model import ReasoningModel
from kgreason.nn.state import Scores
from kgreason.training.adversarial import adversarial_loss
from kgreason.training.config import RunConfig
from kgreason.training.consistency import consistency_loss, linked
from kgreason.training.losses import Counts, losses
from kgreason.training.ranks import orthogonality

__all__ = ["Objective", "Whole"]

#: Which questions of a batch rules tie together, beside the batch.
_LINKS = "links"


class Whole(NamedTuple):
    """Over what the losses of a step are means, where it is read in parts."""

    counts: Counts
    links: int


class Objective:
    """Loss of a batch as a run wants it, from items to a number.

    Args:
        run: its configuration.
        model: to train.

    Raises:
        ConfigError: texts are to be perturbed for an M that does not learn.
    """

    def __init__(self, run: RunConfig, model: ReasoningModel) -> None:
        if run.adversarial.on and not model.backbone.learns:
            raise ConfigError(
                f"adversarial.kind is {run.adversarial.kind!r}, but the backbone is held fixed",
                fix='Let it learn, or set adversarial.kind = "none".',
            )
        self.run = run
        self._model = model
        self._collator = model.collator()

    def collate(self, items: Sequence[Item]) -> dict[str, Any]:
        """A batch as a mapping, with the questions that rules tie to its own."""
        if not self.run.consistency:
            return self._collator(items).to_mapping()
        more, links = linked([question for question, _ in items])
        return {**self._collator([*items, *((question, None) for question in more)]).to_mapping(), _LINKS: links}

    def whole(self, parts: Sequence[dict[str, Any]]) -> Whole:
        """What the parts of a step count together; each of them is what :meth:`collate` gave."""
        counts = [Counts.of(_batch(part)) for part in parts]
        links = sum(part[_LINKS].shape[1] for part in parts if _LINKS in part)
        return Whole(Counts(*map(sum, zip(*counts, strict=True))), links)

    def loss(self, model: nn.Module, part: dict[str, Any], whole: Whole | None = None) -> Tensor:
        """Loss of a batch, or what it adds to that of the whole step that it is a part of.

        Args:
            model: the model, or what wraps it.
            part: from :meth:`collate`, on the model's device.
            whole: of the step; None where the batch is all of it.
        """
        batch, links = _batch(part), part.get(_LINKS)

        def loss_of(scores: Scores) -> Tensor:
            loss = losses(scores, batch, None if whole is None else whole.counts).total
            if links is None:
                return loss
            share = 1.0 if whole is None else links.shape[1] / max(whole.links, 1)
            return loss + share * self.run.consistency * consistency_loss(scores.logits, batch, links)

        def scores_at(shift: Tensor) -> Scores:
            with self._model.backbone.shifted(shift):
                scores: Scores = model(batch)
            return scores

        share = 1.0 if whole is None else Counts.of(batch).share(whole.counts).answer
        if self.run.adversarial.on:
            words = self._model.backbone.words(batch.input_ids)
            loss = adversarial_loss(self.run.adversarial, scores_at, loss_of, words, batch, share)
        else:
            loss = loss_of(model(batch))
        return _learnable(loss + share * orthogonality(self._model), model)


def _learnable(loss: Tensor, model: nn.Module) -> Tensor:
    """The loss of a batch, which has a gradient even where the batch holds nothing to learn from."""
    if loss.requires_grad:
        return loss
    return loss + 0.0 * next(each for each in model.parameters() if each.requires_grad).sum()


def _batch(part: dict[str, Any]) -> GraphBatch:
    return GraphBatch.from_mapping({name: tensor for name, tensor in part.items() if name != _LINKS})
