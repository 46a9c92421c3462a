"""The application: routes, and what stands before them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from kgreason.engine import Reasoner
from kgreason.serve.wire import Ask

__all__ = ["make_app"]


def make_app(reasoner: Reasoner) -> FastAPI:
    """An application that answers with a reasoner."""
    app = FastAPI(title="kgreason", docs_url=None, redoc_url=None)

    @app.post("/v1/ask")
    def ask(item: Ask) -> dict[str, Any]:
        return reasoner.answer(item.asked(), add=item.add, remove=item.remove).to_dict()

    return app
