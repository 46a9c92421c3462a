"""What a picture shows: concepts and their parts in it, edges, the text that names them, and all of it in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np

from kgreason.graph import KnowledgeGraph
from kgreason.graph.schema import default_label
from kgreason.graph.walk import entries_of
from kgreason.records import ROLE_OPTION, ROLE_QUESTION, Answer, Edge, Path, Question, Subgraph

__all__ = ["Layout", "Link", "Node", "Picture", "Role", "evidence", "neighbourhood", "paths"]

Role = Literal["start", "end", "option", "other"]
Layout = Literal["layers", "rings"]


@dataclass(frozen=True, slots=True)
class Node:
    """A concept, and what it is in the picture."""

    key: str
    label: str
    role: Role


@dataclass(frozen=True, slots=True)
class Link:
    """An edge, and whether it is one of those that the picture is about."""

    edge: Edge
    strong: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """All that a page shows.

    Args:
        title: its heading.
        nodes: each concept once.
        links: each edge once.
        legend: what a role means here, and what ``strong`` and ``weak`` edges are.
        facts: the same in words: headings, each with its lines.
        text: a text in pieces, each with the label of the concept that it names, or nothing.
        note: one more sentence.
        layout: in layers from the starts on, or in rings around them.
    """

    title: str
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    legend: Mapping[str, str]
    facts: tuple[tuple[str, tuple[str, ...]], ...]
    text: tuple[tuple[str, str], ...] = ()
    note: str = ""
    layout: Layout = "layers"


def neighbourhood(graph: KnowledgeGraph, node: int, edges: Sequence[Edge]) -> Picture:
    """A concept with some of its edges, and the edges among the neighbours to which they lead.

    Args:
        graph: where they are from.
        node: the concept.
        edges: edges at it, as :meth:`KnowledgeGraph.neighbors` gives them; at most as many are drawn among the
            neighbours.

    Example:
        >>> graph = KnowledgeGraph.from_triples([("penguin", "IsA", "bird"), ("penguin", "AtLocation", "zoo"),
        ...                                      ("zoo", "HasA", "bird")])
        >>> penguin = graph.resolve("penguin")
        >>> picture = neighbourhood(graph, penguin, graph.neighbors(penguin))
        >>> [(link.edge.text, link.strong) for link in picture.links]
        [('penguin is a kind of bird', True), ('penguin is found at zoo', True), ('zoo has bird', False)]
    """
    key = graph.key(node)
    others = [end for end in _ends(edges) if end != key]
    among = _among(graph, others, len(edges))
    return Picture(
        title=graph.label(node),
        nodes=(Node(key, graph.label(node), "start"), *(Node(end, _label(graph, end), "other") for end in others)),
        links=(*(Link(edge, True) for edge in edges), *(Link(edge, False) for edge in among)),
        legend={"start": "the concept", "other": "a neighbour", "strong": "its edge", "weak": "among neighbours"},
        facts=_told({"Edges of the concept": map(_line, edges), "Edges among its neighbours": map(_line, among)}),
        note=f"{len(edges):,} of {graph.degree(node):,} edges",
        layout="rings",
    )


def _among(graph: KnowledgeGraph, keys: Sequence[str], limit: int) -> list[Edge]:
    """The heaviest edge of each two of some concepts, heaviest first."""
    nodes = np.array([node for key in keys if (node := graph.find(key)) is not None], np.int64)
    forward = np.arange(2 * len(graph.relations)) < len(graph.relations)
    rows, entries = entries_of(graph, nodes, forward)
    inside = np.isin(graph.idx[entries], nodes)
    rows, entries = rows[inside], entries[inside]
    heaviest: dict[frozenset[int], Edge] = {}
    for place in np.argsort(-graph.weight[entries], kind="stable").tolist():
        if len(heaviest) == limit:
            break
        row, entry = int(rows[place]), int(entries[place])
        pair = frozenset((row, int(graph.idx[entry])))
        if pair not in heaviest:
            heaviest[pair] = graph.edge(row, entry)
    return list(heaviest.values())


def paths(graph: KnowledgeGraph, start: int, end: int, found: Sequence[Path]) -> Picture:
    """Paths between two concepts; the best one is emphasised.

    Args:
        graph: where they are from.
        start: where they begin.
        end: where they end.
        found: the paths, best first.
    """
    ends: dict[str, Role] = {graph.key(start): "start", graph.key(end): "end"}
    best = set(found[0].edges) if found else set()
    edges = _edges(found)
    labels = {key: _label(graph, key) for key in (*ends, *_ends(edges))}
    return Picture(
        title=f"{graph.label(start)} to {graph.label(end)}",
        nodes=tuple(Node(key, label, ends.get(key, "other")) for key, label in labels.items()),
        links=tuple(Link(edge, edge in best) for edge in edges),
        legend={
            "start": "from here", "end": "to here", "other": "between",
            "strong": "the best path", "weak": "another path",
        },
        facts=_told({"Paths, best first": map(str, found)}),
        note="" if found else "there is no path",
    )  # fmt: skip


def evidence(answer: Answer, question: Question, subgraph: Subgraph | None) -> Picture:
    """What speaks for an answer, and for the other options, with the question's text.

    Args:
        answer: what the reasoner says.
        question: what it was asked.
        subgraph: what was read of the graph for it; None without a graph.
    """
    by_option = {option.text: option.evidence.paths for option in answer.options}
    chosen = set(_edges(answer.evidence.paths))
    edges = list(dict.fromkeys(chain(_edges(answer.evidence.paths), *map(_edges, by_option.values()))))
    roles, labels = _named(answer, subgraph)
    keys = dict.fromkeys(chain((key for key, role in roles.items() if role == "start"), _ends(edges)))
    said = "no answer" if answer.abstained or not answer.options else answer.choice
    return Picture(
        title=f"{said} ({answer.confidence:.0%})",
        nodes=tuple(Node(key, labels.get(key) or default_label(key), roles.get(key, "other")) for key in keys),
        links=tuple(Link(edge, edge in chosen) for edge in edges),
        legend={
            "start": "concept of the question", "end": "the answer", "option": "another option", "other": "between",
            "strong": "speaks for the answer", "weak": "speaks for another option",
        },
        facts=_told({f"For {text}": map(_weighed, found) for text, found in by_option.items()}),
        text=_pieces(question.text, subgraph),
        note=answer.note,
    )  # fmt: skip


def _named(answer: Answer, subgraph: Subgraph | None) -> tuple[dict[str, Role], dict[str, str]]:
    """Roles of the concepts that question and options name, and labels of all; the answer's own role comes first."""
    roles: dict[str, Role] = {}
    if subgraph is None:
        return roles, {}
    keys = list(subgraph.keys)
    for node in np.flatnonzero(subgraph.role & ROLE_OPTION).tolist():
        roles[keys[node]] = "option"
    for node in np.flatnonzero(subgraph.role & ROLE_QUESTION).tolist():
        roles[keys[node]] = "start"
    if subgraph.question.options:
        ends = subgraph.option_node[1, subgraph.option_node[0] == answer.index].tolist()
    else:  # every node is an option
        roles |= {keys[option.index]: "option" for option in answer.options if keys[option.index] not in roles}
        ends = [answer.index] if answer.options else []
    roles |= {keys[node]: "end" for node in ends}
    return roles, dict(zip(keys, subgraph.labels, strict=True))


