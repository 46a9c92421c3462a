"""Recommend books out of a graph of likes, genres and writers, each with its reason.

Run it with ``python docs/examples/recommend/recommend.py Anna`` once README.md's graph is built.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Sequence

import kgreason as kr

QUESTIONS = (
    "Which book has the genre of the book that {} likes?",
    "Which book is written by the writer of the book that {} likes?",
)


def recommend(
    reasoner: kr.Reasoner, graph: kr.KnowledgeGraph, person: str, also: Sequence[str] = ()
) -> list[tuple[str, float, str]]:
    """Books that a person may like, best first: label, share of the answers, and the surest reason.

    Every question counts alike: what it gives to books that the person does not know yet is made 1.
    """
    books = {label(graph, edge.source) for edge in graph.match(relation="has genre")}
    liked = {label(graph, edge.target) for edge in graph.match(source=person, relation="likes")}
    liked |= {label(graph, book) for book in also}
    shares: dict[str, float] = defaultdict(float)
    reasons: dict[str, tuple[float, str]] = {}
    for question in QUESTIONS:
        answer = reasoner.ask(question.format(person), add=[(person, "likes", book) for book in also])
        new = [option for option in answer.options if option.text in books - liked]
        total = sum(option.probability for option in new)
        for option in new:
            share = option.probability / total / len(QUESTIONS)
            shares[option.text] += share
            reason = str(option.evidence.paths[0]) if option.evidence.paths else "no path"
            reasons[option.text] = max(reasons.get(option.text, (0.0, "")), (share, reason))
    return [(book, shares[book], reasons[book][1]) for book in sorted(shares, key=lambda book: -shares[book])]


def label(graph: kr.KnowledgeGraph, name: str) -> str:
    """What a concept is called, from its key or any of its names."""
    return graph.label(graph.resolve(name))


def main() -> None:
    """Read the command line, and write the best books."""
    parser = argparse.ArgumentParser(description="Recommend books out of a graph.")
    parser.add_argument("person", help="a name in the graph")
    parser.add_argument("--also", action="append", default=[], metavar="BOOK", help="as if the person liked it too")
    parser.add_argument("--graph", default="runs/books", help="folder of the graph")
    parser.add_argument("--best", type=int, default=2, help="how many books")
    given = parser.parse_args()
    try:
        graph = kr.KnowledgeGraph.open(given.graph)
        reasoner = kr.Reasoner.from_pretrained("mini", graph=graph)
        for book, share, reason in recommend(reasoner, graph, given.person, given.also)[: given.best]:
            sys.stdout.write(f"{book}  {share:.0%}\n    {reason}\n")
    except kr.KGReasonError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
