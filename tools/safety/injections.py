"""Two hundred texts that would become part of a SPARQL query, were they pasted into one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import product

from kgreason.graph import KnowledgeGraph
from kgreason.interop import write
from kgreason.interop.sparql import query
from tools.safety.attack import Attack, Place

__all__ = ["injections"]

_GRAPH = (("penguin", "AtLocation", "zoo"), ("zoo", "IsA", "park"), ("park", "IsA", "place"))
_ASKED = "SELECT * { ?who ?at ?place . ?place <http://www.w3.org/2000/01/rdf-schema#label> ?name }"
_ENDS = ("", '"', "'", '"""', ">", ">)", "}", '" }', "> }", "\\", "\n}")
_PAYLOADS = (
    " . ?s ?p ?o",
    "} UNION { ?who ?at ?place }",
    " || true",
    ") . FILTER(true",
    " } SELECT * { ?s ?p ?o }",
    " OPTIONAL { ?s ?p ?o }",
    "} INSERT DATA { <urn:a> <urn:b> <urn:c> }",
    "} SERVICE <http://{host}/> { ?s ?p ?o }",
    "} FROM <http://{host}/>",
    " ; LOAD <http://{host}/>",
    "} BIND(1 AS ?x) {",
    "} VALUES ?who { <urn:kgreason:concept:zoo> }",
    "<urn:a>|!<urn:a>",
    "} # ",
    "} DROP ALL # ",
    "zoo\\u0022 . ?s ?p ?o",
    "\\u003E . ?s ?p ?o",
    "%22%20.%20?s",
    "\ud800",
)
_NAMES = ("who} SERVICE <http://e/> {", "who ?s", "", "?who", "who\n", "1 2", '"', "who)")


def injections() -> Iterator[Attack]:
    """Each text as a concept, as a relation and as a literal; then names of variables."""
    texts = [f"{start}{payload}" for start, payload in product(_ENDS, _PAYLOADS)]
    for text in texts[: 200 - len(_NAMES)]:
        yield Attack(f"injection: {text!r}", partial(_bound, text), refused=False)
    for name in _NAMES:
        yield Attack(f"injection: variable {name!r}", partial(_named, name))


def _bound(text: str, place: Place) -> object:
    """Binds a text in each place; as a name that the graph does not know, it has to find nothing."""
    text = text.replace("{host}", place.host)
    path = place.folder / "a.nt"
    write(KnowledgeGraph.from_triples(_GRAPH), path)
    for bound in ({"concepts": {"who": text}}, {"relations": {"at": text}}, {"texts": {"name": text}}):
        if found := query(path, _ASKED, **bound).rows:  # type: ignore[arg-type]  # one of three parameters
            raise AssertionError(f"{bound} found {found}")
    return "nothing"


def _named(name: str, place: Place) -> object:
    path = place.folder / "a.nt"
    write(KnowledgeGraph.from_triples(_GRAPH), path)
    return query(path, _ASKED, concepts={name: "penguin"}).rows
