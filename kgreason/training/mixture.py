"""Many tasks in one run: a fixed order of samples, drawn by temperature, that a resumed run takes up again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from torch.utils.data import Dataset

from kgreason.nn.batch import Item
from kgreason.records import Question

__all__ = ["Mixture", "questions_of", "shares"]

#: Batches among which samples are sorted by length.
WINDOW = 20


class Mixture(Dataset[Item]):
    """The samples of a whole run in order; every batch is of one task.

    A task's share is its weight times its size to the power 1 / temperature (1: by size, large: even), as in mT5 (Xue
    et al. 2021, §3.1). Within a task samples come shuffled, each once before any comes again, and within a window of
    batches sorted by length, so that a batch carries little padding. Order and dropped graphs are a function of the
    seed alone: position i is the same sample in a resumed run.

    Args:
        tasks: name to samples.
        steps: batches in all.
        batch_size: samples a batch.
        temperature: of the sampling, ≥ 1.
        weights: factor of a task's share; 1 where it has none.
        graph_dropout: share of the samples whose graph is left out.
        seed: of all the above.
    """

    def __init__(
        self,
        tasks: Mapping[str, Sequence[Item]],
        *,
        steps: int,
        batch_size: int,
        temperature: float = 1.0,
        weights: Mapping[str, float] | None = None,
        graph_dropout: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.tasks = {name: items for name, items in tasks.items() if items}
        self.shares = shares({name: len(items) for name, items in self.tasks.items()}, temperature, weights)
        random = np.random.default_rng(seed)
        names = list(self.tasks)
        drawn = random.choice(len(names), size=steps, p=[self.shares[name] for name in names])
        order = np.empty((steps, batch_size, 2), dtype=np.int64)
        for t, name in enumerate(names):
            batches = _batches(self.tasks[name], int((drawn == t).sum()), batch_size, random)
            order[drawn == t, :, 0] = t
            order[drawn == t, :, 1] = batches
        self._order = order.reshape(-1, 2)
        self._dropped = random.random(len(self._order)) < graph_dropout
        self._names = names

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, position: int) -> Item:
        task, row = self._order[position]
        question, subgraph = self.tasks[self._names[task]][row]
        return question, None if self._dropped[position] else subgraph


def _batches(items: Sequence[Item], count: int, size: int, random: np.random.Generator) -> npt.NDArray[np.int64]:
    """Rows of ``count`` batches. Shape: [count, size]."""
    rounds = [random.permutation(len(items)) for _ in range(-(-count * size // len(items)))]
    rows = np.concatenate([*rounds, np.empty(0, np.int64)])[: count * size]
    length = np.array([len(question.text) + len(question.hypothesis or "") for question in questions_of(items)])
    span = size * max(1, min(WINDOW, len(items) // size))  # no wider than the task, else copies of a sample meet
    for start in range(0, len(rows), span):
        window = rows[start : start + span]
        ordered = window[np.argsort(length[window], kind="stable")].reshape(-1, size)
        rows[start : start + span] = ordered[random.permutation(len(ordered))].reshape(-1)
    return rows.reshape(count, size)


def questions_of(items: Sequence[Item]) -> Sequence[Question]:
    """The questions alone; reading pairs would retrieve their subgraphs."""
    known: Sequence[Question] | None = getattr(items, "questions", None)
    return [question for question, _ in items] if known is None else known


def shares(
    sizes: Mapping[str, int], temperature: float, weights: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Probability of each task. Example: ``shares({"a": 1, "b": 3}, 1.0) == {"a": 0.25, "b": 0.75}``."""
    scaled = {name: (weights or {}).get(name, 1.0) * size ** (1 / temperature) for name, size in sizes.items()}
    total = sum(scaled.values())
    return {name: share / total for name, share in scaled.items()}
