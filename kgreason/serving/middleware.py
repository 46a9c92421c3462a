"""What stands before every route: headers, figures and a line in the log, and the limits of a body."""

from __future__ import annotations

import asyncio
import logging
from time import perf_counter
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kgreason import guards
from kgreason.errors import KGReasonError
from kgreason.serving.admission import Permits, late
from kgreason.serving.logs import fault
from kgreason.serving.metrics import Metrics
from kgreason.serving.page import PATHS
from kgreason.serving.refusals import FAULT, Refusal, ending, respond, told
from kgreason.serving.service import Service

__all__ = ["BODY_BYTES", "NESTING", "Bounded", "Guarded", "Watched", "refuse"]

BODY_BYTES, NESTING = 2 * 1024 * 1024, 32
#: Bytes of all bodies that are still arriving.
HELD_BYTES = 64 * BODY_BYTES
_LOG = logging.getLogger(__name__)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


#: Bytes of a body that a connection is kept for, though nobody reads it.
_SHORT = 1 << 16
#: What asks the model, or costs as much.
_DEAR = ("/v1/ask", "/v1/entails", "/v1/emotion", "/v1/retrieve")
#: What is open to everybody.
_OPEN = frozenset({"/healthz", "/readyz", *PATHS})


def refuse(scope: Scope, error: KGReasonError) -> JSONResponse:
    """A refusal as a response, its reason noted for figures and log."""
    scope["about"]["reason"] = told(error).code
    return respond(error)


class Watched:
    """Headers on every response, its figures and its line; what fails unforeseen is told as a fault and no more.

    Args:
        app: what is watched.
        metrics: where it is counted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = perf_counter(), 0
        scope["about"] = about = dict[str, object]()

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception as error:  # noqa: BLE001 - the last line of defence
            about["fault"] = fault(error)
            if not status:
                await refuse(scope, FAULT)(scope, receive, sent)
        route = getattr(scope.get("route"), "path", "other")
        seconds = perf_counter() - start
        self._metrics.request(route, status, seconds)
        if "reason" in about:
            self._metrics.refused(str(about["reason"]))
        _LOG.info("request", extra={"route": route, "status": status, "milliseconds": round(1000 * seconds, 1)} | about)


class Guarded:
    """Lets in who may ask, before a body is read.

    Args:
        app: what gets the request.
        service: which knows keys, and whether it is about to end.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, with its key in the scope."""
        if scope["type"] != "http" or scope["path"] in _OPEN:
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope)
        except Refusal as error:
            refused, length = refuse(scope, error), Headers(scope=scope).get("content-length", "")
            unread = scope["method"] == "POST" and not (length.isdecimal() and int(length) <= _SHORT)
            if unread or self._service.draining:
                refused.headers["Connection"] = "close"
            await refused(scope, receive, send)
            return
        self._service.inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._service.inside -= 1

    def _check(self, scope: Scope) -> None:
        if self._service.draining:
            raise ending()
        headers, hosts = Headers(scope=scope), self._service.hosts
        if hosts and _host(headers) not in hosts:
            raise Refusal(421, "host", "This server has another name", fix="Use the address it listens on.")
        address = scope["client"][0] if scope.get("client") else ""
        scope["key"] = self._service.access.key(headers.get("authorization"), address)
        if scope["path"].startswith(_DEAR):  # refused before a body is read, so that a refusal costs next to nothing
            self._service.dear.check()


def _host(headers: Headers) -> str | None:
    try:
        return urlsplit(f"//{headers.get('host', '')}").hostname
    except ValueError:
        return None


class Bounded:
    """Reads a body whole, within its limits, before anything parses it.

    A body that says it is too long is not read, one that turns out to be is read no further.

    Args:
        app: what gets the request.
        seconds: for which a body may take to arrive.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app, self._seconds = app, seconds
        self._room = Permits(HELD_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, with its body as one message."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._seconds):
                body = await self._read(Headers(scope=scope), receive)
        except (KGReasonError, TimeoutError) as error:
            refused = refuse(scope, error if isinstance(error, KGReasonError) else late())
            refused.headers["Connection"] = "close"
            await refused(scope, receive, send)
            return
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def replay() -> Message:
            return next(messages, None) or await receive()

        await self._app(scope, replay, send)

    async def _read(self, headers: Headers, receive: Receive) -> bytes:
        declared = headers.get("content-length", "0")
        _check_size(int(declared) if declared.isdecimal() else 0)
        parts, size, more = [], 0, True
        try:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Refusal(499, "gone", "The client has gone")
                part, more = message.get("body", b""), message.get("more_body", False)
                self._room.check(len(part))  # by bytes, so that slow senders of little keep nobody out
                parts.append(part)
                size, self._room.taken = size + len(part), self._room.taken + len(part)
                _check_size(size)
        finally:
            self._room.taken -= size
        return _flat(b"".join(parts))


def _flat(body: bytes) -> bytes:
    if guards.nesting(body) > NESTING:
        raise Refusal(422, "nesting", f"The body is nested deeper than {NESTING} levels", fix="Flatten it.")
    return body


def _check_size(size: int) -> None:
    if size > BODY_BYTES:
        raise Refusal(413, "size", f"The body is longer than {BODY_BYTES:,} bytes", fix="Ask for less at a time.")
