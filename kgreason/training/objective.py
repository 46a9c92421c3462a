"""What a step minimises: the losses of its questions, and whatever a run adds to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import Tensor, nn

from kgreason.errors import ConfigError
from kgreason.nn.batch import GraphBatch, Item
from kgreason.nn.model import ReasoningModel
from kgreason.nn.state import Scores
from kgreason.retrieval import Pairs
from kgreason.training.adversarial import adversarial_loss
from kgreason.training.config import RunConfig
from kgreason.training.counterfactual import Retrieve
from kgreason.training.losses import Counts, losses
from kgreason.training.ranks import orthogonality
from kgreason.training.terms import terms

__all__ = ["Objective", "Whole"]


class Whole(NamedTuple):
    """Over what the losses of a step are means, where it is read in parts."""

    counts: Counts
    terms: dict[str, float]

    def flat(self) -> list[float]:
        """All numbers in one row."""
        return [*self.counts, *self.terms.values()]

    def of(self, row: Sequence[float]) -> Whole:
        """The same parts with other numbers."""
        size = len(self.counts)
        return Whole(Counts(*row[:size]), dict(zip(self.terms, row[size:], strict=True)))


class Objective:
    """Loss of a batch as a run wants it, from items to a number.

    Args:
        run: its configuration.
        model: to train.
        retrieve: reads the run's graph for a question that a term brings; without it there is no graph.

    Raises:
        ConfigError: texts are to be perturbed for an M that does not learn.
    """

    def __init__(self, run: RunConfig, model: ReasoningModel, retrieve: Retrieve | None = None) -> None:
        if run.adversarial.on and not model.backbone.learns:
            raise ConfigError(
                f"adversarial.kind is {run.adversarial.kind!r}, but the backbone is held fixed",
                fix='Let it learn, or set adversarial.kind = "none".',
            )
        self.run = run
        self._model = model
        self._collator = model.collator()
        self._terms = terms(run, retrieve or Pairs([]).anew)

    def collate(self, items: Sequence[Item]) -> dict[str, Any]:
        """A batch as a mapping, with what the terms of the run add to it."""
        every, beside = list(items), {}
        for term in self._terms:
            more, beside[term.name] = term.join(items, len(every))
            every += more
        return {**self._collator(every).to_mapping(), **beside}

    def whole(self, parts: Sequence[dict[str, Any]]) -> Whole:
        """What the parts of a step count together; each of them is what :meth:`collate` gave."""
        batches = [self._batch(part) for part in parts]
        counts = Counts(*map(sum, zip(*map(Counts.of, batches), strict=True)))
        each = list(zip(batches, parts, strict=True))
        return Whole(
            counts, {term.name: sum(term.count(batch, part[term.name]) for batch, part in each) for term in self._terms}
        )

    def loss(self, model: nn.Module, part: dict[str, Any], whole: Whole | None = None) -> Tensor:
        """Loss of a batch, or what it adds to that of the whole step that it is a part of.

        Args:
            model: the model, or what wraps it.
            part: from :meth:`collate`, on the model's device.
            whole: of the step; None where the batch is all of it.
        """
        batch = self._batch(part)

        def loss_of(scores: Scores) -> Tensor:
            loss = losses(scores, batch, None if whole is None else whole.counts).total
            for term in self._terms:
                beside = part[term.name]
                share = 1.0 if whole is None else term.count(batch, beside) / max(whole.terms[term.name], 1)
                loss = loss + share * term.weight * term.loss(scores.logits, batch, beside)
            return loss

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

    def _batch(self, part: dict[str, Any]) -> GraphBatch:
        beside = {term.name for term in self._terms}
        return GraphBatch.from_mapping({name: tensor for name, tensor in part.items() if name not in beside})


def _learnable(loss: Tensor, model: nn.Module) -> Tensor:
    """The loss of a batch, which has a gradient even where the batch holds nothing to learn from."""
    if loss.requires_grad:
        return loss
    return loss + 0.0 * next(each for each in model.parameters() if each.requires_grad).sum()
