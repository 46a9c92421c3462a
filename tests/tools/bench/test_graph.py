from __future__ import annotations

from tools.bench import dump, graph, peers
from tools.bench.figures import best, peak_memory
from tools.bench.graph import TARGETS, measure


def test_all_figures_of_a_small_dump(tmp_path):
    path = tmp_path / "dump.tsv"
    dump.write(path, 1009, 401)
    figures = {figure.name: figure for figure in measure(path, tmp_path, {"edges": 1009, "nodes": 401})}
    assert figures.keys() == TARGETS.keys() - {graph.SOAK}
    assert all(figure.value >= 0 for figure in figures.values())
    assert figures[graph.BYTES].value == (402 * 8 + 2018 * 7) / 2018


def test_networkx_reads_the_same_edges(tmp_path):
    path = tmp_path / "dump.tsv"
    dump.write(path, 1009, 401)
    assert peers.multigraph(path).number_of_edges() == 1009


def test_memory_that_is_taken_is_seen():
    with peak_memory() as peak:
        held = bytearray(b"x") * 100_000_000  # more than malloc would take from what was freed before
        best(lambda: len(held), 1)
    assert peak.megabytes > 70
