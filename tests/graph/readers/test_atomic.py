from __future__ import annotations

from kgreason.graph import readers
from kgreason.graph.readers import atomic
from kgreason.graph.relations import RelationTable
from tests.graph.readers.cases import ReaderCase, rows

EVENT = "/c/en/personx_plays_a_something_in_the_war"


class TestTable(ReaderCase):
    reader = "atomic"
    name = "v4_atomic_dev.csv"
    good = (
        "event,oEffect,oReact,xIntent,prefix,split\n"
        'PersonX plays a ___ in the war,[],"[""none"", ""Sad""]","[""to help"", """"]","[""plays""]",dev\n'
    )
    expected = ((EVENT, "oReact", "/c/en/sad", 1000), (EVENT, "xIntent", "/c/en/to_help", 1000))
    bad = (
        ("event,oEffect\na\n", "line 2: it has 1 columns instead of 2"),
        ("event,oEffect\na,[1]\n", "line 2: its oEffect is no list of texts"),
        ("event,oEffect\na,\n", "line 2: Expecting value"),
        ('event,oEffect\n,"[""b""]"\n', "line 2: its event is empty"),
        ('event,oEffect\na,"[""\\ud800""]"\n', "line 2: .*surrogates"),
        ("event,oEffect\na," + "[" * 99_999 + "\n", "line 2: "),
        ("event,what\na,b\n", "line 1: it has a column 'what'"),
        ("event,oEffect\na,[]\n", "no assertion"),
    )


class TestTriples(ReaderCase):
    reader = "atomic"
    good = (
        "PersonX pays\txWant\tto rest\nPersonX pays\tobjectuse\tPersonX's wallet\n"
        "PersonX pays\toReact\tnone\nPersonX pays\tHasSubEvent\t\nPersonX buys ___\tisFilledBy\ta car\n"
    )
    expected = (
        ("/c/en/personx_pays", "xWant", "/c/en/to_rest", 1000),
        ("/c/en/personx_pays", "ObjectUse", "/c/en/personx's_wallet", 1000),
        ("/c/en/personx_buys_something", "isFilledBy", "/c/en/a_car", 1000),
    )
    bad = (
        ("a\txWant\tb\na\txWant\n", "line 2: it has 2 columns"),
        ("a\txWant\tb\n \txWant\tb\n", "line 2: its event is empty"),
        ("a\txWant\tb\na\t\tb\n", "line 2: its relation is empty"),
    )


def test_its_relations_are_worded():
    table = RelationTable.load()
    assert set(table) >= atomic.RELATIONS
    said = table.sentence("xIntent", "PersonX pays", "to help")
    assert said == "PersonX pays is done by PersonX with the wish to help"


def test_the_language_is_english(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("a\txWant\tb\n")
    assert readers.read(path).sources[0]["licence"] == "CC BY 4.0"
    assert rows(path, languages=["en"])
