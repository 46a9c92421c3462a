"""The page at ``/``: asking in a browser, with evidence that can be switched off. Its files fetch nothing else."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

from kgreason import storage
from kgreason.pictures.page import LIBRARY, asset

__all__ = ["PATHS", "router"]

_ASSETS = Path(__file__).with_name("assets")
_ASSET_BYTES = 1 << 20
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
#: Open to everybody, since they hold nothing of a graph: path to what lies there.
PATHS = {
    "/": "page.html",
    "/page.css": "page.css",
    "/page.js": "page.js",
    "/words.js": "words.js",
    f"/{LIBRARY[0]}": "",
}

router = APIRouter(include_in_schema=False)


def _serve(path: str, name: str) -> None:
    text = storage.read_limited(_ASSETS / name, _ASSET_BYTES).decode() if name else asset(LIBRARY[0])
    kind = _KINDS[Path(name or path).suffix]

    @router.get(path)
    async def file() -> Response:
        return Response(text, media_type=kind)


for _path, _name in PATHS.items():
    _serve(_path, _name)
