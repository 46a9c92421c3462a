"""RDF: N-Triples and N-Quads, Turtle and TriG, RDF/XML, JSON-LD.

- A resource's key is its IRI; relative ones are resolved against ``file:///NAME`` of the file.
- A literal is a concept as well, so that values can be answers: its key is the literal as N-Triples writes it, with its
  language or datatype (``"Berlin"@de``), its label the text in it.
- Blank nodes are numbered in the order of their appearance, ``_:b<digest of the file>-<number>``: the same file gives
  the same keys, two files never share one. A quoted triple is a concept under its own text.
- ``rdfs:label`` and ``skos:prefLabel`` name a resource, ``skos:altLabel`` and what is left of the former become
  aliases; they are no assertions. The label is taken in the first kept language that has one; where all languages
  are kept, from those without a tag, then English, then in the order of the tags.
- What kgreason itself exports comes back as it was: its IRIs are names of concepts and relations again, and statements
  about a triple that give its weight (:mod:`kgreason.graph.terms`) are its weight.
- A predicate's IRI names the relation, ``rdf:type`` and ``rdfs:subClassOf`` are InstanceOf and IsA; a predicate's own
  labels name no concept. The named graph is the assertion's origin.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kgreason import guards, storage
from kgreason.errors import FormatError
from kgreason.graph.readers.common import Options, Row, chunks, relation_name, spoken
from kgreason.graph.schema import WEIGHT_UNIT
from kgreason.graph.terms import OBJECT, PREDICATE, SUBJECT, WEIGHT, name_of

if TYPE_CHECKING:
    import polars as pl
    from pyoxigraph import Literal

__all__ = ["SYNTAXES", "names", "read"]

#: Name of the reader, name of the syntax in pyoxigraph (which reads the smaller one of each pair too), and the guard.
SYNTAXES: dict[str, tuple[str, Callable[[Path], None]]] = {
    "jsonld": ("JSON_LD", partial(guards.check_nesting, syntax="json")),
    "ntriples": ("N_QUADS", partial(guards.check_nesting, syntax="turtle")),
    "rdfxml": ("RDF_XML", guards.check_xml),
    "turtle": ("TRIG", partial(guards.check_nesting, syntax="turtle")),
}
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_SKOS = "http://www.w3.org/2004/02/skos/core#"
_OWN_LABELS = (f"{_RDFS}label", f"{_SKOS}prefLabel")
_LABELS = frozenset((*_OWN_LABELS, f"{_SKOS}altLabel"))
#: What tells a triple's weight.
_ABOUT = frozenset((SUBJECT, PREDICATE, OBJECT, WEIGHT))
_RELATIONS = {"http://www.w3.org/1999/02/22-rdf-syntax-ns#type": "InstanceOf", f"{_RDFS}subClassOf": "IsA"}
_WHERE = re.compile(r"^Parser error at line \d+[^:]*: | \(line \d+\)$")

#: What keys begin with that are no IRIs.
_MARKS = '"_<'
#: Prior of a further name in the language of the label, and of one in another language.
ALIAS_PRIOR, FOREIGN_PRIOR = 0.8, 0.5

_Statement = tuple[str, str, str, str, "Literal | None"]
"""Keys of subject, predicate, object and graph, and the object if it is a literal."""


def read(path: Path, options: Options, syntax: str) -> Iterator[pl.DataFrame]:
    """Yields assertion chunks.

    Raises:
        FormatError: it does not keep to the syntax, is nested too deep, declares a document type, or names a remote
            JSON-LD context, which is never fetched.
    """
    SYNTAXES[syntax][1](path)
    weights = _weights(path, syntax)

    def row(statement: _Statement) -> list[Row]:
        source, predicate, target, graph, literal = statement
        if (literal is not None and predicate in _LABELS) or (weights and predicate in _ABOUT):
            return []
        relation = _RELATIONS.get(predicate) or name_of(predicate)
        relation = relation_name(relation) if "/r/" in relation else relation
        weight = weights.get((source, name_of(predicate), target), WEIGHT_UNIT)
        return [(source, relation, target, weight, graph, "", "", "")]

    yield from chunks(path, ((0, statement) for statement in _statements(path, syntax)), row, options)


def _weights(path: Path, syntax: str) -> dict[tuple[str, str, str], int]:
    """Weights that statements about triples give, in a pass of its own where there are any."""
    with guards.open_binary(path) as handle:
        rest = b""
        while block := handle.read(1 << 20):
            if WEIGHT.encode() in rest + block:
                break
            rest = block[-len(WEIGHT) :]
        else:
            return {}
    about: dict[str, dict[str, str]] = defaultdict(dict)
    for subject, predicate, target, _, literal in _statements(path, syntax):
        if predicate in _ABOUT:
            about[subject][predicate] = target if literal is None else literal.value
    told = (parts for parts in about.values() if len(parts) == len(_ABOUT))
    return {(p[SUBJECT], p[PREDICATE], p[OBJECT]): _units(path, p[WEIGHT]) for p in told}


def _units(path: Path, weight: str) -> int:
    try:
        return round(float(weight) * WEIGHT_UNIT)
    except (ValueError, OverflowError):
        raise FormatError(path, f"weight {weight!r} is no number", fix="Write a decimal.") from None


def names(path: Path, options: Options, syntax: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Labels and aliases of the resources, in a pass of its own over the file.

    Raises:
        FormatError: as :func:`read`.
    """
    import polars as pl

    SYNTAXES[syntax][1](path)
    told: dict[str, list[tuple[tuple[Any, ...], str, str]]] = defaultdict(list)
    predicates = set()
    for subject, predicate, target, _, literal in _statements(path, syntax):
        predicates.add(predicate)
        if predicate in _LABELS and literal is not None and literal.value.strip() and spoken(target, options):
            language = literal.language or ""
            place = (predicate not in _OWN_LABELS, *_rank(language, options), literal.value)
            told[subject].append((place, language, literal.value))
    labels, aliases = [], []
    for key in sorted(told.keys() - predicates):
        best, *others = sorted(told[key])
        if best[0][0]:
            others.insert(0, best)  # it has no label of its own
        else:
            labels.append((key, best[2]))
        main = best[1].partition("-")[0]
        for _, language, text in others:
            aliases.append((text, key, ALIAS_PRIOR if language.partition("-")[0] == main else FOREIGN_PRIOR))
    return (
        pl.DataFrame(labels, schema={"key": pl.String, "label": pl.String}, orient="row"),
        pl.DataFrame(aliases, schema={"form": pl.String, "key": pl.String, "prior": pl.Float64}, orient="row"),
    )


