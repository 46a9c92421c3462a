"""Graphs of rdflib, and N-Triples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.graph.terms import LABEL, LABELS, OBJECT, PREDICATE, SUBJECT, WEIGHT, iri, name_of
from kgreason.interop.edges import NamedEdge, edges_of, names_of

if TYPE_CHECKING:
    import rdflib

__all__ = ["from_rdf", "ntriples", "to_rdf"]

_DECIMAL = "http://www.w3.org/2001/XMLSchema#decimal"
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"})


def _statements(graph: KnowledgeGraph) -> Iterator[tuple[str, str, str, str]]:
    """Subject, predicate, object of a graph's triples, each as N-Triples spells it but without brackets; and its kind.

    The kind is what the object is: ``iri``, ``text`` or ``number``. A weight that is not 1 is told of a statement
    (reification, RDF 1.0), which is a blank node.
    """
    keys, labels = names_of(graph)
    concepts = [iri(key) for key in keys]
    yield from ((concept, LABEL, label, "text") for concept, label in zip(concepts, labels, strict=True))
    relations, number = [iri(name, relation=True) for name in graph.relations], 0
    for source, target, relation, weight in zip(*(column.tolist() for column in edges_of(graph)), strict=True):
        parts = (concepts[source], relations[relation], concepts[target])
        yield (*parts, "iri")
        if weight != 1:
            statement, number = f"_:w{number}", number + 1
            yield from (
                (statement, role, part, "iri") for role, part in zip((SUBJECT, PREDICATE, OBJECT), parts, strict=True)
            )
            yield statement, WEIGHT, f"{weight:.3f}", "number"


def to_rdf(graph: KnowledgeGraph) -> rdflib.Graph:
    """An rdflib graph: a triple an edge, rdfs:label, and the weights that are not 1 as reified statements.

    Keys and relations that are IRIs stay; others are named as :func:`kgreason.graph.terms.iri` says.

    Example:
        >>> from rdflib import RDFS
        >>> rdf = to_rdf(KnowledgeGraph.from_triples([("http://e.org/zoo", "IsA", "http://e.org/park")]))
        >>> sorted(map(str, rdf.objects(None, RDFS.label)))
        ['park', 'zoo']
    """
    import rdflib

    made = rdflib.Graph()
    for subject, predicate, value, kind in _statements(graph):
        about = rdflib.BNode(subject[2:]) if subject.startswith("_:") else rdflib.URIRef(subject)
        number = rdflib.XSD.decimal if kind == "number" else None
        what = rdflib.URIRef(value) if kind == "iri" else rdflib.Literal(value, datatype=number)
        made.add((about, rdflib.URIRef(predicate), what))
    return made


def from_rdf(rdf: rdflib.Graph) -> KnowledgeGraph:
    """A graph in memory from an rdflib graph: every triple is an edge, but for labels and weights.

    rdfs:label and skos:prefLabel name concepts; reified statements give weights as :func:`to_rdf` writes them. Any
    other literal is a concept whose key is its text, a blank node one whose key begins with ``_:``.

    Raises:
        InputError: a name is empty, or a weight is no number in range.
    """
    import rdflib

    weights: dict[tuple[Any, ...], float] = {}
    for statement, weight in sorted(rdf.subject_objects(rdflib.URIRef(WEIGHT)), reverse=True):
        parts = tuple(rdf.value(statement, rdflib.URIRef(role)) for role in (SUBJECT, PREDICATE, OBJECT))
        weights[parts] = _number(weight)
    about = {statement for role in (SUBJECT, WEIGHT) for statement in rdf.subjects(rdflib.URIRef(role))}
    labels: dict[str, str] = {}
    edges: list[NamedEdge] = []
    for triple in rdf:
        subject, predicate, value = triple
        if subject in about:
            continue
        if str(predicate) in LABELS and isinstance(value, rdflib.Literal):
            key = _key(subject)
            labels[key] = min(str(value), labels.get(key, str(value)))
        else:
            edges.append((_key(subject), name_of(str(predicate)), _key(value), weights.get(triple, 1.0)))
    return KnowledgeGraph.from_triples(edges, labels=labels)


def _key(node: Any) -> str:
    import rdflib

    if isinstance(node, rdflib.BNode):
        return f"_:{node}"
    return name_of(str(node)) if isinstance(node, rdflib.URIRef) else str(node)


def _number(weight: object) -> float:
    try:
        return float(str(weight))
    except ValueError:
        raise InputError(f"weight {str(weight)!r} is no number", fix="Write a decimal.") from None


def ntriples(graph: KnowledgeGraph) -> Iterator[bytes]:
    """The triples of :func:`to_rdf` as lines of N-Triples, one after another."""
    for subject, predicate, value, kind in _statements(graph):
        about = subject if subject.startswith("_:") else f"<{subject}>"
        what = f"<{value}>" if kind == "iri" else f'"{value.translate(_ESCAPES)}"'
        if kind == "number":
            what += f"^^<{_DECIMAL}>"
        yield f"{about} <{predicate}> {what} .\n".encode()
