from __future__ import annotations

import json

import polars as pl
import pytest

from kgreason.errors import FormatError, GraphImageError
from kgreason.graph import KnowledgeGraph, readers
from kgreason.graph.build import build

ASSERTIONS = pl.DataFrame(
    {
        "source": ["/c/en/dog", "/c/zh/狗"],
        "relation": ["IsA", "IsA"],
        "target": ["/c/en/pet", "/c/en/pet"],
        "weight": [2000, 1000],
        "licence": ["CC0", ""],
    }
)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "facts"
    path.mkdir()
    ASSERTIONS.write_parquet(path / "assertions.parquet")
    pl.DataFrame({"key": ["/c/en/dog", "/c/zh/狗"], "label": ["Dog", "狗"]}).write_parquet(path / "concepts.parquet")
    aliases = pl.DataFrame({"form": ["dogs", "犬"], "key": ["/c/en/dog", "/c/zh/狗"], "prior": [0.8, 0.5]})
    aliases.write_parquet(path / "aliases.parquet")
    (path / "facts.json").write_text(json.dumps({"sources": [{"name": "x", "licence": "CC0"}]}))
    return path


def test_a_facts_directory_becomes_a_graph(folder, tmp_path):
    source = readers.read(folder)
    version = build(source, tmp_path / "g", labels=source.labels, aliases=source.aliases, sources=source.sources)
    graph = KnowledgeGraph.open(version)
    assert graph.label(graph.resolve("dogs")) == "Dog"
    assert graph.manifest["sources"] == [{"name": "x", "licence": "CC0"}]
    assert graph.num_nodes == 3


def test_a_graph_is_built_again_from_itself(folder, tmp_path):
    source = readers.read(folder)
    made = build(source, tmp_path / "g", labels=source.labels, aliases=source.aliases, sources=source.sources)
    for path in (tmp_path / "g", made):
        again = readers.read(path)
        out = tmp_path / f"again-{path.name[:3]}"
        assert made.name == build(again, out, labels=again.labels, aliases=again.aliases, sources=again.sources).name
    (made / "idx.npy").unlink()
    with pytest.raises(GraphImageError, match=r"idx\.npy is missing"):
        readers.read(tmp_path / "g")


def test_languages_filter_all_tables(folder):
    source = readers.read(folder, languages=["en"])
    assert [row[0] for chunk in source for row in chunk.rows()] == ["/c/en/dog"]
    assert source.labels is not None
    assert source.aliases is not None
    assert source.labels["key"].to_list() == source.aliases["key"].to_list() == ["/c/en/dog"]
    with pytest.raises(FormatError, match="no assertion"):
        list(readers.read(folder, languages=["fr"]))


def test_only_assertions_are_needed(folder):
    for name in ("concepts.parquet", "aliases.parquet", "facts.json"):
        (folder / name).unlink()
    source = readers.read(folder, "facts")
    assert source.labels is source.aliases is None
    assert source.sources[0]["name"] == "facts"
    assert sum(map(len, source)) == 2


@pytest.mark.parametrize("name", ["assertions", "concepts", "aliases"])
def test_damaged_tables_are_named(folder, name):
    path = folder / f"{name}.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match=rf"{name}\.parquet: it is no complete parquet"):
        list(readers.read(folder))
    pl.DataFrame({"source": ["a"], "x": [1]}).write_parquet(path)
    with pytest.raises(FormatError, match=rf"{name}\.parquet: it has no column .* only source, x"):
        list(readers.read(folder))


@pytest.mark.parametrize("text", ["[]", '{"sources": 5}', '{"sources": [5]}', "{"])
def test_a_description_that_is_none(folder, text):
    (folder / "facts.json").write_text(text)
    with pytest.raises(FormatError, match=r"facts\.json"):
        readers.read(folder)