def _pieces(text: str, subgraph: Subgraph | None) -> tuple[tuple[str, str], ...]:
    """A text cut at its mentions; of mentions that overlap the first and longest counts."""
    mentions = [] if subgraph is None else [*subgraph.grounding.of(-1)]
    pieces, at = [], 0
    for mention in sorted(mentions, key=lambda mention: (mention.start, -mention.end)):
        if mention.start >= at and text[mention.start : mention.end] == mention.surface and mention.candidates:
            pieces += [(text[at : mention.start], ""), (mention.surface, default_label(mention.candidates[0].key))]
            at = mention.end
    pieces.append((text[at:], ""))
    return tuple(piece for piece in pieces if piece[0])


def _label(graph: KnowledgeGraph, key: str) -> str:
    node = graph.find(key)
    return default_label(key) if node is None else graph.label(node)


def _edges(found: Iterable[Path]) -> list[Edge]:
    return list(dict.fromkeys(edge for path in found for edge in path.edges))


def _ends(edges: Iterable[Edge]) -> list[str]:
    return list(dict.fromkeys(end for edge in edges for end in (edge.source, edge.target)))


def _told(groups: Mapping[str, Iterable[str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The groups that have lines."""
    return tuple((title, told) for title, lines in groups.items() if (told := tuple(lines)))


def _line(edge: Edge) -> str:
    origin = "" if edge.origin == "graph" else f", {edge.origin}"
    return f"{edge} ({edge.relation} {edge.weight:.3g}{origin})"


def _weighed(path: Path) -> str:
    added = f"{path.contribution:+.2f}" if abs(path.contribution) >= 0.005 else "≈0"
    return f"{'; '.join(map(_line, path.edges))}  {added}"
