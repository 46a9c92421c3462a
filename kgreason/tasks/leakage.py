"""What one split gives away of another: shared samples between splits, and folds that keep siblings together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from kgreason.errors import InputError
from kgreason.records import Question

__all__ = ["Overlap", "group_folds", "overlap", "sibling_groups"]


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many questions of a second set have their id, their text, or all of their texts in a first one."""

    ids: int
    texts: int
    samples: int


def overlap(first: Iterable[Question], second: Iterable[Question]) -> Overlap:
    """Counts what two sets share; case and white space do not matter, nor does the order of options.

    Args:
        first: for instance the questions trained on.
        second: for instance the questions tested on; these are counted.

    Returns:
        Counts of questions of ``second``. ``texts`` counts equal questions, premises or texts; ``samples`` only those
        whose hypothesis, context and options are equal too.

    Example:
        >>> seen = [Question("A bird?", ("yes", "no"), id="1")]
        >>> overlap(seen, [Question("a  bird?", ("no", "yes"), id="2"), Question("A bird?", ("yes", "zoo"), id="1")])
        Overlap(ids=1, texts=2, samples=1)
    """
    known = list(first)
    ids = {question.id for question in known if question.id}
    texts = {_folded(question.text) for question in known}
    samples = {_sample(question) for question in known}
    asked = list(second)
    return Overlap(
        ids=sum(question.id in ids for question in asked),
        texts=sum(_folded(question.text) in texts for question in asked),
        samples=sum(_sample(question) in samples for question in asked),
    )


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _sample(question: Question) -> tuple[str, str, str, tuple[str, ...]]:
    return (
        _folded(question.text),
        _folded(question.hypothesis or ""),
        _folded(question.context or ""),
        tuple(sorted(map(_folded, question.options))),
    )


def sibling_groups(questions: Sequence[Question]) -> npt.NDArray[np.int64]:
    """Groups of questions that give away each other's answers: the same question concept, or three shared options.

    CommonsenseQA's authors wrote three questions for each concept, whose answers are three of the options of all
    three; whoever knows two of the answers can tell the third by elimination.

    Args:
        questions: choice questions; ``extra["question_concept"]`` is their concept, where there is one.

    Returns:
        One number a question, equal within a group: the index of the group's first question.

    Shapes:
        [b]

    Example:
        >>> options = (("zoo", "nest", "sea"), ("sea", "zoo", "nest"), ("oven", "zoo", "nest"))
        >>> sibling_groups([Question("?", each) for each in options]).tolist()
        [0, 0, 2]
    """
    parent = list(range(len(questions)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = index = parent[parent[index]]
        return index

    first: dict[object, int] = {}
    for index, question in enumerate(questions):
        options = sorted(set(map(_folded, question.options)))
        keys: list[object] = list(combinations(options, 3))
        if concept := question.extra.get("question_concept"):
            keys.append(concept)
        for key in keys:
            one, other = root(index), root(first.setdefault(key, index))
            parent[max(one, other)] = min(one, other)
    return np.array([root(index) for index in range(len(questions))], dtype=np.int64)


def group_folds(groups: npt.ArrayLike, folds: int = 5, *, seed: int = 0) -> npt.NDArray[np.int64]:
    """Folds of nearly equal size that never part a group.

    Args:
        groups: the group of each question, as :func:`sibling_groups` gives it.
        folds: how many.
        seed: of the order in which groups of one size are dealt out.

    Returns:
        The fold of each question, 0 to ``folds - 1``: the largest group first, each to the smallest fold so far.

    Raises:
        InputError: there are fewer groups than folds.

    Shapes:
        groups [b], returned [b]

    Example:
        >>> group_folds([7, 7, 8, 9], folds=2).tolist() in ([0, 0, 1, 1], [1, 1, 0, 0])
        True
    """
    _, group, size = np.unique(np.asarray(groups), return_inverse=True, return_counts=True)
    if not 2 <= folds <= len(size):
        raise InputError(f"folds is {folds}, but there are {len(size)} groups", fix="Give 2 to the number of groups.")
    shuffled = np.random.default_rng(seed).permutation(len(size))
    fold = np.empty(len(size), dtype=np.int64)
    filled = np.zeros(folds, dtype=np.int64)
    for index in shuffled[np.argsort(-size[shuffled], kind="stable")]:
        fold[index] = filled.argmin()
        filled[fold[index]] += size[index]
    return fold[group]
