"""``kgreason ground`` and ``retrieve``: what a question touches in the graph, before any model reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kgreason.cli.arguments import triples
from kgreason.cli.console import Json, Output, Quiet
from kgreason.cli.graph import GraphOption, open_graph
from kgreason.cli.index import IndexOption, open_index
from kgreason.errors import InputError

__all__ = ["Add", "Options", "Remove", "ground", "retrieve"]

Options = Annotated[list[str] | None, typer.Option("--options", metavar="A B C", help="The answers to choose from.")]
Add = Annotated[list[str] | None, typer.Option("--add", metavar="S R T", help="Answer as if this edge existed.")]
Remove = Annotated[list[str] | None, typer.Option("--remove", metavar="S R T", help="Answer as if it did not.")]
LanguageOption = Annotated[
    str | None, typer.Option("--language", help="Language of the text: en or zh; by default found from its script.")
]


def spoken(text: str, language: str | None) -> str:
    """The language that was given, else the one of the text."""
    from kgreason.language import detect  # reads files by way of numpy

    return language or detect(text)


def ground(
    text: Annotated[str, typer.Argument(help="Any text.")],
    graph: GraphOption = "default",
    index: IndexOption = None,
    language: LanguageOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find the concepts that a text names."""
    from rich.table import Table
    from rich.text import Text

    from kgreason.grounding import Grounder
    from kgreason.records import Question
    from kgreason.tasks import validate

    out = Output(as_json, quiet)
    question = validate(Question(text, task="open", language=spoken(text, language)))
    opened = open_graph(graph, out)
    grounding = Grounder(opened, index=open_index(opened, index)).ground(question)
    marked = Text(text)
    table = Table("in the text", "concept", "label", "prior", "by", box=None, pad_edge=False, header_style="bold")
    for mention in grounding.mentions:
        marked.stylize("bold cyan", mention.start, mention.end)
        for place, candidate in enumerate(mention.candidates):
            shown = "" if place else mention.surface
            table.add_row(shown, candidate.key, opened.label(candidate.node), f"{candidate.prior:.2f}", mention.by)
    out.show(grounding.to_dict(), marked, "", table)
    if not grounding.mentions:
        out.note("The graph knows no concept in this text.")


def retrieve(
    question: Annotated[str, typer.Argument(help="A question; with --output a file of samples, or a data set.")],
    options: Options = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where a file's subgraphs go.")] = None,
    split: Annotated[str | None, typer.Option("--split", help="Split of a data set known by name.")] = None,
    add: Add = None,
    remove: Remove = None,
    graph: GraphOption = "default",
    index: IndexOption = None,
    language: LanguageOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Gather the evidence of a question, or of every sample in a file."""
    out = Output(as_json, quiet)
    if output is not None:
        if index is not None:
            raise InputError("--index was given with --output", fix="Retrieve a file without --index.")
        _retrieve_file(question, split, output, graph, out)
        return
    from kgreason.cli.evidence import evidence_tree
    from kgreason.grounding import Grounder
    from kgreason.records import Question
    from kgreason.retrieval import Retriever, gather
    from kgreason.tasks import validate

    told = spoken(question, language)
    asked = validate(Question(question, tuple(options or ()), "choice" if options else "open", language=told))
    opened = open_graph(graph, out)
    added, removed = triples(add or ()), triples(remove or ())
    grounding = Grounder(opened, index=open_index(opened, index)).ground(asked, add=added)
    found = gather(Retriever(opened), grounding, add=added, remove=removed)
    values = found.to_dict()
    trees = [evidence_tree(option, paths) for option, paths in found.paths.items()]
    out.show(values, f"{values['nodes']} concepts, {values['edges']} directed edges", *trees)


def _retrieve_file(source: str, split: str | None, output: Path, graph: str, out: Output) -> None:
    """Retrieve the evidence of every question, as arrays that ``kgreason.interop.QuestionGraphs`` gives to PyG."""
    import numpy as np

    from kgreason.interop.subgraphs import save_samples
    from kgreason.retrieval import SubgraphFile
    from kgreason.tasks import load

    questions = load(source, split)
    opened = open_graph(graph, out)
    with out.progress() as report:
        stored = SubgraphFile(opened, questions, home=output, progress=report)
    save_samples(stored)
    sizes = np.array([len(subgraph) for subgraph in stored])
    found = float((sizes > 0).mean()) if len(sizes) else 0.0
    values = {"path": str(stored.path), "questions": len(stored), "with_concepts": found, "nodes": int(sizes.sum())}
    out.show(values, f"{len(stored):,} questions, {found:.1%} with concepts, {sizes.sum():,} nodes in {stored.path}")
