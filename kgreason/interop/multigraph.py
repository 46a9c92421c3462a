"""Graphs of networkx, and their GraphML files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from kgreason import storage
from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.interop.edges import named_edges, names_of

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["to_networkx", "write_graphml"]

#: What XML cannot hold, or gives back changed.
_NO_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_networkx(graph: KnowledgeGraph) -> nx.MultiDiGraph[str]:
    """A multigraph of keys: nodes with ``label``, edges keyed by relation, with ``relation`` and ``weight``.

    :meth:`KnowledgeGraph.from_networkx` reads it back.

    Example:
        >>> graph = KnowledgeGraph.from_triples([("penguin", "AtLocation", "zoo", 2.0)])
        >>> list(to_networkx(graph).edges(keys=True, data="weight"))
        [('penguin', 'zoo', 'AtLocation', 2.0)]
    """
    return _multigraph(graph, numbered=False)


def _multigraph(graph: KnowledgeGraph, *, numbered: bool) -> nx.MultiDiGraph[str]:
    """Edges are keyed by relation, or numbered through, as the ids of a GraphML file have to be unique."""
    import networkx as nx

    keys, labels = names_of(graph)
    made: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    made.add_nodes_from((key, {"label": label}) for key, label in zip(keys, labels, strict=True))
    made.add_edges_from(
        (source, target, number if numbered else relation, {"relation": relation, "weight": weight})
        for number, (source, relation, target, weight) in enumerate(named_edges(graph, keys))
    )
    return made


def write_graphml(graph: KnowledgeGraph, path: Path) -> None:
    """Writes a graph as GraphML: ``label`` of nodes, ``relation`` and ``weight`` of edges.

    Raises:
        InputError: a name holds a character that XML cannot.
        StorageError: the file cannot be written.
    """
    import networkx as nx

    for name in (*names_of(graph)[0], *names_of(graph)[1], *graph.relations):
        if _NO_XML.search(name):
            raise InputError(f"GraphML cannot hold the name {name!r}", fix="Choose another format, such as .parquet.")
    with storage.create(path) as handle:
        nx.write_graphml_xml(_multigraph(graph, numbered=True), handle)
