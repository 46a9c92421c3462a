from __future__ import annotations

import asyncio
import json
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import polars as pl
import pytest
import uvicorn

from kgreason.errors import InputError
from kgreason.graph.build import build
from kgreason.graph.update import add
from kgreason.serving import server
from tests.models import opened, tiny_model
from tests.web import LOCAL

WHERE = {"question": "Where would you keep a penguin?", "options": ["zoo", "desert", "oven"]}


@LOCAL
@pytest.mark.slow
def test_a_process_serves_takes_new_versions_and_ends_in_peace(tiny_base, facts, tmp_path):
    """Under load: a version goes live, then the process is told to end; what was accepted is answered."""
    opened(tiny_model(tiny_base)).save_pretrained(tmp_path / "model")
    columns = ["source", "relation", "target", "weight"]
    build(pl.DataFrame(facts, schema=columns, orient="row"), tmp_path / "graph")
    arguments = ("serve", "--port", "0", "--graph", f"default={tmp_path / 'graph'}", "--model", tmp_path / "model")
    command = [sys.executable, "-m", "kgreason", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 60)[0]
        address = re.fullmatch(r"http://127\.0\.0\.1:\d+", process.stdout.readline().strip())
        assert address is not None
        with httpx.Client(base_url=address[0], timeout=30, trust_env=False) as client, ThreadPoolExecutor(8) as pool:
            wait_for(lambda: client.get("/readyz").status_code == 200)
            before = client.get("/v1/graph/info").json()
            more = pl.DataFrame([("oven", "AtLocation", "igloo", 1.0)], schema=columns, orient="row")
            add(tmp_path / "graph", more)
            wait_for(lambda: client.get("/v1/graph/info").json()["nodes"] == before["nodes"] + 1)
            asked = [pool.submit(client.post, "/v1/ask", json=WHERE) for _ in range(40)]
            asked[0].result()
            process.send_signal(signal.SIGTERM)
            statuses = Counter(each.result().status_code for each in asked if each.exception() is None)
            unmet = [each.exception() for each in asked if each.exception() is not None]
        assert statuses.keys() <= {200, 503}
        assert statuses[200] > 0
        assert all(isinstance(error, httpx.TransportError) for error in unmet)  # came once the door was shut
        assert process.wait(30) == 0
        assert process.stderr is not None
        lines = [json.loads(line) for line in process.stderr.read().splitlines() if line.startswith("{")]
        taken = Counter(line["status"] for line in lines if line.get("route") in ("/v1/ask", "other"))
        assert taken.keys() <= {200, 503}
        assert taken[200] == statuses[200]  # whoever was let in got an answer
        assert "penguin" not in json.dumps(lines)
    finally:
        process.kill()
        process.communicate()


def wait_for(what):
    for _ in range(600):
        if what():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")


@LOCAL
def test_an_address_that_is_taken_is_named():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(InputError, match="cannot listen"):
        server.listen("127.0.0.1", taken.getsockname()[1])


async def slow(scope, receive, send):
    """Answers after twice the time that a connection has for its first lines."""
    await asyncio.sleep(0.8)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


@LOCAL
def test_a_connection_that_brings_no_request_is_closed_and_one_that_waits_is_not(monkeypatch):
    monkeypatch.setattr(server, "HEAD", 0.4)

    async def all_told(port):
        return await asyncio.gather(*(told(port, begun) for begun in (b"", WHOLE[:20], WHOLE, WHOLE + WHOLE[:20])))

    assert listened(all_told) == [b"", b"", b"HTTP/1.1 204", b"HTTP/1.1 204"]


@LOCAL
def test_one_connection_too_many_is_closed_at_once(monkeypatch):
    monkeypatch.setattr(server, "CONNECTIONS", 2)

    async def all_told(port):
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        beyond = await told(port, WHOLE)
        await shut(held.pop()[1])
        await asyncio.sleep(0.1)
        after = await told(port, WHOLE)
        await shut(held.pop()[1])
        return beyond, after

    assert listened(all_told) == (b"", b"HTTP/1.1 204")


WHOLE = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def told(port, begun):
    """What comes back until the connection ends, of so much of a request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(begun)
    found = b""
    with suppress(ConnectionError):  # closed before it was read
        found = await asyncio.wait_for(reader.read(), 20)
    await shut(writer)
    return found[:12]


async def shut(writer):
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


def listened(asked):
    """What comes of connections to an application that answers slowly."""

    async def run(listener):
        config = uvicorn.Config(slow, http=server.Prompt, lifespan="off", log_config=None, timeout_keep_alive=1)
        config.load()
        held, loop = uvicorn.server.ServerState(), asyncio.get_running_loop()
        async with await loop.create_server(lambda: server.Prompt(config, held, {}), sock=listener):
            return await asked(listener.getsockname()[1])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        return asyncio.run(run(listener))
