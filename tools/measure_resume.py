"""Kill a run with SIGKILL at a random step, resume it, and count the losses that differ from an unbroken run's.

    python -m tools.measure_resume --data FOLDER

Each run is a process of its own; the figure is written to docs/results.jsonl.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kgreason import storage
from kgreason.errors import StorageError
from kgreason.training.config import RunConfig, TaskConfig
from tools import results

__all__ = ["curve", "differing", "measure", "recipe"]

STEPS = 24
Point = tuple[float, float]


def recipe(output: Path) -> RunConfig:
    """24 steps of SST-2 on MiniLM; every step is logged, and checkpoints lie within epochs and at their ends."""
    return RunConfig(
        str(output),
        {"sst2": TaskConfig("sst2", limit=1000)},
        epochs=4,
        steps_per_epoch=STEPS // 4,
        batch_size=8,
        held_out=0.002,
        dev_limit=16,
        save_steps=5,
        device="cpu",
    )


def curve(folder: str | Path) -> dict[int, Point]:
    """Loss and gradient norm of every logged step of a finished run."""
    log: list[dict[str, Any]] = storage.read_json(Path(folder) / "log.json")
    return {entry["step"]: (entry["loss"], entry["grad_norm"]) for entry in log if "loss" in entry}


def differing(a: Mapping[int, Point], b: Mapping[int, Point]) -> int:
    """Steps whose points are not the same bits, or that one of the two lacks.

    Example:
        >>> differing({1: (0.5, 1.0), 2: (0.25, 1.0)}, {1: (0.5, 1.0)})
        1
    """
    return sum(a.get(step) != b.get(step) for step in a.keys() | b.keys())


def carry(output: Path, data: str | None, kill_at: int, resume: bool) -> None:
    """Train in this process, which dies right after a step if one is named."""
    from kgreason.retrieval import Pairs
    from kgreason.training.run import build_model, load_data, train

    def progress(_: str, done: int, __: int) -> None:
        if done == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    run = recipe(output)
    train(run, build_model(run), load_data(run, Pairs, data), resume=resume, progress=progress)


def _process(*arguments: object, ends: int) -> None:
    """A process of its own that carries a run."""
    process = multiprocessing.get_context("spawn").Process(target=carry, args=arguments)
    process.start()
    process.join()
    if process.exitcode != ends:
        raise StorageError(f"a run ended with {process.exitcode}, not {ends}", fix="Read its last words above.")


def measure(folder: Path, data: str | None, kill_at: int) -> tuple[int, bool]:
    """Losses that differ between a run killed after a step and an unbroken one, and whether the weights are equal."""
    whole, broken = folder / "whole", folder / "broken"
    _process(whole, data, 0, False, ends=0)
    _process(broken, data, kill_at, False, ends=-signal.SIGKILL)
    _process(broken, data, 0, True, ends=0)
    weights = ("model.safetensors", "adapter/adapter_model.safetensors")
    equal = all(storage.digest(whole / "model" / name) == storage.digest(broken / "model" / name) for name in weights)
    a, b = curve(whole), curve(broken)
    if len(a) != STEPS:
        raise StorageError(f"{len(a)} of {STEPS} losses were logged", fix="Log every step.")
    return differing(a, b), equal


def main() -> None:
    """Measure, and write the row down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder of the data sets; KGREASON_DATA by default")
    parser.add_argument("--seed", type=int, default=None, help="of the step at which the run is killed")
    arguments = parser.parse_args()
    kill_at = random.Random(arguments.seed).randint(6, STEPS - 1)  # after the first checkpoint
    with tempfile.TemporaryDirectory() as folder:
        count, equal = measure(Path(folder), arguments.data, kill_at)
    command = "python -m tools.measure_resume"
    results.append("resume bit-equal", count, command=command, steps=STEPS, killed_after=kill_at, weights_equal=equal)
    sys.stderr.write(f"killed after step {kill_at}: {count} of {STEPS} losses differ; weights equal: {equal}\n")


if __name__ == "__main__":
    main()
