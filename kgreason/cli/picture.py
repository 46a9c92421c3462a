"""``--html``: a result as a page with a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kgreason.cli.console import Output
    from kgreason.pictures import Picture

__all__ = ["Html", "draw"]

Html = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Draw it as well, on a page for a browser.", rich_help_panel="Output"),
]


def draw(picture: Picture, path: Path, out: Output) -> None:
    """Write a picture's page and say so."""
    from kgreason import storage
    from kgreason.pictures import page

    storage.write_text(path, page(picture))
    out.note(f"A picture is in {path}.")
