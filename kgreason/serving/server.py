"""The process: uvicorn, and an end that lets requests finish."""

from __future__ import annotations

import asyncio
import socket
import sys
from types import FrameType

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from kgreason.errors import InputError, advice
from kgreason.serving.app import make_app
from kgreason.serving.service import Service

__all__ = ["Prompt", "listen", "run"]

#: Seconds within which requests finish once the process is told to end.
GRACE = 30.0
#: Seconds within which a connection brings a request's first lines; its body has the time of an answer.
HEAD = 10.0
#: Connections at a time; what comes beyond is closed at once, since a flood of them would fill the memory.
CONNECTIONS = 1024
_LOOK = 0.02
#: Seconds for which the model's thread keeps the interpreter from the event loop, which has refusals to write.
SWITCH = 0.0001


class Prompt(H11Protocol):
    """A connection that is closed when no request begins on it, or none is whole but for its body, for some seconds."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Begins to watch it, or closes it where there are too many."""
        super().connection_made(transport)
        self._watch(self.cycle)
        if len(self.connections) > CONNECTIONS:
            transport.close()

    def _watch(self, last: RequestResponseCycle | None) -> None:
        self._look = self.loop.call_later(HEAD, self._close_unless_after, last)

    def _close_unless_after(self, last: RequestResponseCycle | None) -> None:
        if self.cycle is last and (last is None or last.response_complete):
            self.transport.close()
        else:
            self._watch(self.cycle)

    def connection_lost(self, exc: Exception | None) -> None:
        """Watches it no longer."""
        self._look.cancel()
        super().connection_lost(exc)


class _Server(uvicorn.Server):
    """Told to end, it refuses new requests by 503 and ends once those inside have been answered."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._service.draining:  # told so twice
            self.should_exit = self.force_exit = True
            return
        self._service.draining = True
        self._ending = asyncio.get_running_loop().create_task(self._end())

    async def _end(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + GRACE
        while self._service.inside and loop.time() < until:
            await asyncio.sleep(_LOOK)
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """Takes an address; what comes waits until somebody serves.

    Args:
        host: address to listen on.
        port: 0 takes any that is free.

    Raises:
        InputError: the address cannot be taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        what, _ = advice(error)
        raise InputError(f"cannot listen on {host}, port {port}: {what}", fix="Choose another --port.") from error


def run(service: Service, listener: socket.socket) -> None:
    """Serves at an address until the process is told to end.

    Args:
        service: which it closes.
        listener: of :func:`listen`.
    """
    config = uvicorn.Config(
        make_app(service), log_config=None, access_log=False, server_header=False, lifespan="on", http=Prompt,
        timeout_graceful_shutdown=round(GRACE),
    )  # fmt: skip
    sys.setswitchinterval(SWITCH)
    _Server(config, service).run(sockets=[listener])
