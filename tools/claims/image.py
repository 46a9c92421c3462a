"""Measurements of the packaged graph's image: building, opening, sameness, damage."""

from __future__ import annotations

import random
import statistics
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from time import perf_counter

from kgreason import storage
from tools.claims.claim import Measured
from tools.claims.probes import interpret, kgreason, scratch

__all__ = ["build_seconds", "different_digests", "open_milliseconds", "unnoticed_damage"]

_BUILD = """
from time import perf_counter
from kgreason.graph.default import default_image
start = perf_counter()
path = default_image(None)
print(perf_counter() - start, path)
"""


@cache
def _built() -> tuple[float, Path]:
    """Seconds of a first build by a process of its own, and the image it made."""
    return _first_use()


def _first_use() -> tuple[float, Path]:
    seconds, path = interpret(_BUILD, {"KGREASON_HOME": str(scratch())}).split(maxsplit=1)
    return float(seconds), Path(path.strip())


def build_seconds() -> Measured:
    """A first use: from packaged facts to an image."""
    return Measured(_built()[0], "one first use in a fresh process")


def open_milliseconds() -> Measured:
    """Opening the image again and again in one process."""
    from kgreason.graph import KnowledgeGraph

    _, path = _built()
    KnowledgeGraph.open(path)
    times = []
    for _ in range(20):
        start = perf_counter()
        KnowledgeGraph.open(path)
        times.append(1000 * (perf_counter() - start))
    return Measured(statistics.median(times), f"median of {len(times)}")


def different_digests() -> Measured:
    """Digests of two first builds, and of one from the same facts in another order."""
    from kgreason.graph import KnowledgeGraph

    images = (_built()[1], _first_use()[1], _build_shuffled())
    digests = {KnowledgeGraph.open(path).digest for path in images}
    return Measured(len(digests), "two first uses, one build of shuffled facts")


def _build_shuffled() -> Path:
    """The packaged graph from its facts with the rows of every table shuffled."""
    import polars as pl

    import kg_data
    from kgreason.graph import readers
    from kgreason.graph.build import build
    from kgreason.graph.vectors import StaticVectors

    folder = scratch()
    for table in kg_data.path("facts").glob("*.parquet"):
        frame = pl.read_parquet(table).sample(fraction=1, shuffle=True, seed=13)
        with storage.create(folder / "facts" / table.name) as handle:
            frame.write_parquet(handle)
    described = storage.read_limited(kg_data.path("facts/facts.json"), storage.JSON_BYTES)
    storage.write_bytes(folder / "facts" / "facts.json", described)
    facts = readers.read(folder / "facts")
    return build(
        facts,
        folder / "graph",
        labels=facts.labels,
        aliases=facts.aliases,
        columns={"text": StaticVectors.load().encode},
        sources=facts.sources,
    )


def unnoticed_damage(flips: int = 200, cuts: int = 50) -> Measured:
    """Random byte flips and truncations of a small image of real facts that ``verify`` does not find."""
    version = _small_image()
    from kgreason.graph.manifest import verify

    files = sorted(path for path in version.iterdir() if path.stat().st_size)
    unnoticed = 0
    for name, damaged in _damages(files, flips, cuts):
        whole = storage.read_limited(name, 2**30)
        storage.write_bytes(name, damaged)
        unnoticed += not verify(version)
        storage.write_bytes(name, whole)
    if findings := verify(version):
        raise AssertionError(f"the restored image is not sound: {findings[0]}")
    return Measured(unnoticed, f"{flips} flips, {cuts} truncations over {len(files)} files")


def _damages(files: list[Path], flips: int, cuts: int) -> Iterator[tuple[Path, bytes]]:
    chance = random.Random(13)
    for turn in range(flips + cuts):
        path = chance.choice(files)
        data = bytearray(storage.read_limited(path, 2**30))
        place = chance.randrange(len(data))
        if turn < flips:
            data[place] ^= chance.randrange(1, 256)
        else:
            del data[place:]
        yield path, bytes(data)


def _small_image() -> Path:
    """An image of the first packaged facts, through the command."""
    import polars as pl

    import kg_data

    folder = scratch()
    frame = pl.read_parquet(kg_data.path("facts/assertions.parquet"), n_rows=20_000)
    with storage.create(folder / "facts" / "assertions.parquet") as handle:
        frame.write_parquet(handle)
    done = kgreason("graph", "build", folder / "facts", "-o", folder / "g", "--quiet")
    if done.returncode:
        raise RuntimeError(done.stderr)
    (version,) = (folder / "g").glob("v-*")
    return version
