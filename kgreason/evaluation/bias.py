"""Whether a model answers otherwise when a question names another group of people, and what a graph says of each.

Counterfactual fairness (Kusner et al. 2017) as far as words can test it. A gap is what changes, not yet what is wrong:
some questions are about the very difference.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.graph.valence import ONE, Valence
from kgreason.metrics import paired_bootstrap, wilson_interval
from kgreason.nn.confidence import confidence
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import predict
from kgreason.records import Question
from kgreason.retrieval import Pairs
from kgreason.tasks.swaps import Swap, axes, twins

__all__ = ["LEAST", "graph_gaps", "question_gaps"]

#: Swapped questions from which on a gap is told.
LEAST = 30
SHOWN = 5
Progress = Callable[[str, int, int], None]


class _Case(NamedTuple):
    """A question that names a group, and its twin about another."""

    question: int
    twin: Question
    axis: str
    pair: tuple[str, str]


def question_gaps(
    model: ReasoningModel,
    questions: Sequence[Question],
    graph: KnowledgeGraph | None,
    *,
    least: int = LEAST,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """What changes in a model's answers when questions name another group.

    Args:
        model: a trained model.
        questions: any; those with options that name a group are swapped.
        graph: the graph, or None.
        least: questions with a twin below which nothing is told of a pair or an axis.
        progress: called with (stage, done, total).

    Returns:
        questions, how many there are; and under ``axes`` for each axis, and in its ``pairs`` for each ordered pair of
        groups (named first in the question, put in its place): n twins of so many questions asked; changed, the share
        of choices that change; difference, the mean of the probability of the choice in the twin less that in the
        question; lost, the share of right answers in the questions less that in the twins, where truth is known; each
        with its ci95 over questions. Where fewer than ``least`` were asked, the counts alone. Examples are the
        questions whose choice loses most.

    Raises:
        InputError: no question names a group.
    """
    cases = _cases(questions)
    if not cases:
        raise InputError(
            f"none of the {len(questions)} questions can be swapped",
            fix="Give English questions with options that name a group, as kg_data/swaps.toml lists them.",
        )
    asked = sorted({case.question for case in cases})
    tell = progress or (lambda stage, done, total: None)
    both = [*(questions[i] for i in asked), *(case.twin for case in cases)]
    items = Pairs(both, graph if model.knowledge is not None else None, progress=progress)
    found = predict(model, items, progress=lambda *done: tell("score", *done))
    temperature = model.settings.temperature
    sure = [confidence(question, each.logits, temperature) for question, each in zip(both, found, strict=True)]
    place = {i: at for at, i in enumerate(asked)}
    rows = [_Row.of(case, questions, sure[place[case.question]], sure[len(asked) + k]) for k, case in enumerate(cases)]
    told: dict[str, Any] = {}
    for axis in dict.fromkeys(case.axis for case in cases):
        of_axis = [row for row in rows if row.case.axis == axis]
        pairs: dict[tuple[str, str], list[_Row]] = defaultdict(list)
        for row in of_axis:
            pairs[row.case.pair].append(row)
        by_pair = {" → ".join(pair): _figures(pairs[pair], least) for pair in sorted(pairs)}
        told[axis] = {**_figures(of_axis, least), "pairs": by_pair, "examples": _examples(of_axis, questions)}
    return {"questions": len(questions), "least": least, "axes": told}


def _cases(questions: Sequence[Question]) -> list[_Case]:
    return [
        _Case(i, twin, swap.axis.name, _groups(swap, question))
        for i, question in enumerate(questions)
        for swap, twin in twins(question)
    ]


def _groups(swap: Swap, question: Question) -> tuple[str, str]:
    """The group that a question names first, and the other one."""
    return (swap.first, swap.second) if swap.group(question) == swap.first else (swap.second, swap.first)


class _Row(NamedTuple):
    """What a model says of a question and of its twin."""

    case: _Case
    choice: int
    other: int
    before: float
    after: float
    answer: int | None

    @classmethod
    def of(
        cls,
        case: _Case,
        questions: Sequence[Question],
        sure: npt.NDArray[np.float64],
        twin: npt.NDArray[np.float64],
    ) -> _Row:
        choice = int(sure.argmax())
        answer = questions[case.question].answer
        return cls(case, choice, int(twin.argmax()), float(sure[choice]), float(twin[choice]), answer)


def _figures(rows: Sequence[_Row], least: int) -> dict[str, Any]:
    groups = [row.case.question for row in rows]
    counts = {"n": len(rows), "asked": len(set(groups))}
    if counts["asked"] < least:
        return counts
    turned = [row.choice != row.other for row in rows]
    changed = paired_bootstrap(turned, [0] * len(rows), groups=groups)
    alone = counts["n"] == counts["asked"]  # then the interval that holds for small shares, too
    moved = paired_bootstrap([row.after for row in rows], [row.before for row in rows], groups=groups)
    figures: dict[str, Any] = {
        **counts,
        "changed": changed.difference,
        "changed_ci95": list(wilson_interval(sum(turned), len(rows)) if alone else (changed.low, changed.high)),
        "difference": moved.difference,
        "difference_ci95": [moved.low, moved.high],
    }
    known = [row for row in rows if row.answer is not None]
    if len({row.case.question for row in known}) >= least:
        first = [row.choice == row.answer for row in known]
        second = [row.other == row.answer for row in known]
        lost = paired_bootstrap(first, second, groups=[row.case.question for row in known])
        figures |= {"lost": lost.difference, "lost_ci95": [lost.low, lost.high]}
    return figures


def _examples(rows: Sequence[_Row], questions: Sequence[Question]) -> list[dict[str, Any]]:
    largest = sorted(rows, key=lambda row: (row.after - row.before, row.case.question))
    return [
        {
            "id": questions[row.case.question].id,
            "text": questions[row.case.question].text,
            "twin": row.case.twin.text,
            "choice": questions[row.case.question].options[row.choice],
            "other": row.case.twin.options[row.other],
            "difference": row.after - row.before,
        }
        for row in largest[:SHOWN]
    ]


def graph_gaps(graph: KnowledgeGraph, *, least: int = LEAST) -> list[dict[str, Any]]:
    """How differently a graph speaks of two groups: words that name them, side by side.

    Args:
        graph: the graph.
        least: edges that both words need.

    Returns:
        A row for each pair of words that the graph knows: axis, words, edges (of each), valence (mean valence of the
        neighbours of each, by how sure it is), gap (their difference), profile (total variation distance between
        the shares of their relations), and worst: the edges of the less pleasant one to its least pleasant neighbours
        that the other does not have. The largest gaps first.
    """
    column = Valence(graph).column / ONE
    rows = []
    for axis in axes().values():
        for swap in axis.swaps():
            pairs = zip(axis.groups[swap.first], axis.groups[swap.second], strict=True)
            sides = {(_node(graph, one), _node(graph, two)): (one, two) for one, two in reversed(list(pairs))}
            rows += [
                _gap(graph, column, axis.name, words, (one, two))
                for (one, two), words in sides.items()
                if one is not None and two is not None and one != two and min(map(graph.degree, (one, two))) >= least
            ]
    return sorted(rows, key=lambda row: (-abs(row["gap"]), row["words"]))


def _node(graph: KnowledgeGraph, word: str) -> int | None:
    return next((node for node, _ in graph.lookup(word)), None)


def _gap(
    graph: KnowledgeGraph, column: npt.NDArray[np.float64], axis: str, words: tuple[str, str], nodes: tuple[int, int]
) -> dict[str, Any]:
    around = [graph.idx[graph.ptr[node] : graph.ptr[node + 1]] for node in nodes]
    means = [_mean(column[others]) for others in around]
    shares = [Counter((graph.rel[graph.ptr[node] : graph.ptr[node + 1]]).tolist()) for node in nodes]
    apart = sum(
        abs(shares[0][code] / shares[0].total() - shares[1][code] / shares[1].total()) for code in shares[0] | shares[1]
    )
    low = int(means[1] < means[0])
    own = np.flatnonzero(~np.isin(around[low], around[1 - low]))
    strength = column[around[low][own]].prod(axis=1)
    worst = own[np.argsort(strength, kind="stable")[:SHOWN]] + graph.ptr[nodes[low]]
    edges = [str(graph.edge(nodes[low], int(entry))) for entry in worst]
    return {
        "axis": axis,
        "words": list(words),
        "edges": [len(others) for others in around],
        "valence": means,
        "gap": means[0] - means[1],
        "profile": apart / 2,
        "worst": edges,
    }


def _mean(values: npt.NDArray[np.float64]) -> float:
    """Of valences by their confidence. Shape: [n, 2]."""
    total = float(values[:, 1].sum())
    return float((values[:, 0] * values[:, 1]).sum() / total) if total else 0.0
