from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.graph.relations import RelationTable, split_name

TABLE = RelationTable.load()
#: The 17 groups that MHGRN and QA-GNN merge ConceptNet's relations into.
GROUPS = """
antonym atlocation capableof causes createdby isa desires hassubevent partof hascontext hasproperty madeof notcapableof
notdesires receivesaction relatedto usedfor
"""
CONCEPTNET_5 = (
    "Antonym AtLocation CapableOf Causes CausesDesire CreatedBy DefinedAs DerivedFrom Desires DistinctFrom Entails "
    "EtymologicallyDerivedFrom EtymologicallyRelatedTo ExternalURL FormOf HasA HasContext HasFirstSubevent "
    "HasLastSubevent HasPrerequisite HasProperty HasSubevent InstanceOf IsA LocatedNear MadeOf MannerOf "
    "MotivatedByGoal NotCapableOf NotDesires NotHasProperty ObstructedBy PartOf ReceivesAction RelatedTo SimilarTo "
    "SymbolOf Synonym UsedFor dbpedia/capital dbpedia/genre dbpedia/influencedBy dbpedia/language dbpedia/product"
)
names = st.sampled_from(sorted(TABLE))
texts = st.text(max_size=20)


@pytest.mark.parametrize("name", CONCEPTNET_5.split())
def test_relations_of_conceptnet_5_are_known_under_their_iri(name):
    assert TABLE.canonical(f"/r/{name}") == name


@pytest.mark.parametrize("name", sorted(TABLE))
def test_every_relation_is_worded_in_both_languages_and_negates_by_rule(name):
    relation = TABLE[name]
    for language in ("en", "zh"):
        form = relation.templates[language]
        assert form.startswith("{source}")
        assert form.count("{target}") == form.count("{source}") == 1
        denied = relation.negated().templates[language]
        assert denied != form
        assert denied.startswith("{source}")
    assert relation.inverse == relation.phrase or not relation.symmetric


def test_negation_reads_well():
    said = {
        "NotAtLocation": ("penguin is not found at desert", "企鹅不在沙漠"),
        "NotCapableOf": ("penguin cannot desert", "企鹅不会沙漠"),
        "NotHasA": ("penguin does not have desert", "企鹅没有沙漠"),
        "NotDefinedAs": ("penguin is not defined as desert", "企鹅的定义不是沙漠"),
        "NotCauses": ("penguin does not cause desert", "企鹅不会引起沙漠"),
    }
    for name, (english, chinese) in said.items():
        assert TABLE.sentence(name, "penguin", "desert") == english
        assert TABLE.sentence(name, "企鹅", "沙漠", "zh") == chinese


def test_the_merge_has_its_seventeen_groups():
    merged = {TABLE.merged(name) for name in [*TABLE, "NotCapableOf", "NotDesires"]} - {None}
    assert {pair[0] for pair in merged if pair} == set(GROUPS.split())
    assert {name for name in TABLE if TABLE[name].reversed} == {"HasA", "MotivatedByGoal"}
    assert TABLE.merged("NotIsA") is None
    assert TABLE.merged("starred_actors") is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("BuiltOutOf", "built out of"),
        ("starred_actors", "starred actors"),
        ("http://example.org/terms#birthPlace", "birth place"),
        ("http://example.org/terms/birth%20place/", "birth place"),
        ("urn:example:birthPlace", "birth place"),
        ("/people/person/place_of_birth", "place of birth"),
        ("hasXMLTag", "has XML tag"),
        ("P31", "P31"),
        ("导演", "导演"),
        ("->", "->"),
    ],
)
def test_an_unknown_relation_is_worded_by_its_name(name, words):
    assert split_name(name) == words
    assert TABLE.phrase(name) == words
    assert TABLE.sentence(name, "a", "b") == f"a {words} b" == TABLE.sentence(name, "a", "b", "zh")
    assert TABLE.canonical(name) == name
    assert name not in TABLE


def test_negation_of_an_unknown_relation():
    assert TABLE.phrase("NotMarriedTo") == "not married to"
    assert TABLE.sentence("NotMarriedTo", "a", "b") == "it is not true that a married to b"
    assert TABLE.phrase("NotableWork") == "notable work"


def test_spellings_of_a_known_relation():
    spelled = {"part_of": "PartOf", "ISA": "IsA", "wn:@n": "IsA", "wn:;c": "HasContext", "Notpart_of": "Notpart_of"}
    spelled |= {"ConceptuallyRelatedTo": "RelatedTo", "/r/NotDesires": "NotDesires", "wn:!": "Antonym"}
    assert {name: TABLE.canonical(name) for name in spelled} == spelled


def test_symmetric_relations():
    assert {name for name in TABLE if TABLE.symmetric(name)} == {
        "Antonym", "DistinctFrom", "EtymologicallyRelatedTo", "LocatedNear", "RelatedTo", "SimilarSize", "SimilarTo",
        "Synonym",
    }  # fmt: skip


@given(name=names, source=texts, target=texts, language=st.sampled_from(["en", "zh"]))
def test_labels_appear_in_a_sentence_as_they_are(name, source, target, language):
    said = TABLE.sentence(name, source, target, language)
    assert said == TABLE[name].templates[language].replace("{target}", target, 1).replace("{source}", source, 1) or (
        "{source}" in target
    )


@given(st.text(alphabet=string.printable + "é导/#:", min_size=1, max_size=30))
def test_any_name_has_words_and_a_settled_canonical_form(name):
    assert TABLE.phrase(name)
    assert TABLE.phrase(name, inverse=True)
    assert TABLE.canonical(TABLE.canonical(name)) == TABLE.canonical(name)
