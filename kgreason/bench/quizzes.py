"""The quiz as a benchmark: entities and wordings never seen, decisive facts edited, and graphs never seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kgreason.graph import KnowledgeGraph
from kgreason.records import Question
from kgreason.tasks.files import data_home, find, lines
from kgreason.tasks.quiz import QuizConfig, make_quiz
from kgreason.tasks.quiz_graph import QuizGraph

__all__ = ["QUIZ_POOLS", "edited", "quiz_folds", "quiz_splits"]

SIZES: Mapping[Any, int] = {"train": 40_000, "dev": 1000, "test": 1500, "wordings": 1500}
EDITED, ELSEWHERE = 500, 500
#: Graphs with relation names of their own: the file of triples, and what parts them.
GRAPHS = {
    "wordnet": ("kg-wn18rr/train.txt", "\t"),
    "umls": ("kg-small-linkpred/umls_train.txt", "\t"),
    "metaqa": ("metaqa/kb_recovered.txt", "|"),
}
_FOLDS = ("train", "dev", "test", "wordings", "edited", *GRAPHS)
QUIZ_POOLS = {
    "entities never seen": ("test",),
    "wordings never seen": ("wordings",),
    "a decisive fact edited": ("edited",),
    "asked on WordNet": ("wordnet",),
    "asked on UMLS": ("umls",),
    "asked on MetaQA's graph": ("metaqa",),
}


def quiz_splits(data: str | Path | None, graph: KnowledgeGraph) -> list[list[Question]]:
    """Questions with invented names, each with the facts that are its world; one list a fold.

    Args:
        data: the folder of data sets, where the other graphs lie.
        graph: what the quiz is made from.
    """
    config = QuizConfig(pseudonyms=True)
    wider = QuizConfig.to_train_on()
    world = QuizGraph(graph)
    own = {
        split: make_quiz(world, size, wider if split == "train" else config, split=split, seed=1)
        for split, size in SIZES.items()
    }
    others = (
        make_quiz(KnowledgeGraph.from_triples(_triples(data, *where)), ELSEWHERE, config, seed=1)
        for where in GRAPHS.values()
    )
    return [*own.values(), [edited(question) for question in own["test"][:EDITED]], *others]


def edited(question: Question) -> Question:
    """The question after its decisive edit, which makes another option right."""
    edit: Any = question.extra["edit"]
    removed = {tuple(fact) for fact in edit["remove"]}
    facts = [fact for fact in question.facts if fact not in removed]
    added: list[tuple[str, str, str]] = [(s, r, t) for s, r, t in edit["add"]]
    return replace(question, facts=(*facts, *added), answer=edit["answer"], id=f"{question.id}-edited")


def quiz_folds(
    split: npt.NDArray[np.int64], siblings: npt.NDArray[np.int64]
) -> dict[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """All folds stand on one model."""
    train, *tests = (np.flatnonzero(split == number) for number in range(len(_FOLDS)))
    return {name: (train, test) for name, test in zip(_FOLDS[1:], tests, strict=True)}


def _triples(data: str | Path | None, pattern: str, mark: str) -> list[list[str]]:
    (path,) = find(data_home(data), [pattern])
    return [[part.strip() for part in line.split(mark)] for _, line in lines(path)]
