from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from starlette.testclient import TestClient

from kgreason.engine import Reasoner
from kgreason.serving.access import Access, Key, Rates, add_key, read_keys
from kgreason.serving.app import make_app
from kgreason.serving.graphs import Graphs
from kgreason.serving.service import Service

WHERE = {"question": "Where would you keep a penguin?", "options": ["zoo", "oven"]}


class Gated(Reasoner):
    """Answers while its gate is open; counts what it scored."""

    def __init__(self, reasoner):
        super().__init__(reasoner.model, reasoner.graph)
        self.go, self.scored = threading.Event(), 0
        self.go.set()

    def answers(self, requests, **named):
        assert self.go.wait(30)
        found = super().answers(requests, **named)
        self.scored += sum(not isinstance(each, Exception) for each in found)
        return found


@pytest.fixture
def gated(reasoner):
    return Gated(reasoner)


@pytest.fixture
def service(gated):
    return Service(Graphs({"default": gated}), timeout=0.5, permits=2, batch=1)


@pytest.fixture
def client(service):
    with TestClient(make_app(service)) as made:
        assert service.warmed.wait(30)
        yield made


def test_a_deadline_is_kept_and_the_work_dropped(client, gated, service):
    gated.go.clear()
    before, start = gated.scored, time.perf_counter()
    late = client.post("/v1/ask", json=WHERE)
    assert (late.status_code, late.json()["error"]["code"]) == (504, "deadline")
    assert 0.45 <= time.perf_counter() - start <= 1.0
    assert service.dear.taken == 0
    gated.go.set()
    assert client.post("/v1/ask", json=WHERE).status_code == 200
    assert gated.scored == before + 1


def test_who_comes_when_all_permits_are_held_is_refused_at_once(client, gated, service):
    service.timeout = 5
    gated.go.clear()
    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(client.post, "/v1/ask", json=WHERE) for _ in range(2)]
        while service.dear.taken < 2:
            time.sleep(0.001)
        start = time.perf_counter()
        busy = client.post("/v1/ask", json=WHERE)
        assert time.perf_counter() - start < 0.5
        assert (busy.status_code, busy.json()["error"]["code"], busy.headers["retry-after"]) == (429, "busy", "1")
        assert client.get("/v1/graph/concept", params={"name": "penguin"}).status_code == 200
        gated.go.set()
        assert [each.result().status_code for each in held] == [200, 200]
    assert 'kgreason_refusals_total{reason="busy"} 1.0' in service.metrics.text().decode()


def test_whoever_leaves_frees_the_place(client, gated, service):
    service.timeout = 30
    gated.go.clear()
    before, app = gated.scored, client.app

    async def leave():
        parts = iter([{"type": "http.request", "body": httpx.Request("POST", "http://x/", json=WHERE).content}])

        async def receive():
            return next(parts, None) or await asyncio.sleep(0.05, {"type": "http.disconnect"})

        async def send(message):
            pass

        scope = {
            "type": "http", "method": "POST", "path": "/v1/ask", "raw_path": b"/v1/ask", "query_string": b"",
            "headers": [(b"content-type", b"application/json")], "client": ("127.0.0.1", 1), "app": app,
        }  # fmt: skip
        await app(scope, receive, send)

    start = time.perf_counter()
    asyncio.run(leave())
    assert time.perf_counter() - start < 5
    assert service.dear.taken == 0
    gated.go.set()
    assert client.post("/v1/ask", json=WHERE).status_code == 200
    assert gated.scored == before + 1


def test_keys_scopes_and_rates(reasoner, tmp_path):
    path = tmp_path / "keys.json"
    ann, bob = add_key(path, "ann"), add_key(path, "bob", ask=False)
    service = Service(Graphs({"default": reasoner}), Access(read_keys(path), Rates(cheap=2, dear=2)))
    with TestClient(make_app(service)) as client:

        def ask(key=None):
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            return client.post("/v1/ask", json=WHERE, headers=headers)

        assert ask().status_code == ask("wrong").status_code == client.get("/metrics").status_code == 401
        assert ask(bob).status_code == 403
        assert client.get("/v1/graph/info", headers={"Authorization": f"Bearer {bob}"}).status_code == 200
        assert [ask(ann).status_code for _ in range(3)] == [200, 200, 429]
        assert client.get("/healthz").status_code == 200


def test_who_is_refused_has_spent_nothing(client, service):
    service.timeout = 30
    service.access = Access((Key("ann", "x"),), Rates(dear=3))
    service.access.key = lambda header, address: Key("ann", "x")
    many = {"items": [WHERE] * 3}
    for _ in range(3):
        refused = client.post("/v1/ask/batch", json=many)
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "items")  # more than there ever are
    assert [client.post("/v1/ask", json=WHERE).status_code for _ in range(4)] == [200, 200, 200, 429]


def test_an_item_that_fails_fails_alone(reasoner):
    class Failing(Reasoner):
        def answers(self, requests, **named):
            if any(request.question.text == "SECRET?" for request in requests):
                raise IndexError("SECRET")
            return super().answers(requests, **named)

    service = Service(Graphs({"default": Failing(reasoner.model, reasoner.graph)}), timeout=30)
    with TestClient(make_app(service)) as client:
        assert service.warmed.wait(60)
        items = [WHERE, {**WHERE, "question": "SECRET?"}, WHERE]
        response = client.post("/v1/ask/batch", json={"items": items})
        assert response.status_code == 200
        assert "SECRET" not in response.text
        assert [each.get("error", {}).get("code") for each in response.json()["items"]] == [None, "fault", None]
        service.close()
        ended = client.post("/v1/ask", json=WHERE)
        assert (ended.status_code, ended.json()["error"]["code"]) == (503, "ending")
        assert client.post("/v1/retrieve", json=WHERE).status_code == 503
