from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from kgreason.serving.access import Access, Key
from kgreason.serving.early import early
from kgreason.serving.graphs import Graphs
from kgreason.serving.service import Service
from kgreason.storage import digest_bytes

BODY = b'{"question": "Where is a penguin?", "options": ["zoo", "oven"]}'
HEAD = b"POST /v1/ask HTTP/1.1\r\nHost: testserver\r\nContent-Type: application/json\r\nConnection: keep-alive\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
WHOLE = HEAD + LENGTH + b"\r\n" + BODY
CLIENT = ("127.0.0.1", 1)


def full(**settings) -> Service:
    service = Service(Graphs({}), permits=2, **settings)
    service.batcher.close()
    service.dear.taken = 2
    return service


@pytest.fixture
def crowded(service) -> Iterator[Service]:
    service.dear.taken = service.dear.limit
    yield service
    service.dear.taken = 0


def test_it_is_the_refusal_of_the_application(client, crowded):
    told = early(crowded, WHOLE, CLIENT, [(b"date", b"today")])
    assert told is not None
    head, _, body = told.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    answered = client.post("/v1/ask", content=BODY)
    assert first == f"HTTP/1.1 {answered.status_code} {answered.reason_phrase}" == "HTTP/1.1 429 Too Many Requests"
    assert body == answered.content
    assert dict(line.split(": ", 1) for line in lines) == {**answered.headers, "date": "today"}
    assert b'kgreason_refusals_total{reason="busy"} 2.0' in crowded.metrics.text()


def test_who_may_not_come_in_at_all_hears_so():
    other = early(full(hosts=frozenset({"localhost"})), WHOLE, CLIENT, [])
    assert other is not None
    assert other.startswith(b"HTTP/1.1 421 ")
    keyed = full(access=Access((Key("me", digest_bytes(b"secret")),)))
    unknown, known = (
        early(keyed, HEAD + b"Authorization: Bearer %b\r\n" % key + LENGTH + b"\r\n" + BODY, CLIENT, [])
        for key in (b"guess", b"secret")
    )
    assert unknown is not None
    assert known is not None
    assert unknown.startswith(b"HTTP/1.1 401 ")
    assert known.startswith(b"HTTP/1.1 429 ")
    assert json.loads(known.partition(b"\r\n\r\n")[2])["error"]["code"] == "busy"


@pytest.mark.parametrize(
    "data",
    [
        WHOLE[:-1],
        WHOLE + b"P",
        WHOLE + WHOLE,
        HEAD + b"\r\n" + BODY,
        HEAD + LENGTH + LENGTH + b"\r\n" + BODY,
        HEAD + LENGTH.replace(b": ", b": +") + b"\r\n" + BODY,
        HEAD + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n" + BODY,
        HEAD + LENGTH + b"Connection: close\r\n\r\n" + BODY,
        HEAD + LENGTH + b"Expect: 100-continue\r\n\r\n" + BODY,
        HEAD + LENGTH + b" folded: line\r\n\r\n" + BODY,
        HEAD + LENGTH + b"Content-Length : 0\r\n\r\n" + BODY,
        WHOLE.replace(b"\r\n", b"\n"),
        WHOLE.replace(b"HTTP/1.1", b"HTTP/1.0"),
        WHOLE.replace(b"POST", b"GET"),
        WHOLE.replace(b"/v1/ask", b"/v1/ask?a=b"),
        WHOLE.replace(b"/v1/ask", b"/v1/ground"),
        b"",
    ],
)
def test_what_is_not_plain_is_read_as_ever(data):
    assert early(full(), data, CLIENT, []) is None


def test_a_house_with_room_is_asked():
    service = full()
    service.dear.taken = 1
    assert early(service, WHOLE, CLIENT, []) is None
