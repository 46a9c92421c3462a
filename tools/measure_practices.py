"""Practices of training side by side, from the same base and on the same samples.

    python -m tools.measure_practices adapters [--samples N] [--seed N] [--record]

Trains on SST-2 by each kind of adapter and by full tuning, every one in a process of its own, so that its peak of
memory is its own, and writes parameters, seconds, memory and the score on dev to docs/results.jsonl.
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

from kgreason.nn.lora import LoraSettings
from kgreason.nn.model import ModelConfig
from kgreason.retrieval import Pairs
from kgreason.training.config import RunConfig, TaskConfig
from kgreason.training.run import DevReport, build_model, load_data, train
from tools import results

__all__ = ["ADAPTERS", "measure"]

#: Samples of dev that a score is of.
DEV = 2000
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
        run = RunConfig(
            str(Path(folder) / "run"),
            {"sst2": TaskConfig("sst2", limit=samples)},
            model=ModelConfig(lora=lora, emotion=False, max_length=64),
            epochs=1,
            learning_rate=rate,
            dev_limit=DEV,
            tracker="none",
            seed=seed,
            device="cpu",
        )
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


def main() -> None:
    """Measure every adapter, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["adapters"])
    parser.add_argument("--samples", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    arguments = parser.parse_args()
    alone = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=alone, max_tasks_per_child=1) as pool:
        for name in ADAPTERS:
            found = pool.submit(measure, name, arguments.samples, arguments.seed).result()
            results.tell(f"SST-2 dev, M tuned by {name}", record=arguments.record, seed=arguments.seed, **found)


if __name__ == "__main__":
    main()
