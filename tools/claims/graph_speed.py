"""What we claim of the speed of graphs: recorded by the benches, and measured now where that takes seconds."""

from __future__ import annotations

from functools import cache, partial

from tools.bench import graph as graph_bench
from tools.bench import retrieval as retrieval_bench
from tools.claims.claim import Claim, Measured, at_least, at_most, recorded

__all__ = ["SPEED"]


@cache
def _question(place: int) -> Measured:
    times = retrieval_bench.question_milliseconds()
    return Measured(times[place], "CPU, median of 200 CommonsenseQA dev questions")


def _rows() -> Measured:
    from kgreason.graph import KnowledgeGraph

    return Measured(graph_bench.rows_a_second(KnowledgeGraph.open("default")), "the default graph, one call")


SPEED = [
    Claim("default graph, ground and retrieve", at_most(2, "ms"), partial(_question, 0)),
    Claim("default graph, one-hop rows a second", at_least(5e6, "/s"), _rows),
    *(
        Claim(name, target, recorded(name))
        for name, target in {**graph_bench.TARGETS, **retrieval_bench.TARGETS}.items()
    ),
]
