"""``kgreason serve``: the reasoner over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from kgreason.cli.console import Output, Quiet
from kgreason.cli.reason import ReasonerGraph, ReasonerModel, open_reasoner

__all__ = ["serve"]


def serve(
    graph: ReasonerGraph = "default",
    model: ReasonerModel = None,
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="Where to listen.")] = 8642,
    quiet: Quiet = False,
) -> None:
    """Answer over HTTP on this machine."""
    reasoner = open_reasoner(model, graph, Output(False, quiet))
    import uvicorn

    from kgreason.serve.app import make_app

    uvicorn.run(make_app(reasoner), port=port)
