from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from kgreason import storage
from kgreason.graph import KnowledgeGraph
from kgreason.graph.build import build
from kgreason.graph.translations import TRANSLATION_PRIOR, translations

ROWS = [("penguin", "AtLocation", "zoo"), ("movie", "HasProperty", "moving"), ("bank", "UsedFor", "money")]


@pytest.fixture(scope="module")
def graph():
    return KnowledgeGraph.from_triples(ROWS)


@pytest.fixture(scope="module")
def chinese(graph):
    found = translations(graph, "zh")
    assert found is not None
    return found


def test_english_has_none(graph):
    assert translations(graph, "en") is None


@pytest.mark.parametrize(
    ("word", "key"), [("企鹅", "penguin"), ("企鵝", "penguin"), ("电影", "movie"), ("動物園", "zoo"), ("银行", "bank")]
)
def test_words_of_both_scripts(graph, chinese, word, key):
    (node, prior), *_ = chinese.surfaces.lookup(word)
    assert graph.key(node) == key
    assert 0 < prior <= TRANSLATION_PRIOR


def test_concepts_are_called_by_usual_words(graph, chinese):
    names = {key: chinese.label(graph.resolve(key)) for key in ("penguin", "movie", "bank", "zoo")}
    assert names == {"penguin": "企鹅", "movie": "电影", "bank": "银行", "zoo": "动物园"}
    assert chinese.label(-1) is None


def test_those_of_an_image_are_kept_and_made_again_when_damaged(home, tmp_path):
    image = build(pl.DataFrame(ROWS, schema=["source", "relation", "target"], orient="row"), tmp_path)
    before = storage.digest(image / "manifest.json")
    made = translations(KnowledgeGraph.open(image), "zh")
    (folder,) = (home / "translations" / "zh").iterdir()
    kept = translations(KnowledgeGraph.open(image), "zh")
    assert made is not None
    assert kept is not None
    for name in ("slots", "offsets", "data", "ptr", "node", "prior"):
        np.testing.assert_array_equal(getattr(made.surfaces, name), getattr(kept.surfaces, name))
    np.testing.assert_array_equal(made.name, kept.name)
    storage.write_bytes(folder / "name.npy", b"damaged")
    again = translations(KnowledgeGraph.open(image), "zh")
    assert again is not None
    np.testing.assert_array_equal(again.name, made.name)
    assert storage.digest(image / "manifest.json") == before
