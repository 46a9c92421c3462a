from __future__ import annotations

import pytest

from kgreason.errors import FormatError
from kgreason.graph import readers
from kgreason.graph.readers import wordnet

NOUNS = """  1 This software and database is being provided to you
00000001 05 n 02 dog 0 domestic_dog 0 003 @ 00000002 n 0000 #m 00000003 n 0000 + 00000001 v 0101 | a dog
00000002 05 n 01 animal 0 001 ~ 00000001 n 0000 | a being
00000003 14 n 02 pack 0 Canis 0 000 | dogs
00000004 15 n 02 New_York 0 Big_Apple 0 001 @i 00000003 n 0000 | a city
"""
FILES = {
    "noun": NOUNS,
    "verb": "00000001 38 v 01 do_gs 0 001 + 00000001 n 0101 02 + 08 00 + 02 01 | go\n",
    "adj": "00000001 00 a 01 hot(p) 0 001 ! 00000002 a 0101 | warm\n00000002 00 a 01 cold 0 000 | not hot\n",
    "adv": "00000001 02 r 01 Hot 0 000 | hotly\n",
}


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "dict"
    path.mkdir()
    for name, text in FILES.items():
        (path / f"data.{name}").write_text(text)
    return path


def test_synsets_become_assertions_between_words(folder):
    assert readers.sniff(folder) == "wordnet"
    source = readers.read(folder)
    told = {row[:3]: row[6] for chunk in source for row in chunk.rows()}
    animal = "n/wn/animal\tn/wn/animal"
    assert told == {
        ("/c/en/domestic_dog", "Synonym", "/c/en/dog"): animal,
        ("/c/en/dog", "IsA", "/c/en/animal"): animal,
        ("/c/en/domestic_dog", "IsA", "/c/en/animal"): animal,
        ("/c/en/dog", "PartOf", "/c/en/pack"): "n/wn/animal\tn/wn/group",
        ("/c/en/canis", "Synonym", "/c/en/pack"): "n/wn/group\tn/wn/group",
        ("/c/en/big_apple", "Synonym", "/c/en/new_york"): "n/wn/location\tn/wn/location",
        ("/c/en/new_york", "InstanceOf", "/c/en/pack"): "n/wn/location\tn/wn/group",
        ("/c/en/big_apple", "InstanceOf", "/c/en/pack"): "n/wn/location\tn/wn/group",
        ("/c/en/do_gs", "DerivedFrom", "/c/en/dog"): "v/wn/motion\tn/wn/animal",
        ("/c/en/hot", "Antonym", "/c/en/cold"): "a/wn/all\ta/wn/all",
    }
    assert source.labels is not None
    assert dict(source.labels.rows()) == {
        "/c/en/canis": "Canis", "/c/en/new_york": "New York", "/c/en/big_apple": "Big Apple",
    }  # fmt: skip
    assert source.sources[0]["licence"] == "WordNet"


@pytest.mark.parametrize("symbol", sorted(wordnet.POINTERS))
def test_every_pointer_has_a_relation(symbol):
    assert wordnet.pointer_relation(symbol, {"@": "n", "\\": "a"}.get(symbol, "n"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("00000001 05 n 01 dog\n", "line 1: '00000001 05 n 01 dog.*is no synset"),
        ("00000001 77 n 01 dog 0 000 | x\n", "no synset"),
        ("00000001 05 n zz dog 0 000 | x\n", "no synset"),
        ("00000001 05 n 00 000 | x\n", "no synset"),
        ("\n00000001 05 n 01 dog 0 001 @ 09999999 n 0000 | x\n", "line 2: its pointer @ 09999999 leads nowhere"),
        ("00000001 05 n 01 dog 0 001 ! 00000001 n 0501 | x\n", "names a word that is not there"),
    ],
)
def test_malformed_files_are_named(folder, text, words):
    (folder / "data.noun").write_text(text)
    with pytest.raises(FormatError, match=rf"data\.noun, {words}" if words.startswith("line") else words):
        list(readers.read(folder))


def test_a_missing_file_is_named(folder):
    (folder / "data.verb").unlink()
    with pytest.raises(FormatError, match=r"data\.verb: there is no such file"):
        readers.read(folder)
    with pytest.raises(FormatError, match=r"holds no data\.noun"):
        readers.read(folder.parent, "wordnet")


def test_words_of_other_languages_are_not_in_it(folder):
    with pytest.raises(FormatError, match="no assertion"):
        list(readers.read(folder, languages=["fr"]))
