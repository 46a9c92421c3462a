"""What a graph costs to build, to open and to look up, beside plain scans and networkx.

    python -m tools.bench.graph [--dump FILE] [--edges N --nodes N] [--soak] [--record]

The dump is made up in the shape of ConceptNet 5 where none is given, see :mod:`tools.bench.dump`. Times are CPU
seconds of one process with one thread; ratios come from one run, so that a busy machine slows both sides. The image
holds all that an image holds: facts with their origin and licence, surface forms, digests. ``--soak`` builds ten times
as much.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import numpy.typing as npt
import polars as pl
from numba import njit

from kgreason.graph import KnowledgeGraph, readers
from kgreason.graph.build import build
from tools import results
from tools.bench import dump, peers
from tools.bench.figures import Figure, anonymous_mb, best, peak_memory, report
from tools.claims.claim import at_least, at_most
from tools.claims.probes import scratch

__all__ = ["NETWORKX", "TARGETS", "built", "bytes_an_edge", "measure", "opening", "rows_a_second"]

BUILD, MEMORY = "graph build over a scan of three columns", "graph build own peak memory"
NETWORKX = "networkx MultiDiGraph over graph build"
OPEN, OPEN_MEMORY = "graph open", "graph open own memory"
BYTES, LOOKUPS = "graph bytes a directed edge", "graph one-hop rows a second"
SOAK = "graph build own peak memory, ten times the edges"
TARGETS = {
    BUILD: at_most(20, "times"),
    MEMORY: at_most(1000, "MB"),
    SOAK: at_most(8000, "MB"),
    OPEN: at_most(5, "ms"),
    OPEN_MEMORY: at_most(5, "MB"),
    BYTES: at_most(9, "bytes"),
    LOOKUPS: at_least(5e6, "/s"),
}
#: Lines of the dump that networkx reads too: at full size it alone takes minutes and gigabytes.
FEW_EDGES, FEW_NODES = 100_000, 40_000
ROWS = 200_000


def built(path: Path, out: Path) -> dict[str, float]:
    """Build a graph in a process of its own: CPU seconds, wall seconds, and its own peak memory in MB."""
    return _alone("build_here", path, out)


def _alone(function: str, *paths: Path) -> dict[str, float]:
    """What a function of this file writes, in a process whose polars has one thread."""
    code = f"from tools.bench import graph; graph.{function}(*{[str(path) for path in paths]!r})"
    one = {**os.environ, "POLARS_MAX_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=one, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def build_here(path: str, out: str) -> None:
    """Build a graph and write what it took."""
    start, wall = process_time(), perf_counter()
    with peak_memory() as peak:
        facts = readers.read(path)
        build(facts, out, labels=facts.labels, aliases=facts.aliases, sources=facts.sources)
    told = {"cpu": process_time() - start, "wall": perf_counter() - wall, "megabytes": peak.megabytes}
    sys.stdout.write(json.dumps(told))


def scan_here(path: str) -> None:
    """Touch the three columns that a graph is made of, and no more, and write what it took."""
    lines = pl.scan_csv(path, separator="\t", has_header=False, quote_char=None, new_columns=list("urste"))
    touched = lines.select(pl.col("r", "s", "t").str.len_bytes().sum())
    sys.stdout.write(json.dumps({"cpu": best(touched.collect)}))


@njit(nogil=True)
def _sum_rows(ptr: npt.NDArray[np.int64], idx: npt.NDArray[np.int32], nodes: npt.NDArray[np.int64]) -> int:
    total = 0
    for node in nodes:
        for entry in range(ptr[node], ptr[node + 1]):
            total += idx[entry]
    return total


def rows_a_second(graph: KnowledgeGraph) -> float:
    """Rows of random nodes read a CPU second, in one call."""
    nodes = np.random.default_rng(5).integers(0, graph.num_nodes, ROWS)
    return ROWS / best(lambda: _sum_rows(graph.ptr, graph.idx, nodes))


def bytes_an_edge(graph: KnowledgeGraph) -> float:
    """Bytes of ptr, idx, rel and weight for each directed edge."""
    return sum(array.nbytes for array in (graph.ptr, graph.idx, graph.rel, graph.weight)) / len(graph.idx)


def opening(out: Path, repeats: int = 20) -> tuple[float, float]:
    """Milliseconds to open an image, and MB that it takes of its own before anything is asked."""
    KnowledgeGraph.open(out)
    before, times, held = anonymous_mb(), [], []
    for _ in range(repeats):
        start = perf_counter()
        held.append(KnowledgeGraph.open(out))
        times.append(1000 * (perf_counter() - start))
    return min(times), (anonymous_mb() - before) / repeats


def measure(path: Path, folder: Path, sizes: Mapping[str, int]) -> list[Figure]:
    """All figures of one dump.

    Args:
        path: the dump.
        folder: where graphs are built.
        sizes: what is noted beside the figures.
    """
    told, scanned = built(path, folder / "graph"), _alone("scan_here", path)["cpu"]
    graph = KnowledgeGraph.open(folder / "graph")
    milliseconds, megabytes = opening(folder / "graph")
    more = {**sizes, "cpu_s": round(told["cpu"], 2), "wall_s": round(told["wall"], 2), "scan_cpu_s": round(scanned, 3)}
    return [
        Figure(BUILD, told["cpu"] / scanned, "times", more),
        Figure(MEMORY, told["megabytes"], "MB", dict(sizes)),
        Figure(OPEN, milliseconds, "ms", dict(sizes)),
        Figure(OPEN_MEMORY, megabytes, "MB", dict(sizes)),
        Figure(BYTES, bytes_an_edge(graph), "bytes", dict(sizes)),
        Figure(LOOKUPS, rows_a_second(graph), "/s", dict(sizes)),
    ]


def beside_networkx(folder: Path) -> Figure:
    """CPU of a multigraph of networkx filled line by line, over that of a build from the same small dump."""
    path = folder / "few.tsv"
    dump.write(path, FEW_EDGES, FEW_NODES)
    told = built(path, folder / "few")
    start = process_time()
    peers.multigraph(path)
    spent = process_time() - start
    sizes = {"edges": FEW_EDGES, "cpu_s": round(told["cpu"], 2), "networkx_cpu_s": round(spent, 2)}
    return Figure(NETWORKX, spent / told["cpu"], "times", sizes)


def main() -> None:
    """Measure, print, and write down where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dump", type=Path, help="ConceptNet 5 assertions; made up by default")
    parser.add_argument("--edges", type=int, default=dump.EDGES)
    parser.add_argument("--nodes", type=int, default=dump.NODES)
    parser.add_argument("--soak", action="store_true", help="ten times the edges and nodes, memory alone")
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    parser.add_argument("--book", type=Path, default=results.RESULTS, help="another file to append to")
    arguments = parser.parse_args()
    if arguments.record and arguments.edges < dump.EDGES and arguments.book == results.RESULTS:
        parser.error(f"targets are of {dump.EDGES:,} edges: record fewer in a book of their own")
    folder, times = scratch(), 10 if arguments.soak else 1
    sizes = {"edges": times * arguments.edges, "nodes": times * arguments.nodes}
    path = arguments.dump or folder / "dump.tsv"
    if arguments.dump is None:
        dump.write(path, **sizes)
    command = "python -m tools.bench.graph" + (" --soak" if arguments.soak else "") + " --record"
    if arguments.soak:
        told = built(path, folder / "graph")
        figures = [Figure(SOAK, told["megabytes"], "MB", sizes)]
    else:
        figures = [*measure(path, folder, sizes), beside_networkx(folder)]
    report(figures, command, TARGETS, record=arguments.record, book=arguments.book)


if __name__ == "__main__":
    main()
