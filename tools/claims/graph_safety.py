"""A graph on disk is never half-written, hostile files reach nothing, and equal facts have one digest."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from kgreason.graph import readers
from kgreason.graph.build import build
from kgreason.graph.update import add, remove
from tools import measure_safety
from tools.claims.claim import Claim, Measured, at_most, recorded
from tools.claims.probes import scratch
from tools.safety import faults, hostile, images, injections
from tools.safety.attack import Attack, reached

__all__ = ["SAFETY", "different_digests", "failing_calls", "successful_attacks", "unnoticed"]

_FACTS = 2_000


def failing_calls(every: int = 1) -> Measured:
    """Faults of a file call, of a build from a file, that leave something else than the old or the new graph."""
    image, file = scratch() / "g", scratch() / "facts.csv"
    images.built(image)
    _table(range(41)).write_csv(file)
    with faults.unsynced():
        turns = list(faults.damages(image, lambda: build(readers.read(file), image), every=every))
    return _counted([wrong for _, _, wrong in turns if wrong], f"{turns[-1][0]} calls, {len(turns)} faults")


def unnoticed(damage: Callable[[Path, int], Iterator[str]], count: int) -> Measured:
    """Damages of an image that nobody notices."""
    image = scratch()
    with faults.unsynced():
        images.built(image)
        return _counted(list(damage(image, count)), f"{count} of a small image's files")


def successful_attacks(attacks: Callable[[], Iterable[Attack]], every: int = 1) -> Measured:
    """Attacks that are not refused, or that reach something."""
    tried = list(attacks())[::every]
    with faults.unsynced():
        return _counted(reached(tried), f"{len(tried)} attacks")


def different_digests(rows: int = _FACTS) -> Measured:
    """Digests of graphs of the same facts, put together in different ways."""
    whole, order = _table(range(rows)), list(range(rows))
    random.Random(13).shuffle(order)
    shuffled, cut = whole[order], rows // 3
    with faults.unsynced():
        ways = {
            "whole": build(whole, scratch()),
            "shuffled": build(shuffled, scratch()),
            "in chunks": build([shuffled[start : start + 97] for start in range(0, rows, 97)], scratch()),
            "added": _edited(whole[:cut], lambda path: add(path, whole[cut:])),
            "removed": _edited([whole, _table(range(rows, rows + 99))], _trimmed(rows)),
            "both": _edited([whole[cut:], _table(range(rows, rows + 99))], _trimmed(rows), whole[:cut]),
        }
    return Measured(len({path.name for path in ways.values()}), ", ".join(ways))


def _trimmed(rows: int) -> Callable[[Path], object]:
    return lambda path: remove(path, _table(range(rows, rows + 99)))


def _edited(first: Any, edit: Callable[[Path], Any], more: Any = None) -> Path:
    path = scratch()
    build(first, path)
    if more is not None:
        add(path, more)
    version: Path = edit(path).path
    return version


def _table(numbers: Iterable[int]) -> Any:
    """Facts of these numbers, each another one."""
    import polars as pl

    rows = [(f"concept {i % 97}", ("IsA", "Antonym", "at")[i % 3], f"thing {i}", 1000 + i) for i in numbers]
    return pl.DataFrame(rows, schema=["source", "relation", "target", "weight"], orient="row")


def _counted(found: list[str], how: str) -> Measured:
    return Measured(len(found), "; ".join(found[:3]) or how)


SAFETY = (
    Claim("failing file calls that damage a graph", at_most(0, "faults"), failing_calls),
    Claim("flipped bits unnoticed", at_most(0, "of 1,000"), partial(unnoticed, images.flipped, 1_000)),
    Claim("cuts unnoticed, or opened", at_most(0, "of 200"), partial(unnoticed, images.cut, 200)),
    Claim("XML bombs that go off", at_most(0, "attacks"), partial(successful_attacks, hostile.documents)),
    Claim("references that are followed", at_most(0, "attacks"), partial(successful_attacks, hostile.references)),
    Claim("archives that unpack", at_most(0, "attacks"), partial(successful_attacks, hostile.archives)),
    Claim("pickles that are loaded", at_most(0, "attacks"), partial(successful_attacks, hostile.pickles)),
    Claim("models whose code runs", at_most(0, "attacks"), partial(successful_attacks, hostile.models)),
    Claim("SPARQL injections", at_most(0, "attacks"), partial(successful_attacks, injections.injections)),
    Claim("digests of the same facts", at_most(1, "digests"), different_digests),
    *(Claim(name, at_most(0, "findings"), recorded(name)) for name in measure_safety.MEASURES),
)
