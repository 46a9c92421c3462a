"""A span for each request, for whoever has set OpenTelemetry up; without that nothing happens.

The service brings no exporter of its own: ``opentelemetry-instrument kgreason serve`` or a program of one's own sets
one up, and spans then hold what the log holds, and no text.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Receive, Scope, Send

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

__all__ = ["Traced", "installed"]

#: Of what a request notes of itself, what a span holds, too.
_ABOUT = ("items", "graph", "reason", "fault")


def installed() -> bool:
    """Whether the interface of OpenTelemetry is there."""
    return find_spec("opentelemetry") is not None


class Traced:
    """Passes requests on within a span, whose parent is the one that the caller's headers name.

    Args:
        app: what is traced.
        provider: of spans; None: the one that is set up for this process.
    """

    def __init__(self, app: ASGIApp, provider: TracerProvider | None = None) -> None:
        from opentelemetry import propagate, trace

        self._app, self._tracer = app, trace.get_tracer("kgreason", tracer_provider=provider)
        self._parent, self._kind, self._failed = propagate.extract, trace.SpanKind.SERVER, trace.StatusCode.ERROR

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        named = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        with self._tracer.start_as_current_span(scope["method"], self._parent(named), self._kind) as span:
            await self._app(scope, receive, send)
            route, about = getattr(scope.get("route"), "path", "other"), scope.get("about", {})
            span.update_name(f"{scope['method']} {route}")
            known = {f"kgreason.{name}": str(about[name]) for name in _ABOUT if name in about}
            span.set_attributes({"http.route": route, "http.request.method": scope["method"], **known})
            if "fault" in about:
                span.set_status(self._failed)
