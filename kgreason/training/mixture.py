"""Many tasks in one run: one fixed order of samples, drawn by temperature, that a resumed run takes up where it stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from torch.utils.data import Dataset

from kgreason.nn.batch import Item

__all__ = ["Mixture"]


class Mixture(Dataset[Item]):
    """The samples of a whole run in order; every batch is of one task.

    A task's share is its size to the power 1 / temperature (1: by size, large: even), as in mT5 (Xue et al. 2021,
    §3.1). Within a task samples come shuffled, each once before any comes again. Order and dropped graphs are a
    function of the seed alone, so that position i is the same sample in a resumed run.

    Args:
        tasks: name to samples.
        steps: batches in all.
        batch_size: samples a batch.
        temperature: of the sampling, ≥ 1.
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
        graph_dropout: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.tasks = {name: items for name, items in tasks.items() if items}
        self.shares = shares({name: len(items) for name, items in self.tasks.items()}, temperature)
        random = np.random.default_rng(seed)
        names = list(self.tasks)
        drawn = random.choice(len(names), size=steps, p=[self.shares[name] for name in names])
        self._order = np.empty((steps * batch_size, 2), dtype=np.int64)
        for t, name in enumerate(names):
            places = np.flatnonzero(np.repeat(drawn == t, batch_size))
            size = len(self.tasks[name])
            rounds = [random.permutation(size) for _ in range(-(-len(places) // size))]
            self._order[places, 0] = t
            self._order[places, 1] = np.concatenate([*rounds, np.empty(0, np.int64)])[: len(places)]
        self._dropped = random.random(len(self._order)) < graph_dropout
        self._names = names

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, position: int) -> Item:
        task, row = self._order[position]
        question, subgraph = self.tasks[self._names[task]][row]
        return question, None if self._dropped[position] else subgraph


def shares(sizes: Mapping[str, int], temperature: float) -> dict[str, float]:
    """Probability of each task. Example: ``shares({"a": 1, "b": 3}, 1.0) == {"a": 0.25, "b": 0.75}``."""
    weights = {name: size ** (1 / temperature) for name, size in sizes.items()}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}
