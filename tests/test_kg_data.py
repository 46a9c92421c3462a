from __future__ import annotations

import gzip
import json
from collections import Counter

import numpy as np
import pytest

import kg_data
from kgreason import storage
from kgreason.graph.readers import read
from kgreason.graph.relations import RelationTable
from kgreason.graph.schema import COLUMNS, is_negated, negate
from kgreason.graph.vectors import DIMENSIONS
from kgreason.language import normal_form

FACTS = json.loads(kg_data.path("facts/facts.json").read_text())


@pytest.fixture(scope="module")
def tables():
    import polars as pl

    return {
        name: pl.read_parquet(kg_data.path(f"facts/{name}.parquet")) for name in ("assertions", "concepts", "aliases")
    }


@pytest.fixture(scope="module")
def lemmas():
    text = gzip.decompress(kg_data.path("lemmas.tsv.gz").read_bytes()).decode()
    return [line.split("\t") for line in text.splitlines()]


def test_tables_are_the_ones_that_were_described(tables):
    for name, digest in FACTS["digests"].items():
        assert storage.digest(kg_data.path(f"facts/{name}")) == digest
    counts, assertions = FACTS["counts"], tables["assertions"]
    assert len(assertions) == counts["assertions"] == sum(counts["by origin"].values())
    assert dict(assertions["relation"].value_counts().rows()) == counts["by relation"]
    assert assertions.select("source").to_series().append(assertions["target"]).n_unique() == counts["concepts"]
    assert len(tables["aliases"]) == counts["aliases"]


def test_assertions_are_clean(tables):
    assertions = tables["assertions"]
    assert tuple(assertions.columns) == COLUMNS
    assert not assertions.is_duplicated().any()
    assert (assertions["weight"] > 0).all()
    assert (assertions["source"] != assertions["target"]).all()
    keys = assertions["source"].append(assertions["target"]).unique()
    assert keys.str.starts_with("/c/en/").all()
    assert keys.str.len_chars().max() <= 64 + len("/c/en/")
    assert all(normal_form(key) == key and " " not in key for key in keys.to_list())
    licences = set(assertions.select("origin", "licence").unique().rows())
    assert licences == {(source["name"], source["licence"]) for source in FACTS["sources"]}


def test_every_relation_is_in_the_table(tables):
    table = RelationTable.load()
    for name in tables["assertions"]["relation"].unique():
        assert (negate(name) if is_negated(name) else name) in table


def test_labels_and_aliases_name_concepts(tables):
    keys = set(tables["assertions"]["source"].append(tables["assertions"]["target"]).to_list())
    assert set(tables["concepts"]["key"]) <= keys
    aliases = tables["aliases"]
    assert set(aliases["key"]) <= keys
    assert all(normal_form(form) == form for form in aliases["form"].to_list())
    assert {round(prior, 3) for prior in aliases["prior"].unique()} == {0.6, 0.8}
    assert max(Counter(aliases["form"].to_list()).values()) < 10


@pytest.mark.parametrize(
    ("form", "key"),
    [
        ("children", "child"),
        ("went", "go"),
        ("dogs", "dog"),
        ("clothes", "clothe"),
        ("mice", "mouse"),
        ("happier", "happy"),
        ("ice creams", "ice_cream"),
        ("revolve door", "revolve_door"),
        ("bought ticket", "buy_ticket"),
    ],
)
def test_inflections_lead_to_their_concepts(tables, form, key):
    import polars as pl

    found = tables["aliases"].filter(pl.col("form") == form)["key"].to_list()
    assert f"/c/en/{key}" in found


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("revolve_door", "revolving door"),
        ("unite_state_america", "United States of America"),
        ("paris", "Paris"),
        ("swim_pool", "swimming pool"),
    ],
)
def test_stripped_labels_are_spelled_out(tables, key, label):
    assert dict(tables["concepts"].rows())[f"/c/en/{key}"] == label


def test_lemmas_are_sorted_pairs_of_words(lemmas):
    assert lemmas == sorted(lemmas)
    assert all(len(pair) == 2 and pair[0] != pair[1] for pair in lemmas)
    known = {(form, lemma) for form, lemma in lemmas}
    assert {("children", "child"), ("went", "go"), ("revolving", "revolve"), ("stopped", "stop")} <= known
    assert not {("childs", "child"), ("goed", "go"), ("stoping", "stop")} & known


def test_token_table_fits_together():
    vectors = storage.load_npy(kg_data.path("tokens/vectors.npy"))
    scale = storage.load_npy(kg_data.path("tokens/scale.npy"))
    tokens = kg_data.path("tokens/vocabulary.txt").read_text(encoding="utf-8").split("\n")
    assert vectors.shape == (len(tokens) - 1, DIMENSIONS) == (len(scale), DIMENSIONS)
    assert vectors.dtype == np.int8
    assert scale.dtype == np.float32
    assert np.isfinite(scale).all()
    assert (scale >= 0).all()
    assert scale[tokens.index("[UNK]")] == 0


def test_the_facts_reader_reads_them(tables):
    facts = read(kg_data.path("facts"))
    assert sum(len(chunk) for chunk in facts) == len(tables["assertions"])
    assert [source["licence"] for source in facts.sources] == ["CC BY-SA 3.0", "WordNet 3.0"]


def test_licences_and_attribution_are_there():
    attribution = kg_data.path("ATTRIBUTION.md").read_text()
    assert all(source["name"] in attribution for source in FACTS["sources"])
    assert "Princeton University" in kg_data.path("licenses/WordNet-3.0.txt").read_text()
    assert "creativecommons.org/licenses/by-sa/3.0" in kg_data.path("licenses/CC-BY-SA-3.0.txt").read_text()
    assert "Hutto" in attribution
    assert "MIT License" in kg_data.path("licenses/VADER-MIT.txt").read_text()
    assert sum(file.stat().st_size for file in kg_data.path("facts").iterdir()) <= 14 * 1024**2
