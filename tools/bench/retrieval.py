"""What it costs to find concepts in texts and evidence between them.

    python -m tools.bench.retrieval [--graph DIR] [--questions N] [--record]

Rates are per CPU second of one thread, best of a few runs. On a graph made up in the shape of ConceptNet (built where
none is given) the questions have eight concepts of the thousand best connected; on the default graph they are those of
CommonsenseQA. The naive peers are in :mod:`tools.bench.peers`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

import numpy as np

from kgreason.config import RetrievalConfig
from kgreason.graph import KnowledgeGraph
from kgreason.grounding import Grounder
from kgreason.grounding.match import MAX_WORDS, find_forms, split_texts
from kgreason.language import language
from kgreason.records import Candidate, Grounding, Mention, Question
from kgreason.retrieval import Retriever
from kgreason.retrieval.edits import GraphView
from kgreason.retrieval.file import SubgraphFile
from kgreason.retrieval.kernels import induce, touched_by
from kgreason.retrieval.network import Network, Room
from kgreason.retrieval.scratch import Scratch
from kgreason.retrieval.seeds import Seeds, seed_rows
from kgreason.tasks import load
from tools import results
from tools.bench import dump, peers
from tools.bench.figures import Figure, best, report
from tools.bench.graph import built
from tools.claims.claim import at_least, at_most
from tools.claims.probes import scratch

__all__ = ["BESIDE", "NAIVE_MATCH", "NAIVE_ORDER", "QUESTION", "TARGETS", "measure", "question_milliseconds"]

MATCHING, GROUNDING = "matching tokens a second", "grounding tokens a second"
EXTRACTED = "subgraphs a second, nodes and typed edges alone"
SUBGRAPHS, ALL_OUTPUTS = "subgraphs a second", "subgraphs with best paths for 5 options a second"
QUESTION, QUESTION_PATHS = "default graph, one question", "default graph, one question with best paths"
WHOLE_SET = "CommonsenseQA, CPU of the whole set on each of two cores"
TARGETS = {
    MATCHING: at_least(5e5, "/s"),
    EXTRACTED: at_least(2700, "/s"),
    ALL_OUTPUTS: at_least(1000, "/s"),
    QUESTION: at_most(2, "ms"),
    WHOLE_SET: at_most(60, "s"),
}
NAIVE_ORDER, NAIVE_MATCH = "our subgraphs over the naive order", "our matching over naive rules"
#: Figures without a target.
BESIDE = (GROUNDING, SUBGRAPHS, QUESTION_PATHS)
#: Concepts a question, those of its options among them; of how many of the best connected.
CONCEPTS, OPTIONS, POPULAR = 8, 5, 1000
#: Words of a made-up question, and texts in one call.
WORDS, BATCH = 18, 64
RULES = 20_000
#: Questions that the naive order answers.
FEW = 3


def texts(graph: KnowledgeGraph, count: int, seed: int = 5) -> list[str]:
    """Texts of 18 words or a little more: names of random concepts between popular words."""
    chance = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        words: list[str] = []
        while len(words) < WORDS:
            steep = chance.random(2) ** 3
            words += graph.label(int(graph.num_nodes * steep[0])).split()
            words.append(graph.label(int(min(POPULAR, graph.num_nodes) * steep[1])).split()[0])
        made.append(" ".join(words))
    return made


def groundings(graph: KnowledgeGraph, count: int, options: int, seed: int = 3) -> list[Grounding]:
    """Questions by their concepts alone: well connected ones, the last of them one of an option each."""
    chance = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        drawn = (min(POPULAR, graph.num_nodes) * chance.random(4 * CONCEPTS) ** 1.5).astype(int).tolist()
        nodes = list(dict.fromkeys(drawn))[:CONCEPTS]
        first = len(nodes) - options
        names = [graph.label(node) for node in nodes]
        mentions = tuple(
            Mention(0, 1, names[i], (Candidate(node, graph.key(node), 1.0),), max(-1, i - first))
            for i, node in enumerate(nodes)
        )
        made.append(Grounding(Question(" ".join(names[:first]), tuple(names[first:])), mentions))
    return made


def tokens_a_second(graph: KnowledgeGraph, count: int) -> tuple[float, float]:
    """Of texts to names that stand in them, and of texts to mentions with their concepts."""
    asked, english, grounder = texts(graph, count), language("en"), Grounder(graph)
    questions = [Question(text) for text in asked]
    tokens = sum(len(words) for words in split_texts(asked, english))

    def match() -> None:
        for at in range(0, count, BATCH):
            split = split_texts(asked[at : at + BATCH], english)
            find_forms(graph.surfaces, split, [MAX_WORDS] * len(split), [False] * len(split))

    def ground() -> None:
        for question in questions:
            grounder.ground(question)

    return tokens / best(match), tokens / best(ground)


@dataclass(frozen=True, slots=True)
class Rates:
    """Questions a CPU second, and the sizes they had: nodes and edges of a subgraph, paths of a question."""

    rate: float
    nodes: float
    edges: float
    paths: float


def subgraphs_a_second(graph: KnowledgeGraph, count: int, options: int) -> Rates:
    """Retrieval of questions by their concepts, with the best paths of every option."""
    asked, retriever = groundings(graph, count, options), Retriever(graph)
    nodes: list[int] = []
    edges: list[int] = []
    paths: list[int] = []

    def run() -> None:
        for sizes in (nodes, edges, paths):
            sizes.clear()
        for grounding in asked:
            subgraph = retriever.retrieve(grounding)
            nodes.append(len(subgraph))
            edges.append(subgraph.edge_index.shape[1])
            paths.append(sum(len(retriever.paths(subgraph, option)) for option in range(options)))

    spent = best(run)
    return Rates(count / spent, *(float(np.mean(sizes)) for sizes in (nodes, edges, paths)))


def extracted_a_second(graph: KnowledgeGraph, count: int) -> float:
    """What other stores are measured by: from concepts to their rows, the nodes between, and typed edges of the best.

    The kernels of :class:`Retriever` in its order, but nodes are chosen by the concepts that they touch and the weight
    of these edges alone: no relevance, no path counts, no records.
    """
    config, scratch, asked = RetrievalConfig(), Scratch(), groundings(graph, count, 0)
    scratch.edges = Room.of(1 << 16)

    def extract(grounding: Grounding) -> int:
        view = GraphView(graph, grounding)
        seeds = Seeds.of(grounding, view)
        rows = seed_rows(view, seeds, config, scratch)
        scratch.fit(view.num_nodes, len(rows.idx))
        room = scratch.node, scratch.touches, scratch.strength
        size = touched_by(seeds.nodes, rows, scratch.lists.place, *room)
        best_first = np.lexsort((-scratch.strength[:size], -scratch.touches[:size]))
        nodes = np.concatenate([seeds.nodes, scratch.node[best_first]])[: config.max_nodes]
        role = np.zeros(len(nodes), np.uint8)
        role[: len(seeds)] = seeds.role
        return int(induce(nodes, Network.of(view, role, config), scratch.lists.place, scratch.edges))

    return count / best(lambda: [extract(grounding) for grounding in asked])


def question_milliseconds(count: int = 200) -> tuple[float, float]:
    """Median CPU milliseconds of a CommonsenseQA question over the default graph: all outputs, and with best paths."""
    graph = KnowledgeGraph.open("default")
    grounder, retriever = Grounder(graph), Retriever(graph)
    plain, whole = [], []
    for question in load("commonsenseqa", "dev")[:count]:
        runs = []
        for _ in range(3):
            start = process_time()
            subgraph = retriever.retrieve(grounder.ground(question))
            middle = process_time()
            for option in range(len(question.options)):
                retriever.paths(subgraph, option)
            runs.append((middle - start, process_time() - start))
        plain.append(1000 * min(first for first, _ in runs))
        whole.append(1000 * min(last for _, last in runs))
    return median(plain), median(whole)


def whole_set(limit: int | None) -> Figure:
    """CommonsenseQA from texts to stored subgraphs with two threads; of a part of it, scaled to all questions."""
    graph = KnowledgeGraph.open("default")
    splits = ("train", "dev", "test")
    everything = [question for split in splits for question in load("commonsenseqa", split)]
    questions = everything[:limit]
    with tempfile.TemporaryDirectory() as folder:
        start, wall = process_time(), perf_counter()
        SubgraphFile(graph, questions, threads=2, home=folder)
        spent, waited = process_time() - start, perf_counter() - wall
    more = {"questions": len(questions), "of": len(everything), "cpu_s": round(spent, 1), "wall_s": round(waited, 1)}
    return Figure(WHOLE_SET, spent / 2 * len(everything) / len(questions), "s", more)


def beside_peers(graph: KnowledgeGraph, count: int) -> list[Figure]:
    """Our rates over those of the naive peers, on the same concepts and texts of one graph."""
    plain, asked = peers.plain_graph(graph), groundings(graph, count, 0)
    seeds = [[mention.candidates[0].node for mention in grounding.mentions] for grounding in asked]
    retriever, english, lines = Retriever(graph), language("en"), texts(graph, BATCH)
    ours = best(lambda: [retriever.retrieve(grounding) for grounding in asked])
    start = process_time()
    for nodes in seeds:
        peers.adjacent_pairs(plain, nodes)
    naive = process_time() - start
    rules = [tuple(graph.label(node).split()) for node in range(min(RULES, graph.num_nodes))]

    def match() -> None:
        split = split_texts(lines, english)
        find_forms(graph.surfaces, split, [MAX_WORDS] * len(split), [False] * len(split))

    matched = best(match) / len(lines)
    start = process_time()
    peers.match_rules(rules, lines[0].split())
    ruled = process_time() - start
    return [
        Figure(NAIVE_ORDER, naive / ours, "times", {"questions": count, "nodes": graph.num_nodes}),
        Figure(NAIVE_MATCH, ruled / matched, "times", {"rules": len(rules), "forms": len(graph.surfaces)}),
    ]


def measure(graph: KnowledgeGraph, count: int, limit: int | None) -> Sequence[Figure]:
    """All figures.

    Args:
        graph: the large one.
        count: questions over it.
        limit: questions of CommonsenseQA; all if None.
    """
    size = {"nodes": graph.num_nodes, "edges": graph.num_edges // 2, "questions": count}
    matched, grounded = tokens_a_second(graph, count)
    bare, whole = subgraphs_a_second(graph, count, 0), subgraphs_a_second(graph, count, OPTIONS)
    plain, told = question_milliseconds()
    shape = {"subgraph_nodes": round(bare.nodes), "subgraph_edges": round(bare.edges), "paths": round(whole.paths)}
    return [
        Figure(MATCHING, matched, "/s", {**size, "forms": len(graph.surfaces)}),
        Figure(GROUNDING, grounded, "/s", size),
        Figure(EXTRACTED, extracted_a_second(graph, count), "/s", size),
        Figure(SUBGRAPHS, bare.rate, "/s", {**size, **shape}),
        Figure(ALL_OUTPUTS, whole.rate, "/s", {**size, **shape}),
        Figure(QUESTION, plain, "ms"),
        Figure(QUESTION_PATHS, told, "ms"),
        whole_set(limit),
        *beside_peers(KnowledgeGraph.open("default"), min(count, FEW)),
    ]


def main() -> None:
    """Measure, print, and write down where asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graph", type=Path, help="an image of a made-up dump; built by default")
    parser.add_argument("--questions", type=int, default=400, help="over that graph")
    parser.add_argument("--limit", type=int, help="questions of CommonsenseQA; all by default")
    parser.add_argument("--record", action="store_true", help="append the figures to docs/results.jsonl")
    parser.add_argument("--book", type=Path, default=results.RESULTS, help="another file to append to")
    arguments = parser.parse_args()
    folder = scratch()
    path = arguments.graph or folder / "graph"
    if arguments.graph is None:
        dump.write(folder / "dump.tsv")
        built(folder / "dump.tsv", path)
    figures = measure(KnowledgeGraph.open(path), arguments.questions, arguments.limit)
    command = "python -m tools.bench.retrieval --record"
    report(figures, command, TARGETS, record=arguments.record, book=arguments.book)


if __name__ == "__main__":
    main()
