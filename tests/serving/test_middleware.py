from __future__ import annotations

import asyncio
from typing import Any

import pytest

from kgreason.serving import middleware
from kgreason.serving.metrics import Metrics
from kgreason.serving.middleware import BODY_BYTES, NESTING, Bounded, Watched

ASK = {"question": "Where would you keep a penguin?", "options": ["zoo", "oven"]}


def test_every_response_bears_the_headers(client):
    for response in (client.get("/healthz"), client.get("/none"), client.post("/v1/ask", json=ASK)):
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in response.headers


def test_a_body_that_is_too_long_or_too_deep(client):
    assert client.post("/v1/ask", content=b" " * (BODY_BYTES + 1)).status_code == 413
    deep = client.post("/v1/ask", content=b"[" * (NESTING + 1))
    assert (deep.status_code, deep.json()["error"]["code"]) == (422, "nesting")
    assert client.post("/v1/ask", content=b"[" * NESTING).json()["error"]["code"] == "schema"
    assert client.post("/v1/ask", json=ASK | {"context": "[{" * 100}).status_code == 200


def call(app, messages, headers=()):
    """Status of a request whose body comes in such messages, and how many of them were read."""
    sent: list[dict[str, Any]] = []
    read: list[dict[str, Any]] = []

    async def receive():
        if len(read) == len(messages):
            await asyncio.sleep(60)
        read.append(messages[len(read)])
        return read[-1]

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": list(headers)}
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], len(read)


async def never(scope, receive, send):
    raise AssertionError("the body was let through")


def test_no_more_is_read_than_may_be():
    app = Watched(Bounded(never, 0.2), Metrics())
    chunk = {"type": "http.request", "body": b"x" * (BODY_BYTES // 2), "more_body": True}
    assert call(app, [chunk] * 9) == (413, 3)
    assert call(app, [chunk] * 9, [(b"content-length", b"%d" % (BODY_BYTES + 1))]) == (413, 0)
    assert call(app, [chunk], [(b"content-length", b"many")]) == (504, 1)


def test_bodies_that_arrive_have_so_much_room_together(monkeypatch):
    monkeypatch.setattr(middleware, "HELD_BYTES", 10)
    app = Watched(Bounded(never, 5), Metrics())

    async def held():
        async def send(message):
            sent.append(message)

        async def receive():
            return await parts.get()

        sent, parts = list[Any](), asyncio.Queue[Any]()
        scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
        first = asyncio.create_task(app(scope, receive, send))
        await parts.put({"type": "http.request", "body": b"x" * 8, "more_body": True})
        await asyncio.sleep(0.01)
        refused = await asyncio.to_thread(call, app, [{"type": "http.request", "body": b"x" * 8, "more_body": True}])
        await parts.put({"type": "http.disconnect"})
        await first
        fits = await asyncio.to_thread(call, app, [{"type": "http.request", "body": b"[" * 8, "more_body": True}])
        return refused, sent[0]["status"], fits

    assert asyncio.run(held()) == ((429, 1), 499, (504, 1))


def test_what_fails_unforeseen_is_told_as_a_fault():
    status, _ = call(Watched(never, Metrics()), [])
    assert status == 500


@pytest.mark.parametrize(
    ("host", "status"), [("localhost:80", 200), ("evil.example", 421), ("", 421), ("[::1]:9", 200)]
)
def test_pages_that_rebind_their_name_reach_nothing(client, service, monkeypatch, host, status):
    monkeypatch.setattr(service, "hosts", frozenset({"localhost", "::1"}))
    assert client.get("/v1/graph/info", headers={"host": host}).status_code == status
    assert client.get("/healthz", headers={"host": host}).status_code == 200
