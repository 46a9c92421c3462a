from __future__ import annotations

import json
from dataclasses import asdict


def test_a_graph_is_counted(client, tiny_graph):
    values = client.get("/v1/graph/info").json()
    assert (values["graphs"], values["lacks"]) == (["default", "none"], [])
    assert values["nodes"] == tiny_graph.num_nodes
    assert client.get("/v1/graph/info", params={"graph": "none"}).status_code == 404


def test_a_concept(client, tiny_graph):
    (found,) = client.get("/v1/graph/concept", params={"name": "Penguin"}).json()["concepts"]
    assert found["concept"] == "penguin"
    assert found["degree"] == tiny_graph.degree(tiny_graph.resolve("penguin"))
    assert client.get("/v1/graph/concept", params={"name": "SECRET"}).json() == {"concepts": []}
    unknown = client.get("/v1/graph/neighbors", params={"name": "SECRET"})
    assert unknown.status_code == 422
    assert "SECRET" not in unknown.text


def test_neighbours_come_in_pages(client, tiny_graph):
    expected = json.loads(json.dumps(list(map(asdict, tiny_graph.neighbors(tiny_graph.resolve("penguin"))))))
    pages = [
        client.get("/v1/graph/neighbors", params={"name": "penguin", "offset": offset, "limit": 2}).json()["edges"]
        for offset in range(0, len(expected), 2)
    ]
    assert [edge for page in pages for edge in page] == expected
    of_kind = client.get("/v1/graph/neighbors", params={"name": "penguin", "relation": "IsA"}).json()["edges"]
    assert [edge["target"] for edge in of_kind] == ["bird"]


def test_numbers_are_brought_within_their_range(client):
    for numbers in ({"offset": -1, "limit": 10**30}, {"offset": 10**30, "limit": -5}):
        assert client.get("/v1/graph/neighbors", params={"name": "penguin", **numbers}).status_code == 200
    ends = {"from": "penguin", "to": "zoo"}
    for numbers in ({"max_hops": 10**9, "limit": 10**9}, {"max_hops": -1, "limit": 0}):
        assert client.get("/v1/graph/paths", params={**ends, **numbers}).status_code == 200


def test_paths(client):
    values = client.get("/v1/graph/paths", params={"from": "penguin", "to": "kitchen"}).json()
    assert (values["from"], values["to"]) == ("penguin", "kitchen")
    assert all(2 <= len(path["edges"]) <= 4 for path in values["paths"])
    assert values["paths"]
