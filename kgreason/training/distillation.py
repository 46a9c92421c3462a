"""What other models say of the training samples, to learn from beside the truth.

Hinton, Vinyals and Dean 2015, "Distilling the Knowledge in a Neural Network", section 2: probabilities at a temperature
above 1 tell how near the wrong answers are, and their gradients, which fall with its square, are scaled back by it. Of
several teachers the mean of the probabilities is learnt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from kgreason import storage
from kgreason.errors import CheckpointError
from kgreason.nn.batch import GraphBatch, Item
from kgreason.nn.confidence import confidence
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import predict
from kgreason.nn.segment import segment_log_softmax
from kgreason.nn.weights import find_checkpoint
from kgreason.records import Question
from kgreason.retrieval import questions_of
from kgreason.training.practices import DistillConfig

__all__ = ["PROBABILITIES", "count_taught", "distillation_loss", "taught", "teachers_say", "with_lesson"]

Floats = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]
#: The file of a run that holds what the teachers said.
PROBABILITIES = "teachers.npy"
_LESSON = "teachers"


def teachers_say(
    config: DistillConfig,
    tasks: Mapping[str, Sequence[Item]],
    folder: Path,
    *,
    device: torch.device,
    autocast: torch.dtype | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> dict[str, Sequence[Floats]]:
    """Mean probabilities of every sample's options; kept in the run's folder, where a resumed run finds them.

    Args:
        config: names the teachers, and the temperature of their logits.
        tasks: name to samples, with the graphs that teachers read too.
        folder: of the run.
        device: where the teachers run, one after another.
        autocast: type in which their M runs.
        resume: whether what was kept is read.
        progress: called with (stage, done, total).

    Shapes:
        [o] for each sample.

    Raises:
        CheckpointError: a teacher cannot be used, or what was kept is of other samples.
    """
    path = folder / PROBABILITIES
    questions = {name: questions_of(items) for name, items in tasks.items()}
    sizes = [len(question.options) for asked in questions.values() for question in asked]
    if resume and path.is_file():
        kept = storage.load_npy(path, mmap=False)
        if kept.shape != (sum(sizes),):
            raise CheckpointError(f"{path} holds {kept.size} probabilities of {sum(sizes)}", fix="Begin anew.")
    else:
        kept = np.zeros(sum(sizes))
        for number, name in enumerate(config.teachers, 1):
            teacher = ReasoningModel.from_pretrained(find_checkpoint(name), device=str(device))
            said: list[Floats] = []
            for items in tasks.values():
                said += _said(teacher, items, config.temperature, number, autocast, progress)
            kept += np.concatenate(said) / len(config.teachers)
        storage.save_npy(path, kept)
    each = iter(np.split(kept, np.cumsum(sizes)[:-1]))
    return {name: [next(each) for _ in asked] for name, asked in questions.items()}


def _said(
    teacher: ReasoningModel,
    items: Sequence[Item],
    temperature: float,
    number: int,
    autocast: torch.dtype | None,
    progress: Progress | None,
) -> list[Floats]:
    """Probabilities of the options of each question of a task."""
    tell = None if progress is None else lambda done, of: progress(f"ask teacher {number}", done, of)
    found = predict(teacher, items, autocast=autocast, progress=tell)
    pairs = zip(questions_of(items), found, strict=True)
    return [confidence(q, each.logits / temperature) if q.options else np.empty(0) for q, each in pairs]


def with_lesson(question: Question, options: Sequence[str], said: Floats) -> Question:
    """The question with what teachers say of its options, which may stand in another order than they were asked in.

    One that brings facts of its own is left as it is: its text is not to learn what it cannot know.
    """
    if question.facts or not question.options:
        return question
    lesson = dict(zip(options, said.tolist(), strict=True))
    return replace(question, extra={**question.extra, _LESSON: lesson})


def taught(questions: Sequence[Question]) -> Tensor:
    """What teachers say of the options of questions, NaN where there is nothing. Shape: [o]."""
    found: list[float] = []
    for question in questions:
        lesson = question.extra.get(_LESSON)
        known = lesson if isinstance(lesson, dict) else {}
        found += [known.get(option, float("nan")) for option in question.options]
    return torch.tensor(found)


def count_taught(batch: GraphBatch, said: Tensor) -> int:
    """Questions that teachers say something of. Shape: said [≤ o], of the first options of the batch."""
    return len(torch.unique(batch.option_question[: len(said)][~said.isnan()]))


def distillation_loss(logits: Tensor, batch: GraphBatch, said: Tensor, temperature: float) -> Tensor:
    """Mean over questions of the divergence KL(teachers, model) at a temperature, times its square.

    Of several labels it is the sum over them, each being true or not.

    Shapes:
        logits [o], said [≤ o] (of the first options of the batch, NaN: nothing) -> [].
    """
    owner, known = batch.option_question[: len(said)], ~said.isnan()
    if not known.any():
        return logits.new_zeros(())
    scaled = logits / temperature
    log_p = segment_log_softmax(scaled, batch.option_question, batch.num_questions)[: len(said)]
    several, scaled = batch.multi_label[owner], scaled[: len(said)]
    said = said.to(logits)
    alone, each = known & ~several, known & several
    divergence = nn.functional.kl_div(log_p[alone], said[alone], reduction="sum")
    for sign, share in ((1, said[each]), (-1, 1 - said[each])):
        divergence = divergence + nn.functional.kl_div(
            nn.functional.logsigmoid(sign * scaled[each]), share, reduction="sum"
        )
    return temperature**2 * divergence / count_taught(batch, said)
