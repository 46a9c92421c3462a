from __future__ import annotations

import pytest

from kgreason.errors import FormatError
from kgreason.graph import readers
from kgreason.graph.readers import look


def test_every_reader_that_an_ending_or_a_line_tells_exists():
    assert {*look._ENDINGS.values(), *look._LINES} <= set(readers.READERS)


@pytest.mark.parametrize(
    ("text", "reader"),
    [
        ("<?xml version='1.0'?>\n<!-- --><graphml/>", "graphml"),
        ("\ufeff<rdf:RDF xmlns:rdf='x'/>", "rdfxml"),
        ("PREFIX a: <b>\n", "turtle"),
        ("# words\n\n@base <a:b> .\n", "turtle"),
        ("_:a <b> _:c .\n", "ntriples"),
        ('[{"@id": "a"}]', "jsonld"),
        ('{"source": "a", "text": "@id"}\n', "jsonl"),
        ("prefix,relation,target\n", "table"),
        ("a|IsA|b\nc|IsA|b\n", "triples"),
        ("a|b|IsA|c\n", "table"),
        ("name(a,b).\n", "prolog"),
        ("event\txNeed\tmoney\n", "atomic"),
    ],
)
def test_first_lines_tell(tmp_path, text, reader):
    (tmp_path / "a").write_text(text)
    assert readers.sniff(tmp_path / "a") == reader


@pytest.mark.parametrize("text", ["<html></html>", "<!DOCTYPE html>\n<p>", "[1]", "one word", "a;b;c\n"])
def test_what_nothing_fits(tmp_path, text):
    (tmp_path / "a").write_text(text)
    with pytest.raises(FormatError, match="no reader fits its first line"):
        readers.sniff(tmp_path / "a")
