"""Measurements of evidence: how often there is any, whether every edge of it is true, whether it follows the graph."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from kgreason.records import Grounding, Path, Question
from tools.claims.claim import Measured

if TYPE_CHECKING:
    from kgreason.graph import KnowledgeGraph

__all__ = ["answered_share", "false_paths", "linking", "unfollowed_renamings"]

Triple = tuple[str, str, str, float]
Steps = frozenset[tuple[tuple[str, str, str], ...]]

QUESTIONS = 200


@cache
def _linking() -> Mapping[str, float]:
    from tools.bench.linking import measure

    return measure()


def linking(share: str, of: str) -> Measured:
    """One of the shares that ``tools.bench.linking`` counts, in percent."""
    counted = _linking()
    return Measured(100 * counted[share], f"of {counted[of]:,.0f} {of} of CommonsenseQA train and dev")


@cache
def _evidence() -> tuple[tuple[Grounding, tuple[tuple[Path, ...], ...]], ...]:
    """Grounding and best paths to each option of the first questions of CommonsenseQA's dev set."""
    from kgreason.graph import KnowledgeGraph
    from kgreason.tasks import load

    graph = KnowledgeGraph.open("default")
    return tuple(_paths(graph, load("commonsenseqa", "dev")[:QUESTIONS]))


def _paths(
    graph: KnowledgeGraph, questions: Sequence[Question], limit: int | None = None
) -> Iterator[tuple[Grounding, tuple[tuple[Path, ...], ...]]]:
    from kgreason.grounding import Grounder
    from kgreason.retrieval import Retriever

    grounder, retriever = Grounder(graph), Retriever(graph)
    for question in questions:
        grounding = grounder.ground(question)
        subgraph = retriever.retrieve(grounding)
        options = range(len(question.options))
        yield grounding, tuple(retriever.paths(subgraph, option, limit=limit) for option in options)


def answered_share() -> Measured:
    """Share of questions with a path to an option, in percent."""
    found = [any(options) for _, options in _evidence()]
    return Measured(100 * sum(found) / len(found), f"of {len(found)} CommonsenseQA dev questions")


def false_paths() -> Measured:
    """Paths that do not run from a question concept to the named option, or whose edges are not in the graph."""
    from kgreason.graph import KnowledgeGraph

    graph = KnowledgeGraph.open("default")
    shown = [
        (grounding, option, path)
        for grounding, options in _evidence()
        for option, paths in enumerate(options)
        for path in paths
    ]
    wrong = sum(not (_connects(*each) and _exists(graph, each[2])) for each in shown)
    if not shown:
        raise AssertionError("there is no evidence to check")
    return Measured(wrong, f"of {len(shown):,} paths")


def _concepts(grounding: Grounding, option: int) -> set[str]:
    return {candidate.key for mention in grounding.of(option) for candidate in mention.candidates}


def _connects(grounding: Grounding, option: int, path: Path) -> bool:
    """Whether edges, each walked in either direction, lead from a question concept to one of the option."""
    reached = _concepts(grounding, -1)
    for edge in path.edges:
        reached = {end for end, start in ((edge.target, edge.source), (edge.source, edge.target)) if start in reached}
    return bool(reached & _concepts(grounding, option))


def _exists(graph: KnowledgeGraph, path: Path) -> bool:
    def stored(source: str, relation: str, target: str, weight: float) -> bool:
        node = graph.find(source)
        edges = graph.neighbors(node, relation) if node is not None else ()
        return any((edge.source, edge.target, edge.weight) == (source, target, weight) for edge in edges)

    return all(stored(edge.source, edge.relation, edge.target, edge.weight) for edge in path.edges)


def unfollowed_renamings(graphs: int = 20) -> Measured:
    """Graphs whose concepts got other names, where the evidence is not the same under those names."""
    unfollowed = paths = 0
    for seed in range(graphs):
        chance = random.Random(seed)
        names, others = _invented(chance, 31), _invented(chance, 31)
        renamed = dict(zip(names, others, strict=True))
        triples = _triples(chance, names)
        before = _steps(triples, names)
        after = _steps([(renamed[s], r, renamed[t], w) for s, r, t, w in triples], others)
        expected = [frozenset(tuple((renamed[s], r, renamed[t]) for s, r, t in path) for path in p) for p in before]
        unfollowed += after != expected
        paths += sum(map(len, before))
    if not paths:
        raise AssertionError("there is no evidence to compare")
    return Measured(unfollowed, f"of {graphs} graphs, {paths:,} paths")


def _invented(chance: random.Random, count: int) -> list[str]:
    """Names that mean nothing, so that nothing but the graph can tell where they lead."""
    names: dict[str, None] = {}
    while len(names) < count:
        names["".join(chance.choice("bdfgklmnprtvz") + chance.choice("aiou") for _ in range(4)) + "x"] = None
    return list(names)


def _triples(chance: random.Random, names: list[str]) -> list[Triple]:
    relations = ("AtLocation", "UsedFor", "PartOf")
    pairs = (chance.sample(names, 2) for _ in range(101))
    return [(source, chance.choice(relations), target, 1.0) for source, target in pairs]


def _steps(triples: list[Triple], names: list[str]) -> list[Steps]:
    """All paths from the first name to each of the next three, as sets of steps."""
    from kgreason.graph import KnowledgeGraph

    graph = KnowledgeGraph.from_triples(triples)
    question = Question(f"Where would you find {names[0]}?", tuple(names[1:4]))
    ((_, options),) = _paths(graph, [question], limit=1000)
    return [
        frozenset(tuple((edge.source, edge.relation, edge.target) for edge in path.edges) for path in paths)
        for paths in options
    ]
