"""``kgreason serve`` and ``key``: the reasoner over HTTP, and who may ask it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kgreason.cli.console import Json, Output, Quiet
from kgreason.cli.graph import open_graph
from kgreason.cli.reason import ModelOption, Offensive, demeaning, load_reasoner
from kgreason.errors import InputError

if TYPE_CHECKING:
    from kgreason.asking import BaseReasoner
    from kgreason.graph import KnowledgeGraph
    from kgreason.serving.graphs import Graphs

__all__ = ["key", "serve"]

KeysFile = Annotated[Path | None, typer.Option("--keys", help="A file of keys, made with kgreason key.")]
#: What is needed, and the extra that brings it.
_NEEDED = ("fastapi", "prometheus_client", "uvicorn")


def serve(
    graph: Annotated[
        list[str] | None,
        typer.Option("--graph", "-g", metavar="NAME=DIR", help="A graph and its name, or 'none'; may be repeated."),
    ] = None,
    model: ModelOption = "mini",
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="0 takes any that is free.")] = 8642,
    keys: KeysFile = None,
    rate: Annotated[int, typer.Option("--rate", min=1, help="Items a key may ask the model in a minute.")] = 60,
    cheap_rate: Annotated[int, typer.Option("--cheap-rate", min=1, help="Reads of a graph in a minute.")] = 600,
    timeout: Annotated[float, typer.Option("--timeout", min=0.01, help="Seconds an answer may take.")] = 10.0,
    permits: Annotated[int, typer.Option("--permits", min=1, help="Items in the house at a time.")] = 64,
    batch: Annotated[int, typer.Option("--batch", min=1, max=256, help="Items of one step of the model.")] = 16,
    workers: Annotated[
        int,
        typer.Option("--workers", "-w", min=1, help="Processes that answer; rates and permits are those of each."),
    ] = 1,
    log_text: Annotated[
        Literal["off", "masked", "on"],
        typer.Option(
            "--log-text", help="Whether the log holds what was asked; masked: without what is personal in it."
        ),
    ] = "off",
    offensive: Offensive = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Answer over HTTP; by default to this machine alone, over the packaged graph."""
    _check_installed()
    from kgreason.serving import workers as several

    if workers > 1:
        several.alone()
    from kgreason.serving.access import LOOPBACK, Access, Rates, check_bind, read_keys
    from kgreason.serving.logs import log_to

    known = () if keys is None else read_keys(keys)
    check_bind(host, known)
    out = Output(as_json, quiet)
    graphs = _graphs(graph or ["default"], model, out, offensive)
    from kgreason import privacy
    from kgreason.serving.server import listen, run
    from kgreason.serving.service import Service, preload

    log_to(sys.stderr)
    access, hosts = Access(known, Rates(cheap_rate, rate)), frozenset() if known else LOOPBACK | {host}
    tell = {"off": None, "masked": privacy.mask, "on": str}[log_text]
    with listen(host, port) as listener:
        named = f"[{host}]" if ":" in host else host
        address = f"http://{named}:{listener.getsockname()[1]}"

        def work() -> None:
            run(Service(graphs, access, timeout, permits, batch, tell=tell, hosts=hosts), listener)

        with out.progress() as report:
            report("warm up", 0, 0)  # where kernels are compiled for the first time, longer than a question may take
            preload(graphs)
        out.show({"address": address}, address)
        several.keep(workers, work) if workers > 1 else work()


def key(
    name: Annotated[str, typer.Argument(help="Whose key it is.")],
    keys: Annotated[Path, typer.Option("--keys", help="The file that its digest is added to.")],
    graph_only: Annotated[bool, typer.Option("--graph-only", help="It reads graphs, and asks no model.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make a key for kgreason serve and print it, once; the file holds its digest alone."""
    _check_installed()
    from kgreason.serving.access import add_key

    secret = add_key(keys, name, ask=not graph_only)
    out = Output(as_json, quiet)
    out.show({"name": name, "key": secret, "ask": not graph_only}, secret)
    out.note("It is shown this once.")


def _check_installed() -> None:
    from importlib.util import find_spec

    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise InputError(f"{missing[0]} is not installed", fix="Install kgreason[serve].")


def _graphs(named: Iterable[str], model: str, out: Output, offensive: bool) -> Graphs:
    """A reasoner for each graph, and for each of its versions to come; all of them share one model."""
    sources: dict[str, str] = {}
    for each in named:
        first, equals, folder = each.partition("=")
        name = first if equals else "default"
        if not first or name in sources or (equals and not folder):
            raise InputError(f"graph is {each!r}", fix="Write NAME=DIR, each name once.")
        sources[name] = folder or first
    opened: dict[str, KnowledgeGraph | None] = {
        name: None if source == "none" else open_graph(source, out) for name, source in sources.items()
    }
    with out.progress() as report:
        report("load the model", 0, 0)
        loaded = load_reasoner(model)
        hide = {name for name, source in sources.items() if source == "default" and not offensive}

        def over(name: str, graph: KnowledgeGraph | None) -> BaseReasoner:
            return loaded.over(graph, hidden=demeaning(graph) if graph and name in hide else ())

        from kgreason.serving.graphs import Graphs

        return Graphs({name: over(name, graph) for name, graph in opened.items()}, over)