def _rank(language: str, options: Options) -> tuple[int, str]:
    """What makes a label of one language come before another."""
    main = language.partition("-")[0]
    if options.languages is not None:
        return (options.languages.index(main) if main in options.languages else len(options.languages)), language
    return ("", "en").index(main) if main in ("", "en") else 2, language


def _statements(path: Path, syntax: str) -> Iterator[_Statement]:
    from pyoxigraph import Literal, RdfFormat, parse

    key = _Keys(storage.digest(path)[:12])
    base = f"file:///{quote(path.name)}"
    with guards.open_binary(path) as handle:
        try:
            for quad in parse(handle, getattr(RdfFormat, SYNTAXES[syntax][0]), base_iri=base):
                source, target = key(quad.subject), quad.object
                literal = target if isinstance(target, Literal) else None
                yield source, quad.predicate.value, key(target), key(quad.graph_name), literal
        except (SyntaxError, ValueError) as error:
            raise _refused(path, syntax, error) from error


class _Keys:
    """The key of a term; blank nodes are numbered as they appear."""

    def __init__(self, digest: str) -> None:
        from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode

        self._blank, self._default, self._literal, self._named = BlankNode, DefaultGraph, Literal, NamedNode
        self._prefix = f"_:b{digest}-"
        self._numbers: dict[str, int] = {}

    def __call__(self, term: Any) -> str:
        if isinstance(term, self._named):
            return name_of(term.value)
        if isinstance(term, self._literal):
            return str(term)
        if isinstance(term, self._blank):
            return f"{self._prefix}{self._numbers.setdefault(term.value, len(self._numbers))}"
        if isinstance(term, self._default):
            return ""
        parts = [self(part) for part in (term.subject, term.predicate, term.object)]
        return f"<<( {' '.join(part if part[0] in _MARKS else f'<{part}>' for part in parts)} )>>"


def _refused(path: Path, syntax: str, error: Exception) -> FormatError:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    if "LoadDocumentCallback" in text:
        return FormatError(path, "it names a remote context, which is not fetched", fix="Write the context into it.")
    line = error.lineno if isinstance(error, SyntaxError) else None
    return FormatError(path, f"it is no {syntax} ({_WHERE.sub('', text)})", line=line, fix="Repair the file.")
