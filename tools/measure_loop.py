"""Measure training practices and the diagnosis that asks for them.

    python -m tools.measure_loop diagnose [--model NAME] [--data FOLDER] [--record]
    python -m tools.measure_loop robust [--practices NAME ...] [--seed N] [--data FOLDER] [--record]

``diagnose`` runs over 5,000 dev samples of five sets: how long it takes, what it names as weakest, and what each change
of samples, noise in the edges among them, costs on each set. ``robust`` trains the recipe ``robust`` plainly and once
for each practice, and compares them on SST-2's dev, as it is and changed; augmented runs have been trained on changes
of the same kinds, drawn anew. Runs are resumable and finished ones are not repeated.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from kgreason.evaluation import diagnose
from kgreason.graph import KnowledgeGraph
from kgreason.metrics import paired_bootstrap
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import predict
from kgreason.nn.weights import find_checkpoint
from kgreason.records import Question
from kgreason.tasks import load
from kgreason.tasks.changes import changes
from tools import results
from tools.make_mini import RECIPES, carried

__all__ = ["CHANGED", "MINUTES", "PRACTICES", "changed"]

MINUTES = "loop, diagnosis of 5,000 samples, minutes"
#: Sets and how many samples of their dev splits; 5,000 together.
SETS: Mapping[str, int] = {"commonsenseqa": 1221, "openbookqa": 500, "lingnli": 1500, "sst2": 1279, "goemotions": 500}
PLAIN = "plain"
#: Keys of a run that stand for a practice; first the run that the others are compared with.
PRACTICES: Mapping[str, tuple[str, ...]] = {
    PLAIN: (),
    "augmented": ("augment.share=0.5",),
    "fgm": ("adversarial.kind=fgm",),
    "smooth": ("adversarial.kind=smooth",),
    "augmented and fgm": ("augment.share=0.5", "adversarial.kind=fgm"),
}
#: Changes of samples that practices are compared on; an order of options is not one of an emotion.
CHANGED = ("typos", "other words", "irrelevant sentence", "concept swap")

Row = tuple[str, float, dict[str, Any]]


def changed(questions: Sequence[Question], name: str, graph: KnowledgeGraph, seed: int = 0) -> list[Question]:
    """Questions changed in one way; what it does not apply to stays."""
    change = changes(graph)[name]
    return [change(question, Random(f"{seed} {name} {i}")) for i, question in enumerate(questions)]


def _diagnosed(arguments: argparse.Namespace) -> Iterator[Row]:
    model = ReasoningModel.from_pretrained(find_checkpoint(arguments.model), device="cpu")
    files = {name: load(name, "dev", data=arguments.data)[:count] for name, count in SETS.items()}
    found = diagnose(model, files, KnowledgeGraph.open("default"), progress=_progress)
    weakest = found.weakness and f"{found.weakness.phenomenon} in {found.weakness.file}"
    yield MINUTES, found.seconds / 60, {"n": sum(map(len, files.values())), "weakest": weakest}
    for effect in (*found.robustness, *found.faculties):
        kind = "loop, changed" if effect in found.robustness else "loop, without"
        ends = [100 * end for end in effect.ends]
        more = {"n": effect.n, "ci95": ends, "before": 100 * effect.before, "kept": 100 * effect.kept}
        yield f"{kind}, {effect.change}, {effect.file}", 100 * effect.difference, more


def _robust(arguments: argparse.Namespace) -> Iterator[Row]:
    graph, dev = KnowledgeGraph.open("default"), load("sst2", "dev", data=arguments.data)
    asked = {"as it is": dev, **{name: changed(dev, name, graph) for name in CHANGED}}
    plain: dict[str, npt.NDArray[np.bool_]] = {}
    chosen = arguments.practices or [name for name in PRACTICES if name != PLAIN]
    for practice, settings in ((name, PRACTICES[name]) for name in (PLAIN, *chosen)):
        output = f"runs/robust-{practice.replace(' ', '-')}-{arguments.seed}"
        run = carried(
            RECIPES / "robust.toml", arguments.data, (*settings, f"output={output}", f"seed={arguments.seed}")
        )
        model = ReasoningModel.from_pretrained(Path(run.output) / "model", device="cpu")
        for name, questions in asked.items():
            predictions = predict(model, [(q, None) for q in questions], autocast=torch.bfloat16)
            right = np.array([p.logits.argmax() == q.answer for q, p in zip(questions, predictions, strict=True)])
            if practice == PLAIN:
                plain[name] = right
                continue
            gain = paired_bootstrap(right, plain[name])
            share = {"accuracy": 100 * float(right.mean()), "plain": 100 * float(plain[name].mean())}
            more = {"n": len(right), "ci95": [100 * gain.low, 100 * gain.high], **share, "seed": arguments.seed}
            yield f"loop, {practice} - plain, SST-2 dev, {name}", 100 * gain.difference, more


def _progress(stage: str, done: int, total: int) -> None:
    sys.stderr.write(f"\r{stage} {done:,} of {total:,}" + "\n" * (done == total))


def main() -> None:
    """Measure, print, and write down where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("diagnose", "robust"))
    parser.add_argument("--model", default="mini", help="a checkpoint to diagnose")
    parser.add_argument("--data", help="folder of the data sets; KGREASON_DATA by default")
    parser.add_argument("--practices", nargs="+", choices=[*PRACTICES][1:], metavar="NAME", help="these alone")
    parser.add_argument("--seed", type=int, default=1, help="of the runs")
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    arguments = parser.parse_args()
    for name, value, more in (_diagnosed if arguments.what == "diagnose" else _robust)(arguments):
        results.tell(name, value, record=arguments.record, **more)


if __name__ == "__main__":
    main()
