"""GraphML: nodes by their ids, edges with their data as columns; what networkx, yEd, Gephi and igraph write.

A node is called by its data ``label``. An edge's relation, weight and so on are data of the names that tables use, or
of those that the column map gives; an edge without a relation is RelatedTo. An undirected edge is taken as written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from kgreason import guards
from kgreason.errors import FormatError
from kgreason.graph.readers.common import NAMES, Options, Row, chunks, record, spoken
from kgreason.graph.schema import COLUMNS

if TYPE_CHECKING:
    import polars as pl

__all__ = ["read"]

DEFAULT_RELATION = "RelatedTo"

_Item = tuple[Mapping[str, str], dict[str, str]]
"""Attributes and data of a node or an edge."""


def read(path: Path, options: Options) -> tuple[Iterator[pl.DataFrame], pl.DataFrame, None]:
    """Assertion chunks, and labels of the nodes, which take a pass of their own over the file; there are no aliases.

    Raises:
        FormatError: it is no GraphML, declares a document type, is nested too deep or holds a hyperedge; an edge lacks
            an end or what the column map names, or has a bad weight.
    """
    import polars as pl

    guards.check_xml(path)
    nodes = ((attributes.get("id", ""), data.get("label", "")) for attributes, data in _items(path, "node"))
    labels = [(key, label) for key, label in nodes if key and spoken(key, options)]
    edges = chunks(path, enumerate(_items(path, "edge"), 1), lambda edge: [_row(path, edge, options)], options)
    return edges, pl.DataFrame(labels, schema={"key": pl.String, "label": pl.String}, orient="row"), None


def _row(path: Path, edge: _Item, options: Options) -> Row:
    attributes, data = edge
    values = {"source": attributes.get("source"), "relation": DEFAULT_RELATION, "target": attributes.get("target")}
    for column in COLUMNS:
        named = options.columns.get(column)
        found = next((name for name in (NAMES[column] if named is None else [named]) if name in data), None)
        if found is not None and (column not in ("source", "target") or named is not None):
            values[column] = data[found]
        elif named is not None:
            raise ValueError(f"an edge has no data {named!r}, only {', '.join(data)}")
    try:
        return record(values)
    except ValueError as error:
        ends = " to ".join(repr(attributes.get(end)) for end in ("source", "target"))
        raise FormatError(path, f"edge from {ends}: {error}", fix="Correct the edge.") from error


def _items(path: Path, kind: str) -> Iterator[_Item]:
    """The nodes or the edges; what has been read is let go."""
    known: dict[str, str] = {}
    defaults: dict[str, str] = {}
    held: list[ElementTree.Element] = []
    graphs = 0
    with guards.open_binary(path) as handle:
        for event, element in ElementTree.iterparse(handle, events=("start", "end")):
            name = element.tag.rpartition("}")[2]
            if event == "start":
                if not held and name != "graphml":
                    raise FormatError(path, f"its root is {name}, not graphml", line=1, fix="Name another reader.")
                if name in ("hyperedge", "port"):
                    raise FormatError(path, f"it holds a {name}, which no triple says", fix="Write plain edges.")
                graphs += name == "graph"
                held.append(element)
                continue
            held.pop()
            if name == "key":
                identity, title = element.get("id", ""), element.get("attr.name") or element.get("id", "")
                known[identity] = title
                if element.get("for") in (kind, "all") and (default := element.findtext("{*}default")) is not None:
                    defaults[title] = default
            elif name == kind:
                data = {
                    known.get(item.get("key", ""), item.get("key", "")): item.text or ""
                    for item in element.iterfind("{*}data")
                }
                yield element.attrib, {**defaults, **data}
            if name in ("node", "edge"):
                held[-1].remove(element)
    if not graphs:
        raise FormatError(path, "it is no GraphML, for it holds no graph", fix="Check the file.")
