"""The process: uvicorn, and an end that lets requests finish."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn

from kgreason.errors import InputError, advice
from kgreason.serve.app import make_app
from kgreason.serve.service import Service

__all__ = ["run"]

#: Seconds within which requests finish once the process is told to end.
GRACE = 30.0
_LOOK = 0.02
#: Seconds for which the model's thread keeps the interpreter from the event loop, which has refusals to write.
SWITCH = 0.001


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


def run(service: Service, host: str, port: int, listening: Callable[[str], object]) -> None:
    """Serves until the process is told to end.

    Args:
        service: which it closes.
        host: address to listen on.
        port: 0 takes any that is free.
        listening: called with the address once it is taken.

    Raises:
        InputError: the address cannot be taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        what, _ = advice(error)
        raise InputError(f"cannot listen on {host}, port {port}: {what}", fix="Choose another --port.") from error
    config = uvicorn.Config(
        make_app(service), log_config=None, access_log=False, server_header=False, lifespan="on",
        timeout_graceful_shutdown=round(GRACE),
    )  # fmt: skip
    sys.setswitchinterval(SWITCH)
    with listener:
        named = f"[{host}]" if ":" in host else host
        listening(f"http://{named}:{listener.getsockname()[1]}")
        _Server(config, service).run(sockets=[listener])
