from __future__ import annotations

import json

import polars as pl
import pytest

from kgreason.errors import FormatError
from tools.forms import Forms
from tools.make_default_graph import Graph, clean, conceptnet_lines, key, write_facts
from tools.wordnet import WordNet

LINES = [
    "revolve door\tbank\t{'freq': 5, 'score': 2, 'rel': u'AtLocation'}",
    "revolve door\tbank\t{'freq': 5, 'score': 2, 'rel': u'AtLocation'}",
    "`revolve door'\tbank\t{'freq': 4, 'score': 1, 'rel': u'AtLocation'}",
    "child\tadult\t{'freq': -5, 'score': 1, 'rel': u'IsA'}",
    "child\tgo school\t{'freq': 5, 'score': 1, 'rel': u'ConceptuallyRelatedTo'}",
    "unite state america\tcountry\t{'freq': 5, 'score': 1, 'rel': u'IsA'}",
    "child\tChild\t{'freq': 5, 'score': 1, 'rel': u'IsA'}",
    "something\tbank\t{'freq': 5, 'score': 1, 'rel': u'AtLocation'}",
    "turner\tbank\t{'freq': 5, 'score': 1, 'rel': u'AtLocation'}",
    "sha]ve\tbank\t{'freq': 5, 'score': 1, 'rel': u'AtLocation'}",
    "7\tbank\t{'freq': 5, 'score': 1, 'rel': u'AtLocation'}",
    f"{'long ' * 14}\tbank\t{{'freq': 5, 'score': 1, 'rel': u'AtLocation'}}",
]


@pytest.fixture(scope="module")
def made(dictionary, tmp_path_factory):
    """The three tables of a small default graph, and what was dropped."""
    wordnet = WordNet(dictionary)
    graph = Graph(wordnet)
    graph.add_conceptnet(LINES)
    forms = Forms(wordnet, graph.labels, key)
    graph.add_wordnet(forms)
    degrees = graph.degrees()
    folder = tmp_path_factory.mktemp("facts")
    write_facts(folder, graph, forms.aliases(degrees))
    tables = {name: pl.read_parquet(folder / f"{name}.parquet") for name in ("assertions", "concepts", "aliases")}
    return tables, dict(graph.dropped), set(forms.lemmas())


def triples(tables, origin):
    rows = tables["assertions"].filter(pl.col("origin") == origin).select("source", "relation", "target", "weight")
    return {(s.removeprefix("/c/en/"), r, t.removeprefix("/c/en/"), w) for s, r, t, w in rows.rows()}


def test_conceptnet_lines_are_merged_cleaned_and_negated(made):
    tables, dropped, _ = made
    assert triples(tables, "ConceptNet 4") == {
        ("revolve_door", "AtLocation", "bank", 3000),
        ("child", "NotIsA", "adult", 1000),
        ("child", "RelatedTo", "go_school", 1000),
        ("unite_state_america", "IsA", "country", 1000),
    }
    assert sorted(dropped.values()) == [1] * 6


def test_wordnet_meets_conceptnet_and_leaves_taxa_and_slurs_out(made):
    assert triples(made[0], "WordNet 3.0") == {
        ("door", "PartOf", "building", 2000),
        ("building", "Synonym", "edifice", 2000),
        ("revolve_door", "IsA", "door", 2000),
        ("revolver", "IsA", "door", 2000),
        ("revolve_door", "Synonym", "revolver", 2000),
        ("unite_state_america", "InstanceOf", "country", 2000),
        ("america", "InstanceOf", "country", 2000),
        ("america", "Synonym", "unite_state_america", 2000),
        ("adult", "Antonym", "child", 2000),
        ("revolve", "MannerOf", "turn", 2000),
    }


def test_labels_are_wordnets_spelling(made):
    assert dict(made[0]["concepts"].rows()) == {
        "/c/en/revolve_door": "revolving door",
        "/c/en/unite_state_america": "United States of America",
        "/c/en/america": "America",
    }


def test_aliases_and_lemmas(made):
    tables, _, lemmas = made
    aliases = {form: (name.removeprefix("/c/en/"), round(prior, 1)) for form, name, prior in tables["aliases"].rows()}
    assert aliases["revolve door"] == ("revolve_door", 0.8)
    assert aliases["revolving doors"] == ("revolve_door", 0.8)
    assert aliases["children"] == ("child", 0.8)
    assert aliases["revolving"] == ("revolve", 0.8)
    assert "united states of america" not in aliases
    assert {("children", "child"), ("went", "go"), ("states", "state")} <= lemmas


def test_another_file_is_refused(tmp_path):
    (tmp_path / "facts.graph").write_text("\n".join(LINES))
    with pytest.raises(FormatError, match="sha256"):
        conceptnet_lines(tmp_path / "facts.graph")


def test_an_unexpected_line_is_refused(dictionary):
    with pytest.raises(FormatError, match="unexpected line"):
        Graph(WordNet(dictionary)).add_conceptnet([json.dumps(["penguin"])])


def test_clean_takes_stray_signs_off():
    assert clean("`ice  'cream' c_n_n ''") == "ice cream cnn"
