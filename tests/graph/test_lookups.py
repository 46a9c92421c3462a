from __future__ import annotations

import json

import pytest

from kgreason.errors import InputError
from kgreason.graph.lookups import find_concepts, neighbors, paths


def test_concepts_are_found_by_name_and_by_key(tiny_graph):
    (found,) = find_concepts(tiny_graph, "Penguins")
    node = tiny_graph.resolve("penguin")
    assert found == {"concept": "penguin", "label": "penguin", "degree": tiny_graph.degree(node), "prior": 1.0}
    assert find_concepts(tiny_graph, "zorb") == []
    assert find_concepts(tiny_graph, tiny_graph.key(node)) == [found]


def test_pages_of_edges_make_up_all_of_them(tiny_graph):
    whole = neighbors(tiny_graph, "penguin", limit=100)
    pages = [neighbors(tiny_graph, "penguin", offset=i, limit=1) for i in range(len(whole["edges"]))]
    assert [page["edges"][0] for page in pages] == whole["edges"]
    assert [page["more"] for page in pages] == [True] * (len(pages) - 1) + [False]
    assert not whole["more"]
    weights = [edge["weight"] for edge in whole["edges"]]
    assert weights == sorted(weights, reverse=True)
    with pytest.raises(InputError, match="no concept 'zorb'"):
        neighbors(tiny_graph, "zorb")


def test_paths_are_json(tiny_graph):
    found = json.loads(json.dumps(paths(tiny_graph, "penguin", "zoo", limit=2)))
    assert (found["from"], found["to"]) == ("penguin", "zoo")
    assert found["paths"][0]["text"] == found["paths"][0]["edges"][0]["text"]
    assert len(found["paths"]) <= 2
