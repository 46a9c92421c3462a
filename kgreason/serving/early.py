"""Refusals of a full house, told before a request is taken apart: to parse it costs more than all the rest of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus
from time import perf_counter

from kgreason.serving.middleware import HEADERS, SHORT, check, noted, refuse
from kgreason.serving.refusals import Refusal
from kgreason.serving.service import Service

__all__ = ["early"]

_Header = tuple[bytes, bytes]

_FIRST = re.compile(rb"POST (/v1/[a-z/]{1,64}) HTTP/1\.1")
_NAME = re.compile(rb"[a-z0-9-]{1,64}")
#: Headers that say how a request is framed, or ask for more than an answer.
_FRAMING = frozenset({b"transfer-encoding", b"connection", b"expect", b"upgrade"})
_KEPT = (b"connection", b"keep-alive")


def early(service: Service, data: bytes, client: tuple[str, int] | None, more: Iterable[_Header]) -> bytes | None:
    """The refusal of a request that nothing would come of, as the application would write it.

    Args:
        service: which refuses.
        data: what has come over a connection on which nothing else is under way.
        client: address that it came from.
        more: headers of every response.

    Returns:
        The response; None where a permit is left, where this is no single whole request of the plainest form, or where
        it would not be refused: then it is to be read as any other.
    """
    start = perf_counter()
    if service.dear.taken < service.dear.limit or service.draining or (scope := _scope(data, client)) is None:
        return None
    try:
        check(service, scope)
    except Refusal as error:
        response = refuse(scope, error)
        noted(service.metrics, scope, response.status_code, perf_counter() - start)
        named = ((name.lower().encode(), value.encode()) for name, value in HEADERS.items())
        status = HTTPStatus(response.status_code)
        lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode()]
        lines += [b"%b: %b" % header for header in (*more, *response.raw_headers, *named)]
        return b"\r\n".join((*lines, b"", bytes(response.body)))
    return None


def _scope(data: bytes, client: tuple[str, int] | None) -> dict[str, object] | None:
    """One whole request without doubt about where it ends, as ASGI has it."""
    head, end, body = data.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    asked = _FIRST.fullmatch(first)
    headers = [(name.lower(), value.strip(b" \t")) for name, _, value in (line.partition(b":") for line in lines)]
    lengths = [value for name, value in headers if name == b"content-length"]
    if asked is None or not end or lengths != [b"%d" % len(body)] or len(body) > SHORT:
        return None
    for header in headers:
        if not _NAME.fullmatch(header[0]) or not header[1].isascii() or (header[0] in _FRAMING and header != _KEPT):
            return None
    about: dict[str, object] = {}
    path = asked[1].decode()
    return {"type": "http", "method": "POST", "path": path, "headers": headers, "client": client, "about": about}
