"""A small sound file of every kind that kgreason reads as a graph, to be mutated."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

__all__ = ["SAMPLES", "Sample"]

#: Files of a sample by name; one of them is mutated.
Sample = Mapping[str, bytes]

_ABOUT = "http://e.org/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _parquet(columns: Mapping[str, list[Any]]) -> bytes:
    import polars as pl

    file = io.BytesIO()
    pl.DataFrame(dict(columns)).write_parquet(file)
    return file.getvalue()


_WORDNET = {
    "data.noun": _lines(
        "  1 the licence",
        "00000001 06 n 01 door 0 001 #p 00000002 n 0000 | a barrier  ",
        "00000002 06 n 02 building 0 edifice 0 002 ~ 00000001 n 0000 + 00000003 v 0101 | a structure  ",
    ),
    "data.verb": _lines("00000003 36 v 01 build 0 001 + 00000002 n 0101 01 + 08 00 | put together  "),
    "data.adj": _lines("00000004 00 a 01 cold(a) 0 000 | not hot  "),
    "data.adv": b"",
}
_FACTS = {
    "assertions.parquet": _parquet(
        {"source": ["/c/en/a", "b"], "relation": ["IsA", "r"], "target": ["/c/en/b", "c"], "weight": [1000, -500]}
    ),
    "concepts.parquet": _parquet({"key": ["b"], "label": ["Bee"]}),
    "aliases.parquet": _parquet({"form": ["bees"], "key": ["b"], "prior": [0.5]}),
    "facts.json": b'{"sources": [{"name": "x", "licence": "CC0"}]}',
}

#: Reader to a sample of what it reads.
SAMPLES: Mapping[str, Sample] = {
    "atomic": {
        "a.csv": _lines(
            "event,oEffect,oReact,oWant,xAttr,xEffect,xIntent,xNeed,xReact,xWant,prefix,split",
            'PersonX buys a dog,"[""none""]","[""happy"", ""glad""]",[],"[""kind""]",[],[],[],[],"[""rest""]",[],dev',
        )
    },
    "cn100k": {"a.txt": _lines("IsA\tpenguin\tbird", "AtLocation\tpenguin\tzoo\t1", "NotCapableOf\tpenguin\tfly\t2.5")},
    "conceptnet4": {
        "a.graph": _lines(
            "penguin\tbird\t{'freq': 5, 'score': 1, 'rel': u'IsA'}",
            "penguin\tfly\t{'freq': -5, 'score': 3, 'rel': u'CapableOf'}",
        )
    },
    "conceptnet5": {
        "a.csv": _lines(
            "/a/[/r/IsA/,/c/en/a/n/wn/animal/,/c/en/b/]\t/r/IsA\t/c/en/a/n/wn/animal\t/c/en/b\t"
            '{"dataset": "/d/x", "license": "cc:by/4.0", "surfaceText": "[[A]] is [[b]]", "weight": 2.0}',
            '/a/[/r/Antonym/,/c/de/kalt/,/c/de/heiß/]\t/r/Antonym\t/c/de/kalt\t/c/de/heiß\t{"weight": 1.5}',
        )
    },
    "facts": _FACTS,
    "graphml": {
        "a.graphml": _lines(
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
            '<key id="d0" for="edge" attr.name="relation" attr.type="string"><default>RelatedTo</default></key>',
            '<key id="d1" for="node" attr.name="label" attr.type="string"/>',
            '<graph edgedefault="directed"><node id="a"><data key="d1">Alpha</data></node><node id="b"/>',
            '<edge source="a" target="b"><data key="d0">IsA</data></edge></graph></graphml>',
        )
    },
    "jsonl": {
        "a.jsonl": _lines(
            '{"source": "penguin", "relation": "AtLocation", "target": "zoo", "weight": 2.5}',
            '{"head": "Pingüin", "rel": "IsA", "tail": "\\ud83d\\udc27"}',
        )
    },
    "jsonld": {
        "a.jsonld": _lines(
            '{"@context": {"@vocab": "http://e.org/", "capitalOf": {"@type": "@id"}},',
            ' "@id": "http://e.org/berlin", "capitalOf": "http://e.org/germany", "people": [3645000, true, {"a": 1}],',
            ' "nickname": {"@value": "Spree-Athen", "@language": "de"}, "@type": "City"}',
        )
    },
    "ntriples": {
        "a.nt": _lines(
            f"<{_ABOUT}berlin> <{_ABOUT}capitalOf> <{_ABOUT}germany> .",
            f'<{_ABOUT}berlin> <{_ABOUT}nickname> "Spree-Athen"@de <{_ABOUT}graph> .',
            f'_:a <{_ABOUT}people> "3645000"^^<http://www.w3.org/2001/XMLSchema#integer> .',
        )
    },
    "parquet": {
        "a.parquet": _parquet(
            {"source": ["a", "b"] * 9, "relation": ["IsA"] * 18, "target": ["c"] * 18, "weight": [1.5, None] * 9}
        )
    },
    "prolog": {"a.nl": _lines("neighborOf('palau', germany).", "locatedIn(germany,western_europe).")},
    "rdfxml": {
        "a.rdf": _lines(
            '<?xml version="1.0"?>',
            f'<rdf:RDF xmlns:rdf="{_RDF}" xmlns:e="{_ABOUT}">',
            f'<e:City rdf:about="{_ABOUT}berlin"><e:capitalOf rdf:resource="{_ABOUT}germany"/>',
            '<e:nickname xml:lang="de">Spree-Athen</e:nickname>',
            '<e:parts rdf:parseType="Collection"/></e:City></rdf:RDF>',
        )
    },
    "senticnet": {
        "a.csv": _lines(
            "CONCEPT,INTROSPECTION,POLARITY VALUE,SEMANTICS",
            """a_little,-0.5,negative,"['weep', ""don't_cry"", 'it\\'s']\"""",
            "abacus,0,positive,['counting']",
        )
    },
    "table": {"a.csv": _lines("source,relation,target,weight", 'penguin,"At, ""Location""",zoo,2.5', "a,b,c,")},
    "triples": {"a.txt": _lines("penguin|IsA|bird", "penguin|AtLocation|zoo|2.5", "bird|IsA|animal")},
    "turtle": {
        "a.ttl": _lines(
            f"@prefix e: <{_ABOUT}> .",
            'e:berlin e:capitalOf e:germany ; e:people 3645000, 1.5e3 ; e:nickname "Spree-Athen"@de, """x""" .',
            "e:g { [ e:p (1 2 [ ]) ] e:q << e:a e:b e:c >> }",
        )
    },
    "wordnet": _WORDNET,
}
