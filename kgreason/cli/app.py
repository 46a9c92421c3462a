"""All commands in one application; each family has a file of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from kgreason import __version__
from kgreason.cli.answer import ground, retrieve
from kgreason.cli.bench import bench
from kgreason.cli.bias import bias
from kgreason.cli.diagnose import diagnose
from kgreason.cli.doctor import doctor
from kgreason.cli.exchange import export as export_graph
from kgreason.cli.exchange import query
from kgreason.cli.explain import explain
from kgreason.cli.export import export
from kgreason.cli.graph import app as graph
from kgreason.cli.improve import improve
from kgreason.cli.index import index
from kgreason.cli.mcp import mcp
from kgreason.cli.quiz import quiz
from kgreason.cli.reason import ask, emotion, entails
from kgreason.cli.review import review
from kgreason.cli.rules import rules
from kgreason.cli.select import label, select
from kgreason.cli.serve import key, serve
from kgreason.cli.sources import get, sources
from kgreason.cli.training import evaluate, predict, train
from kgreason.cli.update import add, clean, remove

__all__ = ["app"]

app = typer.Typer(
    help="Answers of a language model, grounded in a knowledge graph.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    ask, entails, emotion, explain, train, evaluate, predict, diagnose, improve, select, label, review, bias, ground,
    retrieve, quiz, rules, bench, export, mcp, serve, key, doctor,
):  # fmt: skip
    app.command()(command)
for of_graph in (index, add, remove, clean, query, sources, get):
    graph.command()(of_graph)
graph.command("export")(export_graph)
app.add_typer(graph, name="graph")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Answers of a language model, grounded in a knowledge graph."""
