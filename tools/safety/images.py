"""Damages graphs on disk, kills those who write them, and tells what goes unnoticed or is lost."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from kgreason import storage
from kgreason.errors import GraphImageError
from kgreason.graph import KnowledgeGraph
from kgreason.graph.build import build
from kgreason.graph.manifest import CURRENT, LOCK, live_version, verify
from kgreason.graph.update import clean
from tools.safety.faults import unsynced

__all__ = ["built", "cut", "facts", "flipped", "killed", "raced"]

_WRITER = "from tools.safety.images import write; import sys; write(*sys.argv[1:])"
_VARIANTS = 3


def facts(variant: int = 0, rows: int = 41) -> list[tuple[str, str, str, int]]:
    """Assertions of a small graph; each variant has some of its own."""
    own = [(f"own {variant}", "IsA", "thing", 1000)] * (1 + variant)
    return [*own, *((f"concept {i % 13}", ("IsA", "Antonym")[i % 2], f"thing {i}", 1000 + i) for i in range(rows))]


def built(image: Path, variant: int = 0) -> Path:
    """Builds a graph of these facts and makes it the live version."""
    import polars as pl

    table = pl.DataFrame(facts(variant), schema=["source", "relation", "target", "weight"], orient="row")
    return build(table, image, labels={f"own {variant}": "one's own"}, aliases=[("things", "thing", 0.8)])


def write(image: str, turns: str, seed: str) -> None:
    """What a writer's process does: builds one graph after another, and at times cleans the older ones away."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    chance = random.Random(seed)
    with unsynced():
        for _ in range(int(turns)):
            built(Path(image), chance.randrange(_VARIANTS))
            if not chance.randrange(3):
                clean(image)


def _writer(image: Path, turns: int, seed: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", _WRITER, str(image), str(turns), str(seed)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert writer.stdout is not None
    writer.stdout.readline()
    return writer


def flipped(image: Path, flips: int, seed: int = 13) -> Iterator[str]:
    """Flips one random bit in a random file of an image, so many times; yields what ``verify`` does not find."""
    chance = random.Random(seed)
    for path, data in _files(image, flips, chance):
        changed, place = bytearray(data), chance.randrange(len(data))
        changed[place] ^= 1 << chance.randrange(8)
        storage.write_bytes(path, bytes(changed))
        if not verify(image):
            yield f"{path.name}, byte {place}"
        storage.write_bytes(path, data)


def cut(image: Path, cuts: int, seed: int = 17) -> Iterator[str]:
    """Cuts a random file of an image short, so many times; yields what opening or ``verify`` does not find."""
    chance = random.Random(seed)
    for path, data in _files(image, cuts, chance):
        size = chance.randrange(len(data))
        storage.write_bytes(path, data[:size])
        if not verify(image):
            yield f"{path.name}, {size} bytes: not found"
        try:
            KnowledgeGraph.open(image)
        except GraphImageError:
            pass
        else:
            yield f"{path.name}, {size} bytes: opened"
        storage.write_bytes(path, data)


def _files(image: Path, turns: int, chance: random.Random) -> Iterator[tuple[Path, bytes]]:
    """Random files of the live version, and CURRENT, with what they hold."""
    files = [image / CURRENT, *(path for path in storage.entries(live_version(image)) if storage.size(path))]
    for _ in range(turns):
        path = chance.choice(files)
        yield path, storage.read_limited(path, 1 << 30)


def killed(image: Path, kills: int, seed: int = 41) -> Iterator[str]:
    """Kills a writing process at random moments; yields what is wrong with the image after each.

    In the end a build has to go through and nothing half-written to be left.
    """
    chance = random.Random(seed)
    sound = {built(image, variant).name for variant in range(_VARIANTS)}
    for turn in range(kills):
        writer = _writer(image, 1 << 30, f"{seed}-{turn}")
        time.sleep(chance.uniform(0, 0.3))
        writer.kill()
        writer.communicate()
        yield from verify(image)
        if (name := KnowledgeGraph.open(image).digest) not in {each.removeprefix("v-") for each in sound}:
            yield f"{name} is live"
    last = built(image, 0)
    clean(image)
    if left := {path.name for path in storage.entries(image)} - {CURRENT, LOCK, last.name}:
        yield f"{sorted(left)} are left"


def raced(image: Path, rounds: int, seed: int = 43) -> Iterator[str]:
    """Two processes build and clean at once, so many times each, while this one reads; yields what it should not see.

    Whatever is opened has to be one whole version: the edges of the graph that its digest names.
    """
    known = {built(image, variant).name: _edges(KnowledgeGraph.open(image)) for variant in range(_VARIANTS)}
    writers = [_writer(image, rounds, f"{seed}-{each}") for each in range(2)]
    while any(writer.poll() is None for writer in writers):
        graph = KnowledgeGraph.open(image)
        if _edges(graph) != known.get(f"v-{graph.digest}"):
            yield f"{graph.digest} has edges of its own"
    for writer in writers:
        _, said = writer.communicate()
        if writer.returncode:
            yield said.decode().strip().rpartition("\n")[2]
    yield from verify(image)


def _edges(graph: KnowledgeGraph) -> Sequence[object]:
    return graph.match()
