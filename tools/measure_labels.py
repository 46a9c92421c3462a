"""What a tenth of the labels is worth, by how they are chosen and used; and five models beside one learnt from them.

    python -m tools.measure_labels [--seed N ...] [--folder FOLDER] [--record]

Of 3,000 sentences of SST-2 a tenth are labelled: by chance, or half by chance and half where a model that was trained
on the first half is least sure. Random labels are used plainly, from short to long sentences, or together with what
the model says of the sentences that it is sure of. Every run has as many steps. Each way is compared with plain random
labels over all seeds, question by question. The first seed's labels then train five models, and one that learns
what the five say of all 3,000 sentences. Runs are resumable and finished ones are not repeated.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt

from kgreason.evaluation.ensemble import Ensemble
from kgreason.evaluation.select import label, select
from kgreason.metrics import expected_calibration_error, paired_bootstrap, wilson_interval
from kgreason.nn.confidence import confidence
from kgreason.nn.model import ModelConfig, ReasoningModel
from kgreason.nn.predict import Prediction
from kgreason.records import Question
from kgreason.retrieval import Pairs
from kgreason.tasks import load, write_samples
from kgreason.training.config import RunConfig, TaskConfig
from kgreason.training.practices import CurriculumConfig, DistillConfig
from kgreason.training.run import build_model, load_data, train
from tools import results

__all__ = ["BASE", "GAINS", "LABELS", "MEMBERS", "POOL", "Labels"]

POOL, LABELS, DEV = 3000, 300, 2000
STEPS, BATCH = 120, 16
#: Models that answer together.
MEMBERS = 5
#: Confidence from which on a model's answer counts as a label.
SURE = 0.9
#: What each way of choosing or using labels is called where it is compared with plain random ones.
GAINS = {"active": "active - random", "self": "self-trained - plain", "curriculum": "short to long - shuffled"}
BASE = "SST-2 dev, a tenth of the labels"

Model = ReasoningModel | Ensemble
Said = tuple[list[Prediction], ModelConfig]


class Labels:
    """The pool, its labels, and the runs on them.

    Args:
        folder: of the runs.
        data: folder of the data sets; None: the environment's.
        steps: of each run.
    """

    def __init__(self, folder: Path, data: str | None = None, steps: int = STEPS) -> None:
        self.folder, self.steps = folder, steps
        self.pool = Random(0).sample(load("sst2", "train", data=data), POOL)
        self.dev = load("sst2", "dev", data=data)[:DEV]
        write_samples(folder / "dev.jsonl", self.dev)

    def random(self, seed: int, count: int) -> list[Question]:
        """So many labelled sentences; more begin with the same ones."""
        return Random(seed).sample(self.pool, LABELS)[:count]

    def rest(self, known: Sequence[Question]) -> list[Question]:
        """The other sentences of the pool, without their labels."""
        taken = {question.id for question in known}
        return [replace(question, answer=None) for question in self.pool if question.id not in taken]

    def model(
        self, name: str, known: Sequence[Question], seed: int, told: Sequence[Question] = (), **keys: Any
    ) -> ReasoningModel:
        """A model trained on labelled sentences, and as often on those that models have labelled, if there are any."""
        output = self.folder / f"{name}-{seed}"
        if not (output / "model" / "config.json").is_file():
            tasks = {"known": self._task(output.with_suffix(".jsonl"), known)}
            if told:
                tasks["told"] = self._task(output.with_suffix(".told.jsonl"), told)
            run = RunConfig(
                str(output), tasks, model=ModelConfig(emotion=False, max_length=64), epochs=1,
                steps_per_epoch=self.steps, batch_size=BATCH, learning_rate=3e-4, head_rate=1e-3, temperature=100,
                dev_limit=1, tracker="none", seed=seed, device="cpu", **keys,
            )  # fmt: skip
            resume = any(output.glob("checkpoint-*"))
            train(run, build_model(run), load_data(run, Pairs), resume=resume)
        return ReasoningModel.from_pretrained(output / "model", device="cpu")

    def _task(self, path: Path, questions: Sequence[Question]) -> TaskConfig:
        write_samples(path, questions)
        return TaskConfig(str(path), dev=str(self.folder / "dev.jsonl"))

    def active(self, seed: int) -> list[Question]:
        """Half of the labels by chance, half of the sentences that a model trained on those is least sure of."""
        first = self.random(seed, LABELS // 2)
        model = self.model("random-half", first, seed)
        rest = self.rest(first)
        said, settings = asked(model, rest)
        chosen = {q.id for q in select(rest, said, LABELS - len(first), temperature=settings.temperature)}
        return [*first, *(question for question in self.pool if question.id in chosen)]

    def told(self, model: Model, known: Sequence[Question], above: float) -> list[Question]:
        """The rest of the pool with a model's labels, where it is sure of them."""
        rest = self.rest(known)
        said, settings = asked(model, rest)
        return label(rest, said, above, temperature=settings.temperature)


def asked(model: Model, questions: Sequence[Question]) -> Said:
    """What a model, or several together, say of questions, and the settings that say how sure they are."""
    if isinstance(model, ReasoningModel):
        model = Ensemble([model])
    return model.predict([(question, None) for question in questions]), model.settings


