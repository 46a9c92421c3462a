"""A stand-in for a server of language models, as the package openai speaks to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.web import running

__all__ = ["Chat", "chat"]


@dataclass
class Chat:
    """Its address, and what it was asked."""

    address: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def chat(reply: str | None, body: bytes | None = None) -> Iterator[Chat]:
    """A server that replies so to whatever it is asked, or sends such a body; None refuses."""
    state = Chat()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"]))
            state.asked.append({"path": self.path, **json.loads(asked)})
            state.headers.append({name.lower(): value for name, value in self.headers.items()})
            message = {"role": "assistant", "content": reply}
            told = {
                "id": "1", "object": "chat.completion", "created": 0, "model": "m",
                "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            }  # fmt: skip
            data = json.dumps(told).encode() if body is None else body
            self.send_response(200 if reply is not None else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with running(Handler) as address:
        state.address = f"{address}/v1"
        yield state
