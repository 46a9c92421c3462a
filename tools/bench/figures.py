"""What the benches share: figures with their targets, CPU time, memory, and the way they are shown and recorded."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import process_time
from typing import Any

from rich.console import Console
from rich.table import Table

from tools import results
from tools.claims.claim import Target

__all__ = ["Figure", "Peak", "anonymous_mb", "best", "of_dev_sets", "peak_memory", "report"]

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured figure.

    Args:
        name: under which it is recorded.
        value: what was measured.
        unit: of the value.
        more: sizes it was measured at.
    """

    name: str
    value: float
    unit: str = ""
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Peak:
    """The most anonymous memory held, above that at the start."""

    megabytes: float = 0.0


def best(step: Callable[[], object], repeats: int = 3) -> float:
    """CPU seconds of this process: the best of some runs, after one to warm up."""
    step()
    times = []
    for _ in range(repeats):
        start = process_time()
        step()
        times.append(process_time() - start)
    return min(times)


def anonymous_mb() -> float:
    """Memory of this process that no file stands behind, in MB."""
    lines = _STATUS.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1000


@contextmanager
def peak_memory() -> Iterator[Peak]:
    """Watches the memory of this process, a hundred times a second."""
    start, peak, done = anonymous_mb(), Peak(), threading.Event()

    def look() -> None:
        peak.megabytes = max(peak.megabytes, anonymous_mb() - start)

    def watch() -> None:
        while not done.wait(0.01):
            look()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()
        look()  # what was taken may be younger than the last look


def report(
    figures: Sequence[Figure],
    command: str,
    targets: Mapping[str, Target],
    *,
    record: bool,
    book: Path = results.RESULTS,
) -> None:
    """Print figures beside their targets, as far as they have one, and write them down where asked to."""
    shown = Table("figure", "target", "measured", "ok")
    for each in figures:
        target = targets.get(each.name)
        ok = "" if target is None else "yes" if target.met(each.value) else "NO"
        shown.add_row(each.name, str(target or ""), f"{each.value:,.4g} {each.unit}".rstrip(), ok)
    Console(width=None if sys.stdout.isatty() else 120).print(shown)
    if record:
        for each in figures:
            value = float(f"{each.value:.4g}")
            results.append(each.name, value, command=command, path=book, unit=each.unit, **each.more)


def of_dev_sets(name: str, measure: Callable[[int], Sequence[Figure]], about: str | None, questions: int) -> None:
    """The command line of a bench that asks the first questions of dev sets: measure, print, write down if asked to.

    Args:
        name: of the bench.
        measure: what it measures of so many questions.
        about: what it says of itself.
        questions: how many by default.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=questions, help="of each dev set")
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    parser.add_argument("--book", type=Path, default=results.RESULTS, help="another file to append to")
    arguments = parser.parse_args()
    command = f"python -m tools.bench.{name} --questions {arguments.questions} --record"
    report(measure(arguments.questions), command, {}, record=arguments.record, book=arguments.book)
