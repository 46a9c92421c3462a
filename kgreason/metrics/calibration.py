"""How far confidence can be believed, and fitting temperature and thresholds on held-out data."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kgreason.errors import InputError
from kgreason.metrics.checks import Floats, finite, indices, probabilities, same_length, truths

__all__ = [
    "ReliabilityBin",
    "RiskCoverage",
    "apply_thresholds",
    "expected_calibration_error",
    "fit_temperature",
    "fit_thresholds",
    "reliability",
    "risk_coverage",
]

#: Temperatures that :func:`fit_temperature` looks among.
TEMPERATURES = (0.05, 20.0)


def expected_calibration_error(confidence: npt.ArrayLike, correct: npt.ArrayLike, *, bins: int = 15) -> float:
    """Mean distance between confidence and accuracy over equal-width bins, weighted by size.

    Guo et al. 2017, "On calibration of modern neural networks", eq. 3: the sum over bins of
    |B|/n · |accuracy(B) − confidence(B)|, where bin m of M holds confidences in ((m − 1)/M, m/M].

    Args:
        confidence: probability given to the chosen option.
        correct: whether that option was right.
        bins: how many.

    Returns:
        A number from 0 to 1; 0 is best.

    Raises:
        InputError: no sample, different lengths, or a confidence out of 0 to 1.

    Shapes:
        confidence [n], correct [n]

    Example:
        >>> round(expected_calibration_error([0.9, 0.9, 0.6, 0.6], [1, 1, 1, 0]), 3)
        0.1
    """
    found = reliability(confidence, correct, bins=bins)
    return sum(each.n * abs(each.accuracy - each.confidence) for each in found) / sum(each.n for each in found)


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Samples of like confidence: how many, how sure on average, and what share was right."""

    n: int
    confidence: float
    accuracy: float


def reliability(confidence: npt.ArrayLike, correct: npt.ArrayLike, *, bins: int = 15) -> list[ReliabilityBin]:
    """The bins of a reliability diagram, those without a sample left out.

    The bins of :func:`expected_calibration_error` (Guo et al. 2017, eq. 1 and 2).

    Args:
        confidence: probability given to the chosen option.
        correct: whether that option was right.
        bins: how many, of equal width.

    Raises:
        InputError: no sample, different lengths, a confidence out of 0 to 1, or no bin.

    Shapes:
        confidence [n], correct [n]

    Example:
        >>> reliability([0.75, 0.75, 0.25], [1, 0, 0], bins=2)
        [ReliabilityBin(n=1, confidence=0.25, accuracy=0.0), ReliabilityBin(n=2, confidence=0.75, accuracy=0.5)]
    """
    if bins < 1:
        raise InputError(f"bins is {bins}", fix="Give 1 or more.")
    confidence, correct = probabilities("confidence", confidence), truths("correct", correct)
    same_length(confidence=confidence, correct=correct)
    edges = np.linspace(0, 1, bins + 1)
    bin_of = np.maximum(np.searchsorted(edges, confidence, side="left") - 1, 0)
    count, sure, right = (np.bincount(bin_of, weights, bins) for weights in (None, confidence, correct))
    return [
        ReliabilityBin(int(n), float(total / n), float(hits / n))
        for n, total, hits in zip(count, sure, right, strict=True)
        if n
    ]


@dataclass(frozen=True, eq=False)
class RiskCoverage:
    """Share of wrong answers among those given, as more and more are given, the surest first.

    Shapes:
        coverage [n] (rising to 1), risk [n].
    """

    coverage: Floats
    risk: Floats

    @property
    def area(self) -> float:
        """Area under the curve (AURC); 0 is best."""
        return float(self.risk.mean())

    def at(self, coverage: float) -> float:
        """Risk where at least that share of the questions is answered.

        Raises:
            InputError: the share is not above 0 and at most 1.
        """
        if not 0 < coverage <= 1:
            raise InputError(f"coverage is {coverage}", fix="Give a share above 0 and up to 1.")
        return float(self.risk[np.searchsorted(self.coverage, coverage - 1e-9)])


def risk_coverage(confidence: npt.ArrayLike, correct: npt.ArrayLike) -> RiskCoverage:
    """The curve of selective prediction: how much is gained by leaving the least sure questions unanswered.

    Geifman and El-Yaniv 2017, "Selective classification for deep neural networks"; the area is that of Geifman et al.
    2019. Questions of equal confidence count as if drawn in random order, so that ties gain nothing.

    Args:
        confidence: in what was chosen; only its order counts.
        correct: whether that was right.

    Raises:
        InputError: no sample, different lengths, or a confidence that is not finite.

    Shapes:
        confidence [n], correct [n]

    Example:
        >>> curve = risk_coverage([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 1])
        >>> curve.at(0.5), curve.at(1.0)
        (0.0, 0.25)
    """
    confidence, correct = finite("confidence", confidence), truths("correct", correct)
    same_length(confidence=confidence, correct=correct)
    _, block, count = np.unique(-confidence, return_inverse=True, return_counts=True)
    wrong = np.bincount(block, weights=~correct) / count  # mean of each tied block, surest first
    answered = np.arange(1, len(correct) + 1)
    return RiskCoverage(answered / len(correct), np.cumsum(np.repeat(wrong, count)) / answered)


