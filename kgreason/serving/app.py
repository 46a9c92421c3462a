"""The application: routes, what stands before them, and what runs beside them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from kgreason import __version__
from kgreason.errors import KGReasonError
from kgreason.serving import browse, page, routes, traces
from kgreason.serving.logs import fault
from kgreason.serving.middleware import Bounded, Guarded, Watched, refuse
from kgreason.serving.refusals import Refusal, malformed
from kgreason.serving.service import Service

__all__ = ["make_app"]

_LOG = logging.getLogger(__name__)
#: Seconds between two looks at the versions of graphs.
LOOK = 1.0


def make_app(service: Service) -> FastAPI:
    """The application over a service; it warms up and looks for new versions of graphs while it runs.

    Args:
        service: which it closes at its end.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        beside = asyncio.create_task(_beside(service))
        yield
        beside.cancel()
        await run_in_threadpool(service.close)

    app = FastAPI(title="kgreason", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan)
    app.state.service = service
    app.include_router(routes.router)
    app.include_router(browse.router)
    app.include_router(page.router)
    _add_states(app, service)
    _add_refusals(app)
    app.add_middleware(Bounded, seconds=service.timeout)
    app.add_middleware(Guarded, service=service)
    app.add_middleware(Watched, metrics=service.metrics)
    if traces.installed():
        app.add_middleware(traces.Traced)
    return app


async def _beside(service: Service) -> None:
    while True:
        try:
            if not service.warmed.is_set():
                await run_in_threadpool(service.warm)
            await asyncio.sleep(LOOK)
            await run_in_threadpool(service.graphs.refresh)
        except Exception as error:  # noqa: BLE001 - what fails now may go well at the next look
            _LOG.error("looking after graphs failed", extra={"fault": fault(error)})
            await asyncio.sleep(LOOK)


def _add_states(app: FastAPI, service: Service) -> None:
    @app.get("/healthz", tags=["state"])
    async def healthz() -> dict[str, str]:
        """Whether the process lives."""
        return {"status": "ok"}

    @app.get("/readyz", tags=["state"])
    async def readyz() -> dict[str, str]:
        """Whether it answers: 503 until it is warm, and once it is about to end."""
        if not service.warmed.is_set() or service.draining:
            raise Refusal(503, "unready", "The server is not ready", fix="Try again later.", after=1)
        return {"status": "ready"}

    @app.get("/metrics", tags=["state"])
    async def metrics() -> Response:
        """Figures in the format of Prometheus."""
        return Response(service.metrics.text(), media_type="text/plain; version=0.0.4")


def _add_refusals(app: FastAPI) -> None:
    def on(kind: type[Exception], refusal: Callable[[Any], KGReasonError]) -> None:
        async def handle(request: Request, error: Exception) -> JSONResponse:
            return refuse(request.scope, refusal(error))

        handler: Callable[[Request, Exception], Awaitable[JSONResponse]] = handle
        app.add_exception_handler(kind, handler)

    on(KGReasonError, lambda error: error)
    on(RequestValidationError, lambda error: malformed(error.errors()))
    on(HTTPException, lambda error: Refusal(error.status_code, "http", error.detail, fix="See /openapi.json."))
