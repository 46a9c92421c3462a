"""``kgreason export``: a model as ONNX files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgreason.cli.console import Json, Output, Quiet
from kgreason.cli.reason import ReasonerGraph
from kgreason.cli.training import DataOption, LimitOption, load_model, questions_of

__all__ = ["export"]


def export(
    model: Annotated[str, typer.Argument(help="A checkpoint's folder or the name of a shipped one.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder for the files.")],
    int8: Annotated[bool, typer.Option("--int8", help="Weights of the text model in eight bits.")] = False,
    layers: Annotated[
        int | None, typer.Option("--layers", min=1, help="Layers that the text model keeps; needs --dev.")
    ] = None,
    dev: Annotated[
        str | None, typer.Option("--dev", help="Samples by which layers are chosen: a file, or a data set's name.")
    ] = None,
    graph: ReasonerGraph = "default",
    data: DataOption = None,
    limit: LimitOption = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a model as ONNX files that answer without torch."""
    from kgreason import storage
    from kgreason.errors import InputError
    from kgreason.export.graphs import check_export, export_model
    from kgreason.export.prune import prune
    from kgreason.retrieval import Pairs

    out = Output(as_json, quiet)
    if (layers is None) != (dev is None):
        raise InputError("--layers and --dev go together", fix="Give both or neither.")
    asked = [] if dev is None else questions_of(dev, "dev", None, data, limit)
    loaded, opened = load_model(model, graph if asked else "none", out)
    check_export(loaded, output)
    removed: list[tuple[int, float]] = []
    if layers is not None:
        with out.progress() as progress:
            removed = prune(loaded, layers, list(Pairs(asked, opened)), progress=progress)
    export_model(loaded.to("cpu"), output, int8=int8)
    files = {path.name: storage.size(path) or 0 for path in storage.entries(output)}
    shown = [f"layer {place} removed, accuracy {100 * share:.1f}" for place, share in removed]
    values = {"folder": str(output), "files": files, "removed": removed}
    out.show(values, *shown, *(f"{size:>12,}  {name}" for name, size in files.items()))
