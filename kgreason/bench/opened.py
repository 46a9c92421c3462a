"""Open questions over graphs of their own as benchmarks: MetaQA and PathQuestion."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kgreason.graph import KnowledgeGraph
from kgreason.records import Question
from kgreason.tasks import load
from kgreason.tasks.open import graph_triples

__all__ = ["METAQA_POOLS", "metaqa_folds", "metaqa_splits", "own_graph"]

HOPS = (1, 2, 3)
METAQA_POOLS = {
    **{f"test, {hops}-hop": (f"{hops}",) for hops in HOPS},
    **{f"wordings held out, {hops}-hop": (f"{hops}-wordings",) for hops in HOPS},
}


def own_graph(name: str) -> Callable[[str | Path | None], KnowledgeGraph]:
    """The graph that a set's questions are about, from the folder of data sets."""
    return lambda data: KnowledgeGraph.from_triples(graph_triples(name, data))


def metaqa_splits(data: str | Path | None, graph: KnowledgeGraph) -> list[list[Question]]:
    """Questions to train on and to tune on, of one to three hops together; then test and held-out wordings, by hops."""

    def read(split: str) -> list[list[Question]]:
        return [load(f"metaqa-{hops}hop", split, data=data) for hops in HOPS]

    together = [[question for part in read(split) for question in part] for split in ("train", "dev")]
    return [*together, *read("test"), *read("wordings")]


def metaqa_folds(
    split: npt.NDArray[np.int64], siblings: npt.NDArray[np.int64]
) -> dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """All folds stand on one model."""
    train, *tests = (np.flatnonzero(split == number) for number in range(2 + len(METAQA_POOLS)))
    names = ("dev", *(fold for folds in METAQA_POOLS.values() for fold in folds))
    return {name: (train, test) for name, test in zip(names, tests, strict=True)}
