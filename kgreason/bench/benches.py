"""The benchmarks: their questions, what is left out of training, and what is scored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kgreason.bench.arms import ARMS
from kgreason.bench.lexical import lexical_splits
from kgreason.bench.opened import METAQA_POOLS, metaqa_folds, metaqa_splits, own_graph
from kgreason.bench.quizzes import QUIZ_POOLS, quiz_folds, quiz_splits
from kgreason.bench.scores import Scored, score_choices, score_open
from kgreason.config import RetrievalConfig
from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.records import Question
from kgreason.tasks import group_folds, load, sibling_groups

__all__ = ["BENCHES", "Bench", "Fold", "Pool", "bench", "official", "set_aside", "sibling_folds", "tenth"]

FOLDS = 5
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Fold:
    """Rows of a pool that are trained on, and rows that are scored; the latter cluster by cluster.

    Args:
        model: the first fold with these rows to train on, whose models all of them share.
    """

    train: Ints
    test: Ints
    model: str


@dataclass(frozen=True, eq=False, slots=True)
class Pool:
    """All questions of a benchmark, and how they are parted.

    Args:
        questions: each once.
        cluster: number of each question's cluster: what is drawn together in a test.
        siblings: number of each question's group: what gives answers of one another away.
        folds: by name.
    """

    questions: Sequence[Question]
    cluster: Ints
    siblings: Ints
    folds: Mapping[str, Fold]


Parts = dict[str, tuple[Ints, Ints]]
Load = Callable[[str | Path | None, KnowledgeGraph], list[list[Question]]]


@dataclass(frozen=True)
class Bench:
    """One benchmark.

    Args:
        name: as the command calls it.
        title: as tables call it.
        load: its questions in splits, from the folder of data sets and the graph.
        part: from the split and the group of siblings of each question to (train, test) rows by name of the fold.
        tune: the fold on which forms of an arm are chosen; it is not scored.
        pools: what tables show: a title, and the folds scored together.
        arms: what is run unless some are named.
        controls: without which nothing is said of an arm that reads the graph.
        graph: opens the graph that its questions are about, from the folder of data sets; None: the graph given.
        own_facts: whether the facts of a question are all that it reads.
        budget: what its runs may spend where it is not what those of other benchmarks may.
        retrieval: how much of the graph a question reads.
        score: from a model and items to what its answers are worth.
    """

    name: str
    title: str
    load: Load
    part: Callable[[Ints, Ints], Parts]
    tune: str
    pools: Mapping[str, tuple[str, ...]]
    arms: tuple[str, ...] = tuple(name for name in ARMS if name not in ("T+L", "K", "mini"))
    controls: tuple[str, ...] = ("none@test", "rewired@test", "permuted@test", "rewired", "no-direct")
    graph: Callable[[str | Path | None], KnowledgeGraph] | None = None
    own_facts: bool = False
    budget: Mapping[str, Any] = field(default_factory=dict)
    retrieval: RetrievalConfig = field(default_factory=RetrievalConfig)
    score: Callable[..., Scored] = score_choices

    @property
    def folds(self) -> tuple[str, ...]:
        """Folds that are scored."""
        return tuple(dict.fromkeys(fold for folds in self.pools.values() for fold in folds))

    def pool(self, graph: KnowledgeGraph, data: str | Path | None = None, limit: int = 0) -> Pool:
        """The questions with their folds.

        Args:
            graph: the graph, for questions made from one.
            data: the folder of data sets; KGREASON_DATA if not given.
            limit: at most so many questions, drawn at random; 0 for all.
        """
        splits = self.load(data, graph)
        split = np.repeat(np.arange(len(splits)), [len(part) for part in splits])
        questions = [question for part in splits for question in part]
        if limit and limit < len(questions):
            rows = np.sort(np.random.default_rng(0).permutation(len(questions))[:limit])
            questions, split = [questions[row] for row in rows], split[rows]
        cluster = _clusters(questions)
        siblings = sibling_groups(questions) if questions[0].task == "choice" else cluster
        folds: dict[str, Fold] = {}
        shared: dict[bytes, str] = {}
        for name, (train, test) in self.part(split, siblings).items():
            if not len(train) or not len(test):
                raise InputError(
                    f"fold {name} of {self.name} has {len(train)} questions to train on and {len(test)} to score",
                    fix="Give a larger --limit.",
                )
            model = shared.setdefault(train.tobytes(), name)
            folds[name] = Fold(train, test[np.argsort(cluster[test], kind="stable")], model)
        return Pool(questions, cluster, siblings, folds)


def bench(name: str) -> list[Bench]:
    """The benchmark of a name, or all whose names begin so: pathquestion is pathquestion-2hop and pathquestion-3hop.

    Raises:
        InputError: there is none.
    """
    found = [each for known, each in BENCHES.items() if known == name or known.startswith(f"{name}-")]
    if not found:
        raise InputError(f"there is no benchmark {name!r}", fix=f"Use one of {', '.join(BENCHES)}.")
    return found


def _clusters(questions: Sequence[Question]) -> Ints:
    """Questions about one concept, or of one text, belong together."""
    names = [str(q.extra.get("question_concept") or q.extra.get("topic") or q.text) for q in questions]
    return np.unique(names, return_inverse=True)[1].astype(np.int64)


def _sets(*parts: tuple[str, str]) -> Load:
    """Loads splits of known data sets, those questions whose answer is known."""

    def read(data: str | Path | None, graph: KnowledgeGraph) -> list[list[Question]]:
        found = [load(name, split, data=data) for name, split in parts]
        return [[q for q in part if q.answer is not None or q.gold] for part in found]

    return read


def sibling_folds(split: Ints, siblings: Ints) -> Parts:
    """Five folds without siblings across them, and the in-house split, whose test is split 1."""
    every, fold = np.arange(len(split)), group_folds(siblings, FOLDS)
    parts = {str(k): (every[fold != k], every[fold == k]) for k in range(FOLDS)}
    return {**parts, "in-house": (every[split == 0], every[split == 1])}


def official(split: Ints, siblings: Ints) -> Parts:
    """Split 0 trains, 1 tunes, 2 is the test."""
    train, dev, test = (np.flatnonzero(split == k) for k in range(3))
    return {"dev": (train, dev), "test": (train, test)}


def tenth(split: Ints, siblings: Ints) -> Parts:
    """Where there is no third labelled split: a tenth of split 0 tunes, and split 1 is scored."""
    train, test = np.flatnonzero(split == 0), np.flatnonzero(split == 1)
    aside = set_aside(siblings[train])
    return {"tenth": (train[~aside], train[aside]), "test": (train, test)}


def set_aside(groups: Ints, share: float = 0.1) -> npt.NDArray[np.bool_]:
    """Which questions fall into a share, whole groups at a time; the same in every run. Shapes: groups [n] -> [n]."""
    _, number = np.unique(groups, return_inverse=True)
    chosen: npt.NDArray[np.bool_] = (np.random.default_rng(0).random(int(number.max()) + 1) < share)[number]
    return chosen


_CSQA = _sets(("commonsenseqa", "train"), ("commonsenseqa", "test"), ("commonsenseqa", "dev"))
_OPEN: dict[str, Any] = {"arms": ("K", "mini"), "controls": ("permuted@test",), "score": score_open}


def _pathquestion(hops: int) -> Bench:
    name = f"pathquestion-{hops}hop"
    parts = _sets(*((name, split) for split in ("train", "dev", "test")))
    return Bench(name, f"PathQuestion, {hops} hops", parts, official, "dev", {"test, other topics": ("test",)},
                 graph=own_graph(name), budget={"graph_epochs": 10}, **_OPEN)  # fmt: skip


_SIBLINGS = tuple(str(k) for k in range(1, FOLDS))

#: Every benchmark by name.
BENCHES: Mapping[str, Bench] = {
    each.name: each
    for each in (
        Bench("csqa", "CommonsenseQA", _CSQA, sibling_folds, "0",
              {"folds 1–4": _SIBLINGS, "in-house test": ("in-house",)}, budget={"epochs": 2}),
        Bench("obqa", "OpenBookQA", _sets(*(("openbookqa", part) for part in ("train", "dev", "test"))), official,
              "dev", {"test": ("test",)}),
        Bench("siqa", "SocialIQA", _sets(("socialiqa", "train"), ("socialiqa", "dev")), tenth, "tenth",
              {"dev": ("test",)}, budget={"epochs": 1, "graph_epochs": 1}),
        Bench("ecare", "e-CARE", _sets(("ecare", "train"), ("ecare", "dev")), tenth, "tenth", {"dev": ("test",)},
              budget={"epochs": 2}),
        Bench("arc", "ARC-Challenge", _sets(("arc-challenge", "train"), ("arc-challenge", "test")), tenth, "tenth",
              {"test": ("test",)}),
        Bench("quiz", "Quiz", quiz_splits, quiz_folds, "dev", QUIZ_POOLS, arms=("T", "K", "mini"),
              controls=("none@test", "permuted@test", "permuted"), own_facts=True,
              budget={"epochs": 1, "graph_epochs": 3}, retrieval=RetrievalConfig(wide=True)),
        Bench("lexical", "Lexical entailment, the pair's own edge removed", lexical_splits, official, "dev",
              {"words never seen": ("test",)}, arms=("T", "T+L"),
              controls=("none@test", "rewired@test", "permuted@test", "rewired"), budget={"epochs": 2},
              retrieval=RetrievalConfig(direct=False)),
        Bench("metaqa", "MetaQA", metaqa_splits, metaqa_folds, "dev", METAQA_POOLS, graph=own_graph("metaqa-1hop"),
              budget={"graph_epochs": 3, "graph_batch": 64}, **_OPEN),
        *(_pathquestion(hops) for hops in (2, 3)),
    )
}  # fmt: skip
