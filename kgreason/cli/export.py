"""``kgreason export``: a model as ONNX files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgreason.cli.console import Json, Output, Quiet

__all__ = ["export"]


def export(
    model: Annotated[str, typer.Argument(help="A checkpoint's folder or the name of a shipped one.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder for the files.")],
    int8: Annotated[bool, typer.Option("--int8", help="Weights of the text model in eight bits.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a model as ONNX files that answer without torch."""
    from kgreason import storage
    from kgreason.export.graphs import export_model
    from kgreason.nn.model import ReasoningModel
    from kgreason.nn.weights import find_checkpoint

    out = Output(as_json, quiet)
    export_model(ReasoningModel.from_pretrained(find_checkpoint(model), device="cpu"), output, int8=int8)
    files = {path.name: storage.size(path) or 0 for path in storage.entries(output)}
    out.show({"folder": str(output), "files": files}, *(f"{size:>12,}  {name}" for name, size in files.items()))
