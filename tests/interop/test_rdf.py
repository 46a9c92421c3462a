from __future__ import annotations

import pytest
import rdflib
from hypothesis import given, settings

from kgreason.errors import FormatError, InputError
from kgreason.graph.terms import WEIGHT
from kgreason.interop.files import read
from kgreason.interop.rdf import from_rdf, ntriples, to_rdf
from tests.interop.strategies import edges, labelled


@settings(max_examples=13)
@given(edges)
def test_rdf_comes_back(tmp_path_factory, rows):
    graph = labelled(rows)
    rdf = to_rdf(graph)
    assert from_rdf(rdf).digest == graph.digest
    written = b"".join(ntriples(graph))
    path = tmp_path_factory.mktemp("a") / "a.nt"
    path.write_bytes(written)
    assert read(path).digest == graph.digest
    assert len(rdflib.Graph().parse(data=written, format="nt")) == len(rdf)
    assert from_rdf(rdflib.Graph().parse(data=rdf.serialize(format="turtle"), format="turtle")).digest == graph.digest


def test_rdf_of_another_make():
    text = """
        @prefix : <http://e.org/> . @prefix skos: <http://www.w3.org/2004/02/skos/core#> .
        @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        :zoo rdfs:label "Zoo", "Ah zoo"@en ; :opened 1931 ; :part [ a :Park ] .
        :penguin skos:prefLabel "penguin" ; :at :zoo .
    """
    graph = from_rdf(rdflib.Graph().parse(data=text, format="turtle"))
    zoo = graph.resolve("http://e.org/zoo")
    assert graph.label(zoo) == "Ah zoo"
    assert {edge.relation.rsplit("/", 1)[-1] for edge in graph.neighbors(zoo)} == {"opened", "part", "at"}
    assert graph.match("http://e.org/zoo", "http://e.org/opened")[0].target == "1931"
    assert graph.match("_:*")[0].target == "http://e.org/Park"


def test_what_is_no_rdf(tmp_path):
    path = tmp_path / "a.nt"
    path.write_bytes(b"penguin AtLocation zoo\n")
    with pytest.raises(FormatError, match=r"a\.nt, line 1: it is no ntriples"):
        read(path)
    rdf = rdflib.Graph()
    rdf.add((rdflib.BNode(), rdflib.URIRef(WEIGHT), rdflib.Literal("much")))
    with pytest.raises(InputError, match="'much' is no number"):
        from_rdf(rdf)
