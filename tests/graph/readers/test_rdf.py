from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgreason import storage
from kgreason.config import LIMITS
from kgreason.errors import FormatError
from kgreason.graph import KnowledgeGraph, readers
from kgreason.graph.build import build
from kgreason.graph.readers import rdf
from kgreason.interop.rdf import ntriples
from tests.graph.readers.cases import ReaderCase, rows

E = "http://e.org/"
DEEP = LIMITS.nesting + 1
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
INTEGER = "^^<http://www.w3.org/2001/XMLSchema#integer>"
ABOUT = (
    (f"{E}berlin", f"{E}capitalOf", f"{E}germany", 1000),
    (f"{E}berlin", f"{E}people", f'"3645000"{INTEGER}', 1000),
    (f"{E}berlin", f"{E}nickname", '"Spree-Athen"@de', 1000),
    (f"{E}berlin", "InstanceOf", f"{E}City", 1000),
)


class TestNTriples(ReaderCase):
    reader = "ntriples"
    good = f"""# a comment
<{E}berlin> <{E}capitalOf> <{E}germany> .
<{E}berlin> <{E}people> "3645000"{INTEGER} <{E}census> .
<{E}berlin> <{E}nickname> "Spree-Athen"@de .
<{E}berlin> <{RDF}type> <{E}City> .
"""
    expected = ABOUT
    bad = (
        (f"<{E}a> <{E}b> <{E}c> .\n<{E}a> <{E}b> .\n", "line 2: it is no ntriples"),
        (f"<{E}a> <{E}b> <relative> .\n", "line 1: it is no ntriples .No scheme"),
        (f"<{E}a> <{E}b> {'<<( <a:b> <a:c> ' * DEEP}<a:d>{' )>>' * DEEP} .\n", "nested deeper"),
        (f'<{E}a> <{E}b> "\\ud800" .\n', "no ntriples"),
        (b'<a:b> <a:c> "\xff" .\n', "no ntriples"),
        ("\n", "holds no assertion"),
    )


class TestTurtle(ReaderCase):
    reader = "turtle"
    name = "berlin.txt"
    good = f"""@prefix e: <{E}> .
e:berlin e:capitalOf e:germany ; e:people 3645000 ; e:nickname "Spree-Athen"@de ; a e:City .
"""
    expected = ABOUT
    bad = (
        ("@prefix e: <http://e.org/> .\ne:a e:b .\n", "line 2: it is no turtle"),
        ("e:a e:b e:c .\n", "line 1: it is no turtle"),
        (f"<a:b> <a:c> {'(' * DEEP}{')' * DEEP} .\n", "nested deeper"),
        (f"<a:b> <a:c> {'[ <a:d> ' * DEEP}1{']' * DEEP} .\n", "nested deeper"),
        ("<a:b> <a:c> '''" + "(" * 200, "no turtle|nested"),
    )


class TestRdfXml(ReaderCase):
    reader = "rdfxml"
    good = f"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="{RDF}" xmlns:e="{E}">
 <e:City rdf:about="{E}berlin">
  <e:capitalOf rdf:resource="{E}germany"/>
  <e:people rdf:datatype="http://www.w3.org/2001/XMLSchema#integer">3645000</e:people>
  <e:nickname xml:lang="de">Spree-Athen</e:nickname>
 </e:City>
