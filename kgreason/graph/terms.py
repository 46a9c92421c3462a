"""Concepts and relations as RDF names them: their names as IRIs, and the vocabulary of labels and weights."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

__all__ = ["LABEL", "LABELS", "OBJECT", "PREDICATE", "SUBJECT", "WEIGHT", "iri", "name_of"]

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
SUBJECT, PREDICATE, OBJECT = f"{_RDF}subject", f"{_RDF}predicate", f"{_RDF}object"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
#: Properties whose literals name a concept.
LABELS = (LABEL, "http://www.w3.org/2004/02/skos/core#prefLabel")

_OWN = "urn:kgreason:"
#: Weight of the triple that a statement is about (rdf:subject, rdf:predicate, rdf:object).
WEIGHT = f"{_OWN}weight"
_IRI = re.compile(r'(?:[A-Za-z][A-Za-z0-9+.-]*://|urn:)[^\x00-\x20<>"{}|\\^`]+')


def iri(name: str, *, relation: bool = False) -> str:
    """The IRI of a concept's key or a relation's name: itself if it is one, else one of ours that holds it.

    Example:
        >>> iri("http://example.org/zoo"), iri("ice cream"), iri("IsA", relation=True)
        ('http://example.org/zoo', 'urn:kgreason:concept:ice%20cream', 'urn:kgreason:relation:IsA')
    """
    if _IRI.fullmatch(name) and not name.startswith(_OWN):
        return name
    return f"{_OWN}{'relation' if relation else 'concept'}:{quote(name, safe='/')}"


def name_of(iri: str) -> str:
    """The inverse of :func:`iri`.

    Example:
        >>> name_of("urn:kgreason:concept:ice%20cream"), name_of("http://example.org/zoo")
        ('ice cream', 'http://example.org/zoo')
    """
    for kind in ("concept:", "relation:"):
        if iri.startswith(_OWN + kind):
            return unquote(iri[len(_OWN + kind) :])
    return iri
