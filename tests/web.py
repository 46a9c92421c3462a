"""A server of this machine that behaves as it is told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

__all__ = ["HOST", "LOCAL", "Web", "running", "web"]

HOST = "127.0.0.1"
#: For tests that use it: no other host can be reached.
LOCAL = pytest.mark.allow_hosts([HOST])


@dataclass
class Web:
    """What the server does, and what it was asked.

    Args:
        body: what it serves at any path.
        tag: its ETag; none if empty.
        breaks: after so many bytes each answer breaks off, in turn; then they are whole.
        ranges: whether it minds a Range.
        statuses: with which it answers first.
        redirects: path to where it redirects.
        headers: further ones, in the place of its own.
        pause: seconds before each byte.
    """

    body: bytes = b""
    tag: str = '"one"'
    breaks: list[int] = field(default_factory=list)
    ranges: bool = True
    statuses: list[int] = field(default_factory=list)
    redirects: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0
    address: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def web(**behaviour: object) -> Iterator[Web]:
    """A running server."""
    state = Web(**behaviour)  # type: ignore[arg-type]  # what it does is named by the test

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            state.asked.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
            self.close_connection = True
            if target := state.redirects.get(self.path):
                self._begin(302, {"Location": target, "Content-Length": "0"})
            elif state.statuses:
                self._begin(state.statuses.pop(0), {"Content-Length": "0"})
            else:
                self._serve()

        def _serve(self) -> None:
            start, status = 0, 200
            own = {"ETag": state.tag} if state.tag else {}
            asked = self.headers.get("Range", "")
            if asked and state.ranges and self.headers.get("If-Range") == state.tag:
                start, status = int(asked.removeprefix("bytes=").rstrip("-")), 206
                own["Content-Range"] = f"bytes {start}-{len(state.body) - 1}/{len(state.body)}"
            if start >= len(state.body) and start:
                self._begin(416, {"Content-Length": "0"})
                return
            rest = state.body[start:]
            self._begin(status, {**own, "Content-Length": str(len(rest)), **state.headers})
            sent = rest[: state.breaks.pop(0)] if state.breaks else rest
            try:
                if not state.pause:
                    self.wfile.write(sent)
                for place in range(len(sent) if state.pause else 0):
                    time.sleep(state.pause)
                    self.wfile.write(sent[place : place + 1])
            except OSError:
                pass  # whoever asked has left

        def _begin(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()

    with running(Handler) as state.address:
        yield state


@contextmanager
def running(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """The address of a server that handles requests so."""
    with ThreadingHTTPServer((HOST, 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://{HOST}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
