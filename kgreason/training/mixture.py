"""Many tasks in one run: a fixed order of samples, drawn by temperature, that a resumed run takes up again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random

import numpy as np
import numpy.typing as npt
from torch.utils.data import Dataset

from kgreason.graph import KnowledgeGraph
from kgreason.nn.batch import Item
from kgreason.records import Question
from kgreason.retrieval import Pairs, questions_of
from kgreason.tasks.changes import Change, changes
from kgreason.training.curriculum import competence, easiest
from kgreason.training.distillation import with_lesson
from kgreason.training.distractors import with_distractors
from kgreason.training.practices import AugmentConfig, CurriculumConfig

__all__ = ["Mixture", "mean_shares", "shares", "stages"]

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
        edge_noise: so many distractors for each edge of the others' graphs, drawn anew wherever a sample stands.
        augment: how many samples are changed, and in what ways; only samples that are :class:`Pairs` are.
        curriculum: how fast hard samples are let in.
        difficulty: of each task's samples, where easy ones come first: numbers that grow with it.
        epochs: stages that the steps are divided into.
        since: first epoch of a task; 1 where it has none.
        lessons: of each task's samples, what teachers say of their options.
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
        edge_noise: float = 0.0,
        augment: AugmentConfig | None = None,
        curriculum: CurriculumConfig | None = None,
        difficulty: Mapping[str, npt.NDArray[np.float64]] | None = None,
        epochs: int = 1,
        since: Mapping[str, int] | None = None,
        lessons: Mapping[str, Sequence[npt.NDArray[np.float64]]] | None = None,
        seed: int = 0,
    ) -> None:
        self.tasks = {name: items for name, items in tasks.items() if items}
        parts = stages({name: len(items) for name, items in self.tasks.items()}, temperature, weights, since)
        self.shares = mean_shares(parts, epochs)
        random, names = np.random.default_rng(seed), list(self.tasks)
        drawn = _drawn(parts, names, steps, max(1, steps // epochs), random)
        order = np.empty((steps, batch_size, 2), dtype=np.int64)
        for t, name in enumerate(names):
            at = np.flatnonzero(drawn == t)
            eased = np.empty((0, batch_size), np.int64)
            if curriculum is not None and difficulty is not None:
                done = at[at < curriculum.until * steps] / (curriculum.until * steps)
                eased = easiest(difficulty[name], competence(done, curriculum.start), batch_size, random)
            rest = _batches(self.tasks[name], len(at) - len(eased), batch_size, random)
            order[at, :, 0] = t
            order[at, :, 1] = np.concatenate([eased, rest])
        self._order = order.reshape(-1, 2)
        self._dropped = random.random(len(self._order)) < graph_dropout
        self._names = names
        self._questions = [questions_of(self.tasks[name]) for name in names]
        self._lessons = lessons
        self._noise, self._seed = edge_noise, seed
        self._augment = augment or AugmentConfig()
        self._known: dict[int, Mapping[str, Change]] = {}  # by graph

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, position: int) -> Item:
        question, subgraph = self._read(position)
        if self._lessons is None:
            return question, subgraph
        task, row = self._order[position]
        said = self._lessons[self._names[task]][row]
        return with_lesson(question, self._questions[task][row].options, said), subgraph

    def _read(self, position: int) -> Item:
        task, row = self._order[position]
        items = self.tasks[self._names[task]]
        own = self._questions[task][row]
        asked = self._changed(items, own, position)
        if self._dropped[position]:
            return asked, None
        # What is not changed lies in the cache.
        question, subgraph = items[row] if asked is own or not isinstance(items, Pairs) else items.anew(asked)
        if subgraph is not None and self._noise:
            subgraph = with_distractors(subgraph, self._noise, np.random.default_rng((self._seed, position)))
        return question, subgraph

    def anew(self, question: Question) -> Item:
        """A question that is no sample, with the subgraph that the graph of the samples has for it."""
        pairs = [items for items in self.tasks.values() if isinstance(items, Pairs)]
        return max(pairs, key=lambda each: each.graph is not None, default=Pairs([])).anew(question)

    def _changed(self, items: Sequence[Item], question: Question, position: int) -> Question:
        """The question, or what augmentation makes of it at this place."""
        if not self._augment.share or question.facts or question.task == "open" or not isinstance(items, Pairs):
            return question
        random = Random(f"{self._seed} {position}")
        if random.random() >= self._augment.share:
            return question
        known = self._changes(items.graph)
        names = [name for name in self._augment.changes or known if name in known]
        after = known[random.choice(names)](question, random) if names else question
        return question if after == question else after

    def _changes(self, graph: KnowledgeGraph | None) -> Mapping[str, Change]:
        if id(graph) not in self._known:
            self._known[id(graph)] = changes(graph)
        return self._known[id(graph)]


def _drawn(
    parts: Sequence[tuple[int, dict[str, float]]],
    names: Sequence[str],
    steps: int,
    each: int,
    random: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """The task of every step; an epoch has ``each`` of them. Shape: [steps]."""
    begins = [0, *((epoch - 1) * each for epoch, _ in parts[1:]), steps]
    return np.concatenate(
        [
            random.choice(len(names), size=end - begin, p=[share.get(name, 0.0) for name in names])
            for (_, share), (begin, end) in zip(parts, pairwise(begins), strict=True)
        ]
    )


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


def shares(
    sizes: Mapping[str, int], temperature: float, weights: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Probability of each task. Example: ``shares({"a": 1, "b": 3}, 1.0) == {"a": 0.25, "b": 0.75}``."""
    scaled = {name: (weights or {}).get(name, 1.0) * size ** (1 / temperature) for name, size in sizes.items()}
    total = sum(scaled.values())
    return {name: share / total for name, share in scaled.items()}


def stages(
    sizes: Mapping[str, int],
    temperature: float,
    weights: Mapping[str, float] | None = None,
    since: Mapping[str, int] | None = None,
) -> list[tuple[int, dict[str, float]]]:
    """First epoch of each stage of a run, and the shares of the tasks that have begun by then.

    Example:
        >>> stages({"a": 1, "b": 3}, 1.0, since={"b": 2})
        [(1, {'a': 1.0}), (2, {'a': 0.25, 'b': 0.75})]
    """
    begins = {name: (since or {}).get(name, 1) for name in sizes}
    return [
        (epoch, shares({name: size for name, size in sizes.items() if begins[name] <= epoch}, temperature, weights))
        for epoch in sorted(set(begins.values()))
    ]


def mean_shares(parts: Sequence[tuple[int, dict[str, float]]], epochs: int) -> dict[str, float]:
    """Share of each task in all steps of a run.

    Args:
        parts: from :func:`stages`.
        epochs: of the run.

    Example:
        >>> mean_shares([(1, {"a": 1.0}), (2, {"a": 0.25, "b": 0.75})], epochs=2)
        {'a': 0.625, 'b': 0.375}
    """
    begins = [0, *(epoch - 1 for epoch, _ in parts[1:]), epochs]
    spans = [(end - begin) / epochs for begin, end in pairwise(begins)]
    names = parts[-1][1]
    return {
        name: sum(span * share.get(name, 0.0) for span, (_, share) in zip(spans, parts, strict=True)) for name in names
    }
