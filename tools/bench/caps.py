"""What a subgraph keeps of the evidence when it may have fewer nodes.

    python -m tools.bench.caps [--questions N] [--record]

Nodes are chosen in one order, so that a smaller cap keeps the first nodes of a larger one. Of questions with options it
is counted whether a path of at most two steps still leads from the question to the right option, and which part of the
strength of all such paths in the whole graph runs through kept nodes. Open questions are read wide; under a cap so
small it is counted whether a right answer is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from kgreason.config import RetrievalConfig
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.records import Question
from kgreason.retrieval import Retriever
from kgreason.tasks import load
from kgreason.tasks.open import graph_triples
from tools.bench.figures import Figure, of_dev_sets

__all__ = ["CAPS", "CHOICE", "KEPT", "MASS", "OPEN", "kept_of_choice", "kept_of_open"]

CAPS = (32, 64, 128, 200)
CHOICE = {"CommonsenseQA": "commonsenseqa", "OpenBookQA": "openbookqa", "SocialIQA": "socialiqa", "e-CARE": "ecare"}
OPEN = {
    "PathQuestion, 2 hops": "pathquestion-2hop",
    "PathQuestion, 3 hops": "pathquestion-3hop",
    "MetaQA, 2 hops": "metaqa-2hop",
    "MetaQA, 3 hops": "metaqa-3hop",
}
KEPT, MASS = "right answers kept under a cap", "path mass kept under a cap"
#: Paths to an option that are looked at; more are hardly ever there.
_PATHS = 5000


def kept_of_choice(questions: Sequence[Question], graph: KnowledgeGraph) -> dict[int, tuple[float, float]]:
    """Of the questions with a path to the right option: by cap, percent that keep one, and mean percent of the mass."""
    grounder, retriever = Grounder(graph), Retriever(graph, RetrievalConfig(max_nodes=max(CAPS)))
    reached, mass, asked = dict.fromkeys(CAPS, 0), dict.fromkeys(CAPS, 0.0), 0
    for question in questions:
        if question.answer is None:
            continue
        subgraph = retriever.retrieve(grounder.ground(question))
        paths = retriever.paths(subgraph, question.answer, limit=_PATHS)
        total = sum(path.contribution for path in paths)
        if not total:
            continue
        asked += 1
        place = {key: i for i, key in enumerate(subgraph.keys)}
        ends = [
            max(place.get(key, len(place)) for edge in path.edges for key in (edge.source, edge.target))
            for path in paths
        ]
        for cap in CAPS:
            kept = sum(path.contribution for path, last in zip(paths, ends, strict=True) if last < min(cap, len(place)))
            reached[cap] += kept > 0
            mass[cap] += kept / total
    return {cap: (100 * reached[cap] / max(asked, 1), 100 * mass[cap] / max(asked, 1)) for cap in CAPS}


def kept_of_open(questions: Sequence[Question], graph: KnowledgeGraph) -> dict[int, float]:
    """By cap, percent of the questions with a right answer among the nodes."""
    grounder, found = Grounder(graph), {}
    for cap in CAPS:
        retriever = Retriever(graph, replace(RetrievalConfig(), wide_nodes=cap))
        kept = [len(retriever.retrieve(grounder.ground(question)).gold) > 0 for question in questions]
        found[cap] = 100 * sum(kept) / max(len(kept), 1)
    return found


def measure(count: int) -> list[Figure]:
    """Figures of all sets, each with a value for every cap; the value itself is that of the largest."""
    graph, figures = KnowledgeGraph.open("default"), []
    for shown, name in CHOICE.items():
        both = kept_of_choice(load(name, "dev")[:count], graph)
        for claim, part in ((KEPT, 0), (MASS, 1)):
            figures.append(_figure(claim, shown, {cap: both[cap][part] for cap in CAPS}, count))
    for shown, name in OPEN.items():
        own = KnowledgeGraph.from_triples(graph_triples(name))
        figures.append(_figure(KEPT, shown, kept_of_open(load(name, "dev")[:count], own), count))
    return figures


def _figure(claim: str, shown: str, by_cap: Mapping[int, float], count: int) -> Figure:
    more = {"set": shown, "questions": count, "by_cap": {str(cap): round(value, 1) for cap, value in by_cap.items()}}
    return Figure(f"{claim}: {shown}", by_cap[max(CAPS)], "%", more)


if __name__ == "__main__":
    of_dev_sets("caps", measure, __doc__, questions=500)