def judged(model: Model, questions: Sequence[Question]) -> tuple[npt.NDArray[np.bool_], float]:
    """Which questions a model answers right, and its expected calibration error in percent."""
    said, settings = asked(model, questions)
    pairs = list(zip(questions, said, strict=True))
    right = np.array([each.logits.argmax() == question.answer for question, each in pairs])
    sure = [float(confidence(question, each.logits, settings.temperature).max()) for question, each in pairs]
    return right, 100 * expected_calibration_error(sure, right)


Row = tuple[str, float, dict[str, Any]]


def ways(labels: Labels, seed: int) -> Iterator[tuple[str, ReasoningModel]]:
    """A model for each way of choosing and using labels."""
    yield "half", labels.model("random-half", labels.random(seed, LABELS // 2), seed)
    known = labels.random(seed, LABELS)
    plain = labels.model("random", known, seed)
    yield "random", plain
    yield "active", labels.model("active", labels.active(seed), seed)
    yield "self", labels.model("self", known, seed, labels.told(plain, known, SURE))
    yield "curriculum", labels.model("curriculum", known, seed, curriculum=CurriculumConfig(by="length"))


def compared(labels: Labels, seeds: Sequence[int]) -> Iterator[Row]:
    """Accuracy of each way, and what it gains over plain random labels, over all seeds."""
    right: dict[str, list[npt.NDArray[np.bool_]]] = {}
    for seed in seeds:
        for name, model in ways(labels, seed):
            right.setdefault(name, []).append(judged(model, labels.dev)[0])
    groups = np.tile(np.arange(len(labels.dev)), len(seeds))
    joined = {name: np.concatenate(parts) for name, parts in right.items()}
    for name, all_right in joined.items():
        own = [round(100 * float(part.mean()), 2) for part in right[name]]
        low, high = wilson_interval(int(right[name][0].sum()), len(labels.dev))
        more = {"n": len(labels.dev), "seeds": list(seeds), "each": own, "ci95_of_first": [100 * low, 100 * high]}
        count = LABELS // 2 if name == "half" else LABELS
        yield f"{BASE}, {name}", 100 * float(all_right.mean()), {**more, "labels": count, "pool": POOL}
    for name, called in GAINS.items():
        gain = paired_bootstrap(joined[name], joined["random"], groups=groups)
        more = {"n": len(labels.dev), "seeds": list(seeds), "ci95": [100 * gain.low, 100 * gain.high]}
        yield f"{BASE}, {called}", 100 * gain.difference, more


def together(labels: Labels, seed: int) -> Iterator[Row]:
    """Five models and what they say together, and one model that learns that."""
    known = labels.random(seed, LABELS)
    models = [labels.model("random", known, seed)]
    models += [labels.model("member", known, seed + 1000 * i) for i in range(1, MEMBERS)]
    ensemble = Ensemble(models)
    names = tuple(str(labels.folder / f"{name}-{own}" / "model") for name, own in _members(seed))
    told = labels.told(ensemble, known, above=0)
    distilled = labels.model("distilled", known, seed, told, distill=DistillConfig(names, weight=1.0))
    members = [judged(model, labels.dev) for model in models]
    mean = np.mean([right for right, _ in members], axis=0)
    each = [round(100 * float(right.mean()), 2) for right, _ in members]
    more: dict[str, Any] = {"n": len(labels.dev), "seed": seed, "labels": LABELS}
    ece = float(np.mean([own for _, own in members]))
    yield f"{BASE}, mean of {MEMBERS} members", 100 * float(mean.mean()), {**more, "ece": ece, "each": each}
    judges: Mapping[str, Callable[[], tuple[npt.NDArray[np.bool_], float]]] = {
        f"{MEMBERS} members together": lambda: judged(ensemble, labels.dev),
        "one distilled from them": lambda: judged(distilled, labels.dev),
    }
    for name, judge in judges.items():
        right, ece = judge()
        gain = paired_bootstrap(right, mean)
        yield f"{BASE}, {name}", 100 * float(right.mean()), {**more, "ece": ece}
        ends = {"ci95": [100 * gain.low, 100 * gain.high]}
        yield f"{BASE}, {name} - mean member", 100 * gain.difference, {**more, **ends}


def _members(seed: int) -> list[tuple[str, int]]:
    return [("random", seed), *(("member", seed + 1000 * i) for i in range(1, MEMBERS))]


def main() -> None:
    """Measure, print, and write down where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, nargs="+", default=[1, 2, 3], help="of labels and runs")
    parser.add_argument("--folder", type=Path, default=Path("runs/labels"), help="of the runs")
    parser.add_argument("--data", help="folder of the data sets; KGREASON_DATA by default")
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    arguments = parser.parse_args()
    labels = Labels(arguments.folder, arguments.data)
    for rows in (compared(labels, arguments.seed), together(labels, arguments.seed[0])):
        for name, value, more in rows:
            results.tell(name, round(value, 2), record=arguments.record, **more)


if __name__ == "__main__":
    main()
