"""``kgreason quiz``: questions made from a graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgreason.cli.arguments import names
from kgreason.cli.console import Json, Output, Quiet
from kgreason.cli.graph import GraphArgument, open_graph

if TYPE_CHECKING:
    from rich.text import Text

    from kgreason.records import Question

__all__ = ["quiz"]


def quiz(
    output: Annotated[Path, typer.Option("--output", "-o", help="A new folder for the files of samples.")],
    graph: GraphArgument = "default",
    number: Annotated[
        int, typer.Option("--number", "-n", min=1, help="Questions to train on; a twelfth as many in each other split.")
    ] = 12_000,
    pseudonyms: Annotated[
        bool, typer.Option("--pseudonyms", help="Give each question a world of its own, with invented names.")
    ] = False,
    borrowed: Annotated[
        float, typer.Option("--borrowed", metavar="SHARE", help="Worlds with names borrowed from the graph instead.")
    ] = 0.0,
    renamed: Annotated[
        float, typer.Option("--renamed", metavar="SHARE", help="Questions whose relations have other names.")
    ] = 0.2,
    synonyms: Annotated[
        float, typer.Option("--synonyms", metavar="SHARE", help="Renamed ones that are asked for by a synonym.")
    ] = 0.0,
    phrases: Annotated[
        float, typer.Option("--phrases", metavar="SHARE", help="Other renamed ones whose relations have several words.")
    ] = 0.0,
    open_form: Annotated[bool, typer.Option("--open", help="Ask for all answers, without options.")] = False,
    kinds: Annotated[
        str | None, typer.Option("--kinds", metavar="1,2,3,and,not", help="Steps from a concept, or two clues.")
    ] = None,
    options: Annotated[int, typer.Option("--options", help="How many options to choose from.")] = 5,
    seed: Annotated[int, typer.Option("--seed", help="Another number makes other questions.")] = 1,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Make questions that only a graph can answer: train, dev, test, and a test of wordings never trained on."""
    from kgreason.tasks.quiz import KINDS, QuizConfig, about, write_quiz

    out = Output(as_json, quiet)
    config = QuizConfig(
        kinds=names(kinds) or KINDS,
        options=options,
        pseudonyms=pseudonyms,
        borrowed=borrowed,
        renamed=renamed,
        synonyms=synonyms,
        phrases=phrases,
        form="open" if open_form else "choice",
    )
    opened = open_graph(graph, out)
    rest = max(1, number // 12)
    with out.progress() as report:
        splits = write_quiz(
            opened,
            output,
            {"train": number, "dev": rest, "test": rest, "wordings": rest},
            config,
            seed=seed,
            progress=report,
        )
    examples = [_example(question) for question in splits["train"][:3]]
    sizes = ", ".join(f"{len(questions):,} {split}" for split, questions in splits.items())
    out.show({"path": str(output), **about(opened, splits, config, seed)}, *examples, f"{sizes} in {output}")


def _example(question: Question) -> Text:
    """A question with its options, the right one marked, or with its answers."""
    from rich.text import Text

    text = Text(f"{question.text}\n")
    right = {question.answer} if question.options else set(range(len(question.gold)))
    for index, option in enumerate(question.options or question.gold):
        text.append(f"  {'✓' if index in right else '·'} {option}\n", style="green" if index in right else "")
    return text
