"""Easy to hard: how hard a sample is, and which samples a step may draw.

Platanios et al. 2019, "Competence-based Curriculum Learning for Neural Machine Translation", section 3: samples are
ranked by difficulty, and step t draws evenly among the easiest share c(t) of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from kgreason import storage
from kgreason.errors import CheckpointError, ConfigError
from kgreason.nn.batch import Item
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import Prediction, predict
from kgreason.records import Question
from kgreason.training.losses import LEAST, VAD_VARIANCE

__all__ = ["LOSSES", "competence", "easiest", "hops", "initial_losses", "length", "sample_loss"]

Floats = npt.NDArray[np.float64]
#: The file of a run that holds the losses of the initial model.
LOSSES = "initial_losses.npy"
#: Names under which data sets annotate how many facts lead to an answer.
_HOPS = ("hop", "steps")


def competence(progress: Floats, start: float) -> Floats:
    """Share of the samples that are let in, by the square-root rule (their eq. 7).

    Args:
        progress: share of the curriculum that is done, 0 to 1.
        start: at the beginning.

    Example:
        >>> competence(np.array([0.0, 0.5, 1.0]), 0.1).round(3).tolist()
        [0.1, 0.711, 1.0]
    """
    return np.minimum(1.0, np.sqrt(progress * (1 - start**2) + start**2))


def easiest(difficulty: Floats, shares: Floats, size: int, random: np.random.Generator) -> npt.NDArray[np.int64]:
    """Rows of a batch for each share, drawn among so many of the easiest, twice only where there are too few.

    Shapes:
        difficulty [n], shares [k] -> [k, size].
    """
    order, count = np.argsort(difficulty, kind="stable"), len(difficulty)
    rows = np.empty((len(shares), size), np.int64)
    for row, share in zip(rows, shares, strict=True):
        allowed = min(count, max(size, int(np.ceil(share * count))))
        row[:] = order[random.choice(allowed, size=size, replace=allowed < size)]
    return rows


def length(question: Question) -> float:
    """Characters of a question's texts."""
    return float(sum(map(len, (question.text, question.hypothesis or "", question.context or ""))))


def hops(question: Question) -> float:
    """How many facts lead to the answer, as the data says.

    Raises:
        ConfigError: it does not say.
    """
    for name in _HOPS:
        if isinstance(found := question.extra.get(name), int | float):
            return float(found)
    raise ConfigError(
        f"curriculum.by is 'hops', but {question.text[:60]!r} has none annotated",
        fix=f"Give samples a number as {' or '.join(_HOPS)}, or order by length or loss.",
    )


def sample_loss(question: Question, prediction: Prediction) -> float:
    """What a question adds to the losses of answers, open answers and affect, 0 where nothing is known of it."""
    logits, found = prediction.logits.astype(np.float64), 0.0
    if question.multi_label and question.answers is not None:
        signs = np.where(np.isin(np.arange(len(logits)), question.answers), -1.0, 1.0)
        found += float(np.logaddexp(0.0, signs * logits).sum())
    elif question.answer is not None and not question.multi_label:
        found += float(np.logaddexp.reduce(logits) - logits[question.answer])
    if question.task == "open" and question.gold:
        nodes = prediction.nodes
        right = np.empty(0) if nodes is None else nodes.log_p[nodes.right].astype(np.float64)
        found -= max(LEAST, float(np.logaddexp.reduce(right))) if len(right) else LEAST
    if question.vad is not None and prediction.affect is not None:
        found += float(np.square(prediction.affect[:3] - np.array(question.vad)).mean()) / VAD_VARIANCE
    return found


def initial_losses(
    model: ReasoningModel,
    tasks: Mapping[str, Sequence[Item]],
    folder: Path,
    *,
    autocast: torch.dtype | None = None,
    resume: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> dict[str, Floats]:
    """Loss of every sample before training; kept in the run's folder, where a resumed run finds it.

    Raises:
        CheckpointError: what was kept is of other samples.
    """
    path, ends = folder / LOSSES, np.cumsum([len(items) for items in tasks.values()])
    if resume and path.is_file():
        kept = storage.load_npy(path, mmap=False)
        if kept.shape != (ends[-1],):
            raise CheckpointError(f"{path} holds {len(kept)} losses of {ends[-1]} samples", fix="Begin anew.")
    else:
        found: list[float] = []
        for name, items in tasks.items():
            tell = None if progress is None else lambda done, of, n=name: progress(f"rank {n}", done, of)
            predictions = predict(model, items, autocast=autocast, progress=tell)
            found += [sample_loss(question, p) for (question, _), p in zip(items, predictions, strict=True)]
        kept = np.array(found)
        storage.save_npy(path, kept)
    return dict(zip(tasks, np.split(kept, ends[:-1]), strict=True))
