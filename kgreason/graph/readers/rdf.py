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
- A predicate's label names the relation where no other predicate has the same, else its IRI does; so does the label of
  a property of Wikidata's whose direct claim it is. A predicate is no concept. ``rdf:type`` and ``rdfs:subClassOf`` are
  InstanceOf and IsA. The named graph is the assertion's origin.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kgreason import guards, storage
from kgreason.errors import FormatError
from kgreason.graph.readers.common import Options, Row, chunks, relation_name, spoken
from kgreason.graph.schema import WEIGHT_UNIT, is_negated
from kgreason.graph.terms import OBJECT, PREDICATE, SUBJECT, WEIGHT, name_of

if TYPE_CHECKING:
    import polars as pl
    from pyoxigraph import Literal

__all__ = ["SYNTAXES", "read"]

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
#: From a property, which has the labels, to the predicate of plain triples (Wikidata).
_DIRECT_CLAIM = "http://wikiba.se/ontology#directClaim"
_WHERE = re.compile(r"^Parser error at line \d+[^:]*: | \(line \d+\)$")

#: What keys begin with that are no IRIs.
_MARKS = '"_<'
#: Prior of a further name in the language of the label, and of one in another language.
ALIAS_PRIOR, FOREIGN_PRIOR = 0.8, 0.5

_Statement = tuple[str, str, str, str, "Literal | None"]
"""Keys of subject, predicate, object and graph, and the object if it is a literal."""


def read(
    path: Path, options: Options, syntax: str
) -> tuple[Iterator[pl.DataFrame], pl.DataFrame | None, pl.DataFrame | None]:
    """Assertion chunks, and labels and aliases of the resources, which take a pass of their own over the file.

    Raises:
        FormatError: it does not keep to the syntax, is nested too deep, declares a document type, or names a remote
            JSON-LD context, which is never fetched.
    """
    SYNTAXES[syntax][1](path)
    file = _File(path, syntax)
    names = _Names(file, options)
    return _chunks(file, names.relations(), options), *names.tables()


def _chunks(file: _File, relations: Mapping[str, str], options: Options) -> Iterator[pl.DataFrame]:
    weights = _weights(file)

    def row(statement: _Statement) -> list[Row]:
        source, predicate, target, graph, literal = statement
        if (literal is not None and predicate in _LABELS) or (weights and predicate in _ABOUT):
            return []
        relation = relations.get(predicate) or name_of(predicate)
        relation = relation_name(relation) if "/r/" in relation else relation
        weight = weights.get((source, name_of(predicate), target), WEIGHT_UNIT)
        return [(source, relation, target, weight, graph, "", "", "")]

    yield from chunks(file.path, ((0, statement) for statement in file), row, options)


def _weights(file: _File) -> dict[tuple[str, str, str], int]:
    """Weights that statements about triples give, in a pass of its own where there are any."""
    with guards.open_binary(file.path) as handle:
        rest = b""
        while block := handle.read(1 << 20):
            if WEIGHT.encode() in rest + block:
                break
            rest = block[-len(WEIGHT) :]
        else:
            return {}
    about: dict[str, dict[str, str]] = defaultdict(dict)
    for subject, predicate, target, _, literal in file:
        if predicate in _ABOUT:
            about[subject][predicate] = target if literal is None else literal.value
    told = (parts for parts in about.values() if len(parts) == len(_ABOUT))
    return {(p[SUBJECT], p[PREDICATE], p[OBJECT]): _units(file.path, p[WEIGHT]) for p in told}


def _units(path: Path, weight: str) -> int:
    try:
        return round(float(weight) * WEIGHT_UNIT)
    except (ValueError, OverflowError):
        raise FormatError(path, f"weight {weight!r} is no number", fix="Write a decimal.") from None


class _Names:
    """What a file calls its resources: one pass over it.

    Args:
        file: the file.
        options: languages to keep.
    """

    def __init__(self, file: _File, options: Options) -> None:
        self._told: dict[str, list[tuple[tuple[Any, ...], str, str]]] = defaultdict(list)
        self._predicates: dict[str, str] = {}  #: Each with the resource that has its labels.
        claims: dict[str, str] = {}
        for subject, predicate, target, _, literal in file:
            self._predicates[predicate] = predicate
            if predicate == _DIRECT_CLAIM:
                claims[target] = subject
            elif predicate in _LABELS and literal is not None and literal.value.strip() and spoken(target, options):
                language = literal.language or ""
                place = (predicate not in _OWN_LABELS, *_rank(language, options), literal.value)
                self._told[subject].append((place, language, literal.value))
        self._predicates |= {name: claims[name] for name in claims.keys() & self._predicates.keys()}

    def relations(self) -> dict[str, str]:
        """The relation that a predicate is, where that is not its own IRI."""
        best = {name: min(self._told[owner]) for name, owner in self._predicates.items() if owner in self._told}
        labels = {name: " ".join(text.split()) for name, (place, _, text) in best.items() if not place[0]}
        counts = Counter((*labels.values(), *self._predicates))
        named = {name: label for name, label in labels.items() if counts[label] == 1 and not is_negated(label)}
        return named | _RELATIONS

    def tables(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Labels and aliases of the resources that are no predicates."""
        import polars as pl

        labels, aliases = [], []
        for key in sorted(self._told.keys() - self._predicates.keys()):
            best, *others = sorted(self._told[key])
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


class _File:
    """The statements of a file, which has passed its guard; each iteration is a pass over it."""

    def __init__(self, path: Path, syntax: str) -> None:
        self.path, self._syntax = path, syntax

    @cached_property
    def _digest(self) -> str:
        return storage.digest(self.path)[:12]

    def __iter__(self) -> Iterator[_Statement]:
        from pyoxigraph import Literal, RdfFormat, parse

        key = _Keys(lambda: self._digest)
        base = f"file:///{quote(self.path.name)}"
        with guards.open_binary(self.path) as handle:
            try:
                for quad in parse(handle, getattr(RdfFormat, SYNTAXES[self._syntax][0]), base_iri=base):
                    source, target = key(quad.subject), quad.object
                    literal = target if isinstance(target, Literal) else None
                    yield source, quad.predicate.value, key(target), key(quad.graph_name), literal
            except (SyntaxError, ValueError) as error:
                raise _refused(self.path, self._syntax, error) from error


class _Keys:
    """The key of a term; blank nodes are numbered as they appear, after the file's digest, which is asked for then."""

    def __init__(self, digest: Callable[[], str]) -> None:
        from pyoxigraph import BlankNode, DefaultGraph, Literal, NamedNode

        self._blank, self._default, self._literal, self._named = BlankNode, DefaultGraph, Literal, NamedNode
        self._digest = digest
        self._numbers: dict[str, int] = {}

    def __call__(self, term: Any) -> str:
        if isinstance(term, self._named):
            return name_of(term.value)
        if isinstance(term, self._literal):
            return str(term)
        if isinstance(term, self._blank):
            return f"_:b{self._digest()}-{self._numbers.setdefault(term.value, len(self._numbers))}"
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
