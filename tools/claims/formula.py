"""The formula answers: what we claim of the whole way from a question to an answer with evidence."""

from __future__ import annotations

import statistics
from functools import partial
from time import perf_counter

from tools.claims import bad_input, evidence, image, mini
from tools.claims.claim import Claim, Measured, at_least, at_most, recorded
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


_RECORDED = {
    "mini CommonsenseQA dev": at_least(47, "%"),
    "mini SST-2 dev": at_least(88, "%"),
    "mini Ekman macro-F1 dev": at_least(50, "%"),
    "mini EmoBank Pearson dev": at_least(50, "%"),
    "mini LingNLI dev": at_least(62, "%"),
    "mini training hours": at_most(3, "h"),
    "resume bit-equal": at_most(0, "losses differ"),
    "properties broken": at_most(0, "tests"),
}

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
    Claim("ask, warm p50", at_most(60, "ms"), mini.warm_milliseconds),
    Claim("ask, cold, above importing a BERT", at_most(2.5, "s"), mini.cold_seconds),
    Claim("scores that differ without a trained K", at_most(0, "scores"), mini.differing_bits),
    Claim("mini on disk", at_most(8, "MB"), mini.megabytes),
    *(Claim(name, target, recorded(name)) for name, target in _RECORDED.items()),
]  # fmt: skip
