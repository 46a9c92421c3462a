"""``python -m tools.claims AREA``: target, measured, ok; exit code 1 if a claim is not kept."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tools.claims.claim import Claim, Line, check

AREAS = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if "CLAIMS = " in path.read_text("utf-8"))


def main(
    area: Annotated[str, typer.Argument(help=f"One of: {', '.join(AREAS)}.")],
    only: Annotated[str, typer.Option(help="Only claims whose name holds this text.")] = "",
) -> None:
    """Measure what we claim of an area."""
    if area not in AREAS:
        raise typer.BadParameter(f"there is no area {area!r}; areas are {', '.join(AREAS)}")
    claims: list[Claim] = [claim for claim in import_module(f"tools.claims.{area}").CLAIMS if only in claim.name]
    progress = Console(stderr=True)
    lines = []
    for claim in claims:
        with progress.status(f"{claim.name} …"):
            lines.append(check(claim))
    # Piped into a file, the table is not cut to a terminal's width.
    Console(width=None if sys.stdout.isatty() else 160).print(table(lines))
    if not lines or not all(line.ok for line in lines):
        raise typer.Exit(1)


def table(lines: list[Line]) -> Table:
    """The claims as a table; misses stand out."""
    shown = Table("claim", "target", "measured", "ok", "how")
    for line in lines:
        style = "" if line.ok else "bold red"
        shown.add_row(line.name, line.target, line.measured, "yes" if line.ok else "NO", line.how, style=style)
    return shown


if __name__ == "__main__":
    typer.run(main)
