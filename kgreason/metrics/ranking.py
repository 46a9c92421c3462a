"""Ranks and sets of answers (open questions), and agreement of two lists of numbers."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence

import numpy as np
import numpy.typing as npt

from kgreason.errors import InputError
from kgreason.metrics.checks import Floats, finite, indices, same_length, truths

__all__ = ["best_rank", "first_hit", "hits_at_k", "pearson", "set_f1"]


def best_rank(scores: npt.ArrayLike, relevant: npt.ArrayLike) -> int:
    """Rank of the best right candidate of one question, from 1; 0 where no candidate is right.

    A wrong candidate of equal score ranks before a right one, so that a model that scores all candidates alike gains
    nothing (the pessimistic rank of Berrendorf et al. 2020, "On the ambiguity of rank-based evaluation of entity
    alignment or link prediction methods").

    Args:
        scores: of the candidates.
        relevant: which of them are right.

    Raises:
        InputError: no candidate, different lengths, or scores that are not finite.

    Shapes:
        scores [n], relevant [n]

    Example:
        >>> best_rank([.1, .7, .2, .4], [True, False, True, False])
        3
    """
    scores, relevant = finite("scores", scores), truths("relevant", relevant)
    same_length(scores=scores, relevant=relevant)
    if not relevant.any():
        return 0
    return 1 + int((scores[~relevant] >= scores[relevant].max()).sum())


def first_hit(scores: npt.ArrayLike, relevant: npt.ArrayLike) -> float:
    """Chance that the first candidate of one question is right, those of equal score being in random order.

    What published hits at 1 amount to where the first of equal candidates is taken as it comes; beside the pessimistic
    :func:`best_rank` it says how much hangs on ties.

    Args:
        scores: of the candidates.
        relevant: which of them are right.

    Returns:
        A number from 0 to 1.

    Raises:
        InputError: no candidate, different lengths, or scores that are not finite.

    Shapes:
        scores [n], relevant [n]

    Example:
        >>> first_hit([.1, .7, .7, .4], [True, False, True, False])
        0.5
    """
    scores, relevant = finite("scores", scores), truths("relevant", relevant)
    same_length(scores=scores, relevant=relevant)
    return float(relevant[scores == scores.max()].mean())


def hits_at_k(ranks: npt.ArrayLike, k: int) -> float:
    """Share of questions with a right answer among the first k.

    Args:
        ranks: of the best right answer of each question, from 1; 0 where there is none.
        k: how many answers count.

    Returns:
        A number from 0 to 1.

    Raises:
        InputError: no question, a negative rank, or k under 1.

    Shapes:
        ranks [b]

    Example:
        >>> hits_at_k([1, 3, 0, 12], k=3)
        0.5
    """
    if k < 1:
        raise InputError(f"k is {k}", fix="Give 1 or more.")
    array = indices("ranks", ranks)
    return float(((array > 0) & (array <= k)).mean())


def set_f1(preds: Sequence[Collection[Hashable]], target: Sequence[Collection[Hashable]]) -> float:
    """Mean over questions of the F1 between the set of given answers and the set of right ones.

    Two empty sets agree (F1 is 1), as in the evaluation of WebQSP (Yih et al. 2016).

    Args:
        preds: the answers given to each question.
        target: the right answers of each question.

    Returns:
        A number from 0 to 1.

    Raises:
        InputError: no question, or different numbers of them.

    Example:
        >>> set_f1([{"zoo", "sea"}, set()], [{"sea"}, set()])
        0.8333333333333333
    """
    if not len(preds) or len(preds) != len(target):
        raise InputError(f"preds has {len(preds)} sets, target {len(target)}", fix="Give one set a question in each.")
    total = 0.0
    for given, right in zip(map(set, preds), map(set, target), strict=True):
        total += 2 * len(given & right) / (len(given) + len(right)) if given or right else 1.0
    return total / len(preds)


def pearson(preds: npt.ArrayLike, target: npt.ArrayLike) -> float:
    """Pearson's correlation coefficient.

    Args:
        preds: predicted numbers.
        target: right numbers.

    Returns:
        A number from −1 to 1; NaN where one of the two does not vary, for then it is undefined.

    Raises:
        InputError: fewer than two samples, different lengths, or numbers that are not finite.

    Shapes:
        preds [n], target [n]

    Example:
        >>> round(pearson([1, 2, 4], [2, 4, 8]), 6)
        1.0
    """
    preds, target = finite("preds", preds), finite("target", target)
    same_length(preds=preds, target=target)
    if len(preds) < 2:
        raise InputError("there is 1 sample", fix="Give two or more.")
    return float(np.clip(_unit(preds) @ _unit(target), -1, 1))


def _unit(values: Floats) -> Floats:
    """Centred and of length 1, or NaN where nothing varies; scaled first, lest squares overflow or vanish."""
    scaled = values / (np.abs(values).max() or 1)
    if scaled.min() == scaled.max():
        return np.full_like(values, np.nan)
    centred: Floats = scaled - scaled.mean()
    centred = centred / np.abs(centred).max()
    return np.asarray(centred / np.sqrt(centred @ centred))
