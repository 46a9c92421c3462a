"""The page at ``/``: asking in a browser, with evidence that can be switched off. Its files fetch nothing else."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from kgreason import storage
from kgreason.pictures.page import LIBRARY, asset

__all__ = ["PATHS", "router"]

_ASSETS = Path(__file__).with_name("assets")
_ASSET_BYTES = 1 << 20
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
#: Open to everybody, since they hold nothing of a graph: path to the file.
PATHS = {"/": "page.html", **{f"/{name}": name for name in ("page.css", "page.js", "words.js", LIBRARY[0])}}

router = APIRouter(include_in_schema=False)


async def _file(request: Request) -> Response:
    name = PATHS[request.url.path]
    return Response(_text(name), media_type=_KINDS[Path(name).suffix])


@cache
def _text(name: str) -> str:
    if name == LIBRARY[0]:
        return asset(name)
    return storage.read_limited(_ASSETS / name, _ASSET_BYTES).decode()


for _path in PATHS:
    router.get(_path)(_file)
