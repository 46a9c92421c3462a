"""The formula answers: what we claim of the whole way from a question to an answer with evidence."""

from __future__ import annotations

import statistics
from functools import partial
from time import perf_counter

from tools.claims import bad_input, evidence, image
from tools.claims.claim import Claim, Measured, at_least, at_most
from tools.claims.probes import interpret, kgreason

__all__ = ["CLAIMS"]

_IMPORT = """
from time import perf_counter
start = perf_counter()
import kgreason
print(perf_counter() - start)
"""


def _import_seconds() -> Measured:
    times = [float(interpret(_IMPORT)) for _ in range(7)]
    return Measured(statistics.median(times), f"median of {len(times)} fresh interpreters")


def _help_seconds() -> Measured:
    times = []
    for _ in range(7):
        start = perf_counter()
        kgreason("--help")
        times.append(perf_counter() - start)
    return Measured(statistics.median(times), f"median of {len(times)} runs")


def _ground_and_retrieve() -> Measured:
    """Milliseconds from a question to its subgraph, everything warm."""
    from kgreason.graph import KnowledgeGraph
    from kgreason.grounding import Grounder
    from kgreason.retrieval import Retriever
    from kgreason.tasks import load

    graph = KnowledgeGraph.open("default")
    grounder, retriever = Grounder(graph), Retriever(graph)
    questions = load("commonsenseqa", "dev")[:500]
    for question in questions[:50]:
        retriever.retrieve(grounder.ground(question))
    times = []
    for question in questions:
        start = perf_counter()
        retriever.retrieve(grounder.ground(question))
        times.append(1000 * (perf_counter() - start))
    return Measured(statistics.median(times), f"median of {len(times)} CommonsenseQA dev questions")


CLAIMS = [
    Claim("import kgreason", at_most(0.3, "s"), _import_seconds),
    Claim("kgreason --help", at_most(0.5, "s"), _help_seconds),
    Claim("bad input told", at_most(0, "misses"), bad_input.misses),
    Claim("default image built", at_most(60, "s"), image.build_seconds),
    Claim("default image opened", at_most(20, "ms"), image.open_milliseconds),
    Claim("digests of equal graphs", at_most(1, "digests"), image.different_digests),
    Claim("damage unnoticed by verify", at_most(0, "of 250"), image.unnoticed_damage),
    Claim("question concepts found", at_least(95, "%"),
          partial(evidence.linking, "question_concepts_found", "questions")),
    Claim("options found", at_least(92, "%"), partial(evidence.linking, "options_found", "options")),
    Claim("questions with evidence", at_least(90, "%"), evidence.answered_share),
    Claim("paths that are not in the graph", at_most(0, "paths"), evidence.false_paths),
    Claim("renamings that evidence misses", at_most(0, "graphs"), evidence.unfollowed_renamings),
    Claim("ground and retrieve, warm p50", at_most(5, "ms"), _ground_and_retrieve),
]  # fmt: skip
