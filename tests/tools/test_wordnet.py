from __future__ import annotations

import pytest

from tools.wordnet import WordNet, regular


@pytest.fixture(scope="module")
def wordnet(dictionary):
    return WordNet(dictionary)


def test_synsets_keep_words_case_pointers_and_subject(wordnet):
    states = wordnet.synsets["n", "00000004"]
    assert states.words == ("United States of America", "America")
    assert states.lexname == "location"
    assert [(pointer.symbol, pointer.synset) for pointer in states.pointers] == [("@i", ("n", "00000005"))]
    assert wordnet.synsets["v", "00000008"].pointers[1].target == 1


def test_rank_counts_from_the_most_frequent_sense(wordnet):
    assert wordnet.rank("n", "America", "00000004") == 1


@pytest.mark.parametrize(
    ("form", "pos", "lemmas"),
    [
        ("children", "n", ["child"]),
        ("went", "v", ["go"]),
        ("revolving", "v", ["revolve"]),
        ("states", "n", ["state"]),
        ("coldest", "a", ["cold"]),
        ("unknown", "n", []),
    ],
)
def test_lemmas(wordnet, form, pos, lemmas):
    assert wordnet.lemmas(form, pos) == lemmas


@pytest.mark.parametrize(
    ("lemma", "pos", "forms"),
    [
        ("child", "n", {"children"}),
        ("go", "v", {"goes", "going", "went", "gone"}),
        ("revolve", "v", {"revolves", "revolved", "revolving"}),
        ("door", "n", {"doors"}),
        ("cold", "a", {"colder", "coldest"}),
    ],
)
def test_inflections(wordnet, lemma, pos, forms):
    assert wordnet.inflections(lemma, pos) == forms


@pytest.mark.parametrize(
    ("lemma", "pos", "forms"),
    [
        ("party", "n", ["parties"]),
        ("box", "n", ["boxes"]),
        ("day", "n", ["days"]),
        ("dye", "v", ["dyes", "dyed", "dyeing"]),
        ("agree", "v", ["agrees", "agreed", "agreeing"]),
        ("carry", "v", ["carries", "carried", "carrying"]),
        ("nice", "a", ["nicer", "nicest"]),
        ("dry", "a", ["drier", "driest"]),
        ("beautiful", "a", []),
    ],
)
def test_regular_forms(lemma, pos, forms):
    assert [form for _, form in regular(lemma, pos)] == forms
