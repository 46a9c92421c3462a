"""``kgreason mcp``: the graph and the reasoner as tools for agents."""

from __future__ import annotations

from kgreason.cli.console import Output
from kgreason.cli.graph import GraphOption, open_graph
from kgreason.cli.reason import ModelOption, open_reasoner
from kgreason.errors import InputError

__all__ = ["mcp"]


def mcp(graph: GraphOption = "default", model: ModelOption = "mini") -> None:
    """Serve a graph and its answers to agents as tools, over standard input and output (Model Context Protocol)."""
    try:
        from kgreason.agents.server import make_server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "mcp":
            raise
        raise InputError("the package mcp is not installed", fix="Run pip install 'kgreason[mcp]'.") from None
    from functools import cache

    out = Output(as_json=False, quiet=True)
    make_server(open_graph(graph, out), cache(lambda: open_reasoner(model, graph, out))).run()
