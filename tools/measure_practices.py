"""Practices of training side by side, from the same base and on the same samples.

    python -m tools.measure_practices adapters|bias [--samples N] [--seed N] [--penalty F] [--record]

``adapters`` trains on SST-2 by each kind of adapter and by full tuning, every one in a process of its own, so that its
peak of memory is its own, and writes parameters, seconds, memory and the score on dev to docs/results.jsonl. ``bias``
trains with and without the penalty for answering otherwise about another group of people, and audits both.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from kgreason.evaluation.bias import question_gaps
from kgreason.metrics import paired_bootstrap
from kgreason.nn.lora import LoraSettings
from kgreason.nn.model import ModelConfig
from kgreason.nn.predict import predict
from kgreason.retrieval import Pairs
from kgreason.tasks import load
from kgreason.training.config import RunConfig, TaskConfig
from kgreason.training.run import DevReport, build_model, load_data, train
from tools import results

__all__ = ["ADAPTERS", "COST", "GAP", "audited", "measure"]

#: Samples of dev that a score is of.
DEV = 2000
GAP, COST = "SST-2 dev, largest gap of the audit", "SST-2 dev, accuracy with the penalty for bias - plain"
#: By name the adapter of M, and its rate of learning: the fewer weights learn, the further they have to go.
ADAPTERS: dict[str, tuple[LoraSettings | None, float]] = {
    "lora": (LoraSettings(), 2e-4),
    "adalora": (LoraSettings(kind="adalora"), 1e-3),
    "ia3": (LoraSettings(kind="ia3"), 3e-3),
    "full": (None, 2e-5),
}


def measure(name: str, samples: int, seed: int) -> dict[str, Any]:
    """Train one epoch with an adapter on SST-2.

    Args:
        name: one of :data:`ADAPTERS`.
        samples: of training.
        seed: of the run.

    Returns:
        score on dev (accuracy in percent, of n), samples, parameters of M that learn, seconds of training, and the
        process's peak of memory in GB.
    """
    lora, rate = ADAPTERS[name]
    reports: list[DevReport] = []
    with tempfile.TemporaryDirectory() as folder:
        run = _run(folder, samples, seed, lora=lora, learning_rate=rate)
        model, data = build_model(run), load_data(run, Pairs)
        learning = sum(p.numel() for p in model.backbone.parameters() if p.requires_grad)
        start = perf_counter()
        train(run, model, data, on_report=reports.append)
    return {
        "value": round(100 * reports[-1].score, 2),
        "n": min(DEV, len(data["sst2"].dev)),
        "samples": samples,
        "parameters": learning,
        "seconds": round(perf_counter() - start, 1),
        "memory_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 2),
    }


def audited(samples: int, seed: int, penalty: float) -> dict[str, Any]:
    """Train one epoch on SST-2 with a weight of the penalty for bias, and audit the model on dev.

    Args:
        samples: of training.
        seed: of the run.
        penalty: its weight.

    Returns:
        right, which of the first dev questions are; gap, the largest share of choices that change between two groups,
        in percent; pair, those groups; n, the questions in which it was found; by_axis, the share over all groups of
        an axis.
    """
    with tempfile.TemporaryDirectory() as folder:
        run = _run(folder, samples, seed, lora=LoraSettings(), learning_rate=2e-4, bias=penalty)
        model = train(run, build_model(run), load_data(run, Pairs)).eval()
    dev = load("sst2", "dev")
    said = predict(model, [(question, None) for question in dev[:DEV]])
    right = np.array([each.logits.argmax() == question.answer for question, each in zip(dev, said, strict=False)])
    axes = question_gaps(model, dev, None)["axes"]
    pairs = {pair: told for axis in axes.values() for pair, told in axis["pairs"].items() if "changed" in told}
    pair = max(pairs, key=lambda name: float(pairs[name]["changed"]))
    by_axis = {name: round(100 * told["changed"], 2) for name, told in axes.items() if "changed" in told}
    gap = 100 * pairs[pair]["changed"]
    return {"right": right, "gap": gap, "pair": pair, "n": pairs[pair]["asked"], "by_axis": by_axis}


def _run(folder: str, samples: int, seed: int, *, lora: LoraSettings | None, **keys: Any) -> RunConfig:
    return RunConfig(
        str(Path(folder) / "run"),
        {"sst2": TaskConfig("sst2", limit=samples)},
        model=ModelConfig(lora=lora, emotion=False, max_length=64),
        epochs=1,
        dev_limit=DEV,
        tracker="none",
        seed=seed,
        device="cpu",
        **keys,
    )


def _bias(samples: int, seed: int, penalty: float, record: bool) -> None:
    """Audit two models that differ in the penalty alone, and tell the gap and what the penalty costs."""
    plain, fair = (audited(samples, seed, weight) for weight in (0.0, penalty))
    for name, found in (("plain", plain), ("with the penalty", fair)):
        more = {key: found[key] for key in ("pair", "n", "by_axis")} | {"penalty": penalty * (name != "plain")}
        results.tell(f"{GAP}, {name}", round(found["gap"], 2), record=record, seed=seed, samples=samples, **more)
    gain = paired_bootstrap(fair["right"], plain["right"])
    more = {"n": len(fair["right"]), "ci95": [100 * gain.low, 100 * gain.high]}
    results.tell(COST, round(100 * gain.difference, 2), record=record, seed=seed, samples=samples, **more)


def main() -> None:
    """Measure, and write the figures down where asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["adapters", "bias"])
    parser.add_argument("--samples", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--penalty", type=float, default=1.0, help="weight of the penalty for bias")
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    arguments = parser.parse_args()
    if arguments.what == "bias":
        _bias(arguments.samples, arguments.seed, arguments.penalty, arguments.record)
        return
    alone = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=alone, max_tasks_per_child=1) as pool:
        for name in ADAPTERS:
            found = pool.submit(measure, name, arguments.samples, arguments.seed).result()
            results.tell(f"SST-2 dev, M tuned by {name}", record=arguments.record, seed=arguments.seed, **found)


if __name__ == "__main__":
    main()
