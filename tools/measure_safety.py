"""What takes long of the claims on safety: killed and racing writers, mutated files, as many as in ``make soak``.

    python -m tools.measure_safety [--only TEXT] [--record]

Writers run in processes of their own and are killed at random moments; each reader gets 20,000 inputs.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from time import perf_counter

from tools import results
from tools.safety import fuzz, images

__all__ = ["FUZZ", "KILLED", "MEASURES", "RACES", "measure"]

FUZZ = "fuzz inputs that end badly"
KILLED = "kills that damage a graph"
RACES = "reads that see no whole version"


def _fuzzed(inputs: int) -> list[str]:
    return [found for name in fuzz.TARGETS for found in fuzz.findings(name, inputs)]


def _in_scratch(measured: Callable[[Path, int], Iterable[str]], count: int) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        return list(measured(Path(folder), count))


#: Name of a row to its amount and measurement: what went wrong, one text each.
MEASURES: Mapping[str, tuple[int, Callable[[int], list[str]]]] = {
    KILLED: (200, partial(_in_scratch, images.killed)),
    RACES: (50, partial(_in_scratch, images.raced)),
    FUZZ: (20_000, _fuzzed),
}


def measure(name: str, share: float = 1) -> tuple[list[str], int]:
    """What went wrong, and how many tries there were.

    Args:
        name: of the row.
        share: of the amount that is promised.
    """
    amount, run = MEASURES[name]
    count = max(1, round(amount * share))
    return run(count), count * (len(fuzz.TARGETS) if name == FUZZ else 1)


def main() -> None:
    """Measure, print, and write down where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="only rows whose name holds this text")
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    arguments = parser.parse_args()
    for name in (each for each in MEASURES if arguments.only in each):
        start = perf_counter()
        found, count = measure(name)
        seconds = round(perf_counter() - start, 1)
        sys.stdout.write("".join(f"{each}\n" for each in (*found, f"{name}: {len(found)} of {count:,}, {seconds} s")))
        if arguments.record:
            command = "python -m tools.measure_safety --record"
            results.append(name, len(found), command=command, n=count, seconds=seconds)


if __name__ == "__main__":
    main()