</rdf:RDF>
"""
    expected = (ABOUT[3], *ABOUT[:3])
    bad = (
        ('<!DOCTYPE r [<!ENTITY a "x">]>' + good.partition("?>\n")[2], "document type"),
        (good.replace('<?xml version="1.0"?>', '<!DOCTYPE r SYSTEM "http://e.org/">'), "document type"),
        (good.replace("Spree", "&spree;"), "undefined entity"),
        (good.replace("</e:City>", ""), "mismatched tag"),
        (good.replace('rdf:about="', 'rdf:about="http://e .org'), "no rdfxml"),
        (good.encode("utf-16"), "not UTF-8"),
        (f'<rdf:RDF xmlns:rdf="{RDF}">' + "<a><b>" * DEEP + "</b></a>" * DEEP + "</rdf:RDF>", "nested deeper"),
    )


class TestJsonLd(ReaderCase):
    reader = "jsonld"
    good = json.dumps(
        {
            "@context": {"@vocab": E, "capitalOf": {"@type": "@id"}},
            "@id": f"{E}berlin",
            "capitalOf": f"{E}germany",
            "people": 3645000,
            "nickname": {"@value": "Spree-Athen", "@language": "de"},
            "@type": "City",
        },
        indent=1,
    )
    expected = (ABOUT[3], *ABOUT[:3])
    bad = (
        ('{"@context": "http://e.org/c", "@id": "a:b", "n": 1}', "remote context, which is not fetched"),
        ('{"@context": ["c.jsonld"], "@id": "a:b", "n": 1}', "remote context"),
        ('{"@context": {"@version": 1.1, "@import": "http://e.org/c"}, "@id": "a:b"}', "remote context"),
        ('{"@context": {"t": {"@id": "a:t", "@context": "file:///c"}}, "@id": "a:b", "t": {"@id": "a:c"}}', "remote"),
        ('{"a:p":' * DEEP + "1" + "}" * DEEP, "nested deeper"),
        ('{"@id": "a:b", "a:p": ', "line 1: it is no jsonld"),
        ('{"@id": "a:b", "p": 1}', "holds no assertion"),
    )


@pytest.mark.parametrize(
    ("name", "reader"),
    [("a.nt", "ntriples"), ("a.nq.gz", "ntriples"), ("a.ttl", "turtle"), ("a.TRIG", "turtle"), ("a.owl", "rdfxml"),
     ("a.rdf", "rdfxml"), ("a.jsonld", "jsonld"), ("a.parquet", "parquet"), ("a.graphml.gz", "graphml")],
)  # fmt: skip
def test_endings_that_say_all(tmp_path, name, reader):
    (tmp_path / name).write_text("anything\n")
    assert readers.sniff(tmp_path / name) == reader


LABELS = f"""@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix e: <{E}> .
e:berlin rdfs:label "Berlin"@en, "Berlino"@it, "柏林"@zh-hans ; skos:altLabel "Spree-Athen"@de, "the Hauptstadt"@en-gb .
e:rome skos:prefLabel "Roma" ; rdfs:label "Rome"@en ; e:twin e:berlin ; rdfs:label e:thing .
e:oslo skos:altLabel "Tigerstaden"@no .
e:twin rdfs:label "is twinned with"@en .
"""


def test_labels_and_aliases(tmp_path):
    path = tmp_path / "a.ttl"
    path.write_text(LABELS)
    source = readers.read(path)
    assert source.labels is not None
    assert source.aliases is not None
    assert dict(source.labels.rows()) == {f"{E}berlin": "Berlin", f"{E}rome": "Roma"}
    assert {(form, key.removeprefix(E)): prior for form, key, prior in source.aliases.rows()} == {
        ("Berlino", "berlin"): 0.5,
        ("柏林", "berlin"): 0.5,
        ("Spree-Athen", "berlin"): 0.5,
        ("the Hauptstadt", "berlin"): 0.8,
        ("Rome", "rome"): 0.5,
        ("Tigerstaden", "oslo"): 0.8,
    }
    assert [row[:3] for row in rows(path)] == [
        (f"{E}rome", "is twinned with", f"{E}berlin"),
        (f"{E}rome", "http://www.w3.org/2000/01/rdf-schema#label", f"{E}thing"),
    ]
    chinese = readers.read(path, languages=["zh", "de"])
    assert chinese.labels is not None
    assert dict(chinese.labels.rows()) == {f"{E}berlin": "柏林", f"{E}rome": "Roma"}


WIKIDATA = """<w:Q64> <p:P31> <w:Q515> ; <p:P36> <w:Q64> ; <p:P17> <w:Q183> ; <p:P99> <w:Q1> .
<w:P31> <http://wikiba.se/ontology#directClaim> <p:P31> ; rdfs:label "instance of"@en, "ist  ein\\t(e)"@de .
<p:P36> rdfs:label "capital"@en . <p:P17> rdfs:label "country"@en . <p:P18> rdfs:label "country"@en .
<p:P99> skos:altLabel "other"@en . <w:Q1> <p:P18> <w:Q2> ; <p:P20> <w:Q2> . <p:P20> rdfs:label "NotKnown" .
<p:P21> rdfs:label "p:P31" . <w:Q1> <p:P21> <w:Q2> . rdf:type rdfs:label "type" . <w:Q1> a <w:Q2> .
"""


def test_properties_are_called_by_their_labels_where_these_tell_them_apart(tmp_path):
    prefixes = f"@prefix rdf: <{RDF}> .\n" + "\n".join(LABELS.splitlines()[:2])
    (tmp_path / "a.ttl").write_text(f"{prefixes}\n{WIKIDATA}")

    def relations(**options):
        return {row[1] for row in rows(tmp_path / "a.ttl", **options)} - {"http://wikiba.se/ontology#directClaim"}

    kept = {"p:P17", "p:P18", "p:P20", "p:P21", "p:P99", "InstanceOf"}
    assert relations() == kept | {"instance of", "capital"}
    assert relations(languages=["de"]) == kept | {"ist ein (e)", "p:P36"}
    source = readers.read(tmp_path / "a.ttl")
    assert source.labels is not None
    assert dict(source.labels.rows()) == {"w:P31": "instance of"}


def test_a_file_is_vetted_and_digested_once(tmp_path, monkeypatch):
    passes: list[str] = []

    def counted(name, call):
        def run(*args):
            passes.append(name)
            return call(*args)

        return run

    syntax, guard = rdf.SYNTAXES["turtle"]
    monkeypatch.setitem(rdf.SYNTAXES, "turtle", (syntax, counted("guard", guard)))
    monkeypatch.setattr(storage, "digest", counted("digest", storage.digest))
    # one digest for the manifest, and one where blank nodes are named after it
    for text, expected in (
        ("<a:b> <a:c> <a:d> .", ["digest", "guard"]),
        ("_:x <a:c> [ <a:d> <a:e> ] .", ["digest"] * 2 + ["guard"]),
    ):
        (tmp_path / "a.ttl").write_text(text)
        passes.clear()
        list(readers.read(tmp_path / "a.ttl"))
        assert sorted(passes) == expected


def test_a_graph_of_it_answers_by_label(tmp_path):
    path = tmp_path / "a.ttl"
    path.write_text(LABELS + 'e:berlin e:people 3645000 ; e:motto "Sei \\"B\\"\\n"@de .')
    source = readers.read(path)
    graph = KnowledgeGraph.open(build(source, tmp_path / "g", labels=source.labels, aliases=source.aliases))
    berlin = graph.resolve("berlino")
    assert graph.label(berlin) == "Berlin"
    assert {edge.text for edge in graph.neighbors(berlin)} == {
        "Roma is twinned with Berlin", "Berlin people 3645000", 'Berlin motto Sei "B"',
    }  # fmt: skip


def test_languages_filter_literals(tmp_path):
    path = tmp_path / "a.nt"
    path.write_text('<a:b> <a:c> "x"@en-us .\n<a:b> <a:c> "y"@de .\n<a:b> <a:c> "z" .\n<a:b> <a:c> <a:d> .\n')
    assert [row[2] for row in rows(path, languages=["en"])] == ['"x"@en-us', '"z"', "a:d"]


def test_blank_nodes_are_numbered_and_never_shared(tmp_path):
    text = "_:x <a:knows> [ <a:knows> _:y ] .\n<a:b> <a:says> << _:x <a:knows> <a:c> >> ."
    for name in ("a.ttl", "b.ttl"):
        (tmp_path / name).write_text(text)
    (tmp_path / "c.ttl").write_text(text + "\n")
    first, again, other = (rows(tmp_path / name) for name in ("a.ttl", "b.ttl", "c.ttl"))
    assert first == again
    prefix = first[0][0].rpartition("-")[0]
    numbered = [tuple(part.replace(prefix, "_:") for part in row[:3]) for row in first]
    assert numbered[0] == ("_:-0", "a:knows", "_:-1")
    assert "<<( _:-2 <a:knows> <a:c> )>>" in {row[2] for row in numbered}
    keys = [{end for row in found for end in (row[0], row[2]) if end.startswith("_:")} for found in (first, other)]
    assert keys[0]
    assert not keys[0] & keys[1]


def test_relative_iris_hang_on_the_name_alone(tmp_path):
    for name, text in (("zoo.ttl", "<#a> <p> <b> ."), ("zoo.jsonld", '{"@id": "#a", "a:p": {"@id": "b"}}')):
        (tmp_path / name).write_text(text)
        assert rows(tmp_path / name)[0][0] == f"file:///{name}#a"


def test_named_graphs_are_origins(tmp_path):
    path = tmp_path / "a.trig"
    path.write_text("<a:g> { <a:b> <a:c> <a:d> } <a:b> <a:c> <a:e> .")
    assert [row[4] for chunk in readers.read(path) for row in chunk.rows()] == ["a:g", ""]


iris = st.sampled_from([f"{E}{name}" for name in ("a", "b", "c#d", "é", "x/y")])
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=6)
literals = st.tuples(texts, st.sampled_from(["", "de", "en-us", "integer"]))


def key_of(term):
    """The key of a term of rdflib."""
    import pyoxigraph
    import rdflib

    if isinstance(term, rdflib.URIRef):
        return str(term)
    if term.datatype:
        return str(pyoxigraph.Literal(str(term), datatype=pyoxigraph.NamedNode(str(term.datatype))))
    return str(pyoxigraph.Literal(str(term), language=term.language))


@pytest.mark.parametrize(
    ("syntax", "name"), [("nt", "a.nt"), ("turtle", "a.ttl"), ("xml", "a.rdf"), ("json-ld", "a.jsonld")]
)
@settings(max_examples=15)
@given(triples=st.lists(st.tuples(iris, iris, st.one_of(iris, literals)), min_size=1, max_size=6))
def test_rdflib_and_pyoxigraph_read_the_same(tmp_path_factory, syntax, name, triples):
    import pyoxigraph
    import rdflib

    graph = rdflib.Graph()
    for subject, predicate, target in triples:
        end: rdflib.URIRef | rdflib.Literal
        if isinstance(target, str):
            end = rdflib.URIRef(target)
        elif target[1] == "integer":
            end = rdflib.Literal("7", datatype=rdflib.XSD.integer)
        else:
            end = rdflib.Literal(target[0], lang=target[1] or None)
        graph.add((rdflib.URIRef(subject), rdflib.URIRef(predicate), end))
    path = tmp_path_factory.mktemp("r") / name
    path.write_text(graph.serialize(format=syntax), encoding="utf-8")
    # rdflib's own reader of JSON-LD uses what rdflib calls deprecated
    read = graph if syntax == "json-ld" else rdflib.Graph().parse(path, format=syntax)
    found = {row[:3] for row in rows(path)}
    assert found == {(str(s), str(p), key_of(o)) for s, p, o in read}
    plain = [[term.value if isinstance(term, pyoxigraph.NamedNode) else str(term) for term in quad.triple]
             for quad in pyoxigraph.parse(path=str(path))]  # fmt: skip
    assert found == {tuple(terms) for terms in plain}


def test_what_was_exported_comes_back(tmp_path, tiny_graph):
    file = tmp_path / "graph.nt"
    storage.write_bytes(file, b"".join(ntriples(tiny_graph)))
    source = readers.read(file)
    back = KnowledgeGraph.open(build(source, tmp_path / "back", labels=source.labels, aliases=source.aliases))
    for name in ("ptr", "idx", "rel", "weight"):
        np.testing.assert_array_equal(getattr(back, name), getattr(tiny_graph, name))
    assert back.relations == tiny_graph.relations


def test_a_weight_has_to_be_a_number(tmp_path):
    lines = ntriples(KnowledgeGraph.from_triples([("a", "IsA", "b", 2.0)]))
    file = tmp_path / "graph.nt"
    storage.write_bytes(file, b"".join(lines).replace(b'"2.000"', b'"much"'))
    with pytest.raises(FormatError, match="weight 'much' is no number"):
        list(readers.read(file))