def fit_temperature(logits: npt.ArrayLike, target: npt.ArrayLike) -> float:
    """The temperature T that makes softmax(logits / T) most likely on held-out samples.

    Guo et al. 2017, section 4.2. The negative log-likelihood is convex in 1/T, so that a golden-section search on
    log T finds its minimum, within 0.05 to 20: where all samples are right, the likelihood only grows as T falls, and
    the lower end is returned.

    Args:
        logits: scores of the options; a padded entry is −inf or very low.
        target: the right option.

    Returns:
        T, by which logits are to be divided.

    Raises:
        InputError: no sample, different lengths, an index out of range, NaN, or a right option without a finite score.

    Shapes:
        logits [n, o], target [n]

    Example:
        >>> round(fit_temperature([[2.0, 0.0]] * 4, [0, 0, 0, 1]), 3)  # right in 3 of 4: sigmoid(2 / T) = 3/4
        1.82
    """
    scores = np.asarray(logits, dtype=np.float64)
    right = indices("target", target)
    if scores.ndim != 2 or np.isnan(scores).any() or np.isposinf(scores).any():
        raise InputError(
            "logits is not an array of two dimensions without NaN and +inf", fix="Give [samples, options]."
        )
    same_length(logits=scores, target=right)
    if right.max() >= scores.shape[1]:
        raise InputError(f"target holds {right.max()}, but there are {scores.shape[1]} options", fix="Give an index.")
    chosen = scores[np.arange(len(right)), right]
    if not np.isfinite(chosen).all():
        raise InputError("a right option has no finite score", fix="Leave padding out of target.")
    margins = scores - chosen[:, None]

    def loss(log_temperature: float) -> float:
        scaled = margins * math.exp(-log_temperature)
        top = scaled.max(1)
        return float((top + np.log(np.exp(scaled - top[:, None]).sum(1))).mean())

    low, high = map(math.log, TEMPERATURES)
    section = (math.sqrt(5) - 1) / 2
    while high - low > 1e-6:
        left, right_end = high - section * (high - low), low + section * (high - low)
        if loss(left) <= loss(right_end):
            high = right_end
        else:
            low = left
    return math.exp((low + high) / 2)


def fit_thresholds(scores: npt.ArrayLike, target: npt.ArrayLike) -> Floats:
    """For each label the threshold of the highest F1 on held-out samples, judged by ``score >= threshold``.

    Every cut between two different scores is tried; of equally good ones the highest is taken. A label without a
    right sample has nothing to fit and keeps 0.5.

    Args:
        scores: probability of each label.
        target: whether the label is right.

    Returns:
        One threshold a label.

    Raises:
        InputError: no sample, different shapes, or a score out of 0 to 1.

    Shapes:
        scores [n, k], target [n, k], returned [k]

    Example:
        >>> fit_thresholds([[0.9], [0.4], [0.2]], [[1], [1], [0]]).round(2).tolist()
        [0.3]
    """
    chances, right = probabilities("scores", scores, (2,)), truths("target", target, (2,))
    if chances.shape != right.shape:
        raise InputError(f"scores is {chances.shape}, target {right.shape}", fix="Give arrays of one shape.")
    return np.array([_threshold(chances[:, k], right[:, k]) for k in range(chances.shape[1])])


def _threshold(scores: Floats, right: npt.NDArray[np.bool_]) -> float:
    if not right.any():
        return 0.5
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], right[order].cumsum()
    f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + right.sum())
    cut = np.append(ranked[:-1] > ranked[1:], True)  # a threshold cannot part equal scores
    best = int(np.where(cut, f1, -1).argmax())
    below = ranked[best + 1] if best + 1 < len(ranked) else 0.0
    middle = (ranked[best] + below) / 2
    return float(middle if middle > below else ranked[best])


def apply_thresholds(scores: npt.ArrayLike, thresholds: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Which labels reach their threshold.

    Args:
        scores: probability of each label.
        thresholds: one for each label, as :func:`fit_thresholds` gives them.

    Raises:
        InputError: no sample, or another number of thresholds than of labels.

    Shapes:
        scores [n, k], thresholds [k], returned [n, k]

    Example:
        >>> apply_thresholds([[0.9, 0.2]], [0.5, 0.1]).tolist()
        [[True, True]]
    """
    chances, limits = probabilities("scores", scores, (2,)), probabilities("thresholds", thresholds)
    if len(limits) != chances.shape[1]:
        raise InputError(f"there are {len(limits)} thresholds for {chances.shape[1]} labels", fix="Give one a label.")
    return chances >= limits
