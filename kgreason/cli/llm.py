"""``kgreason ask --llm``: a user's own language model answers from the evidence, and its claims are checked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kgreason.errors import InputError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from kgreason.agents.llm import Told
    from kgreason.graph import KnowledgeGraph
    from kgreason.records import Answer, Question, Triple

__all__ = ["KEY", "Llm", "LlmModel", "shown_of", "tell"]

#: Where the server's key is, if it wants one: never among the arguments, which every process can read.
KEY = "KGREASON_LLM_KEY"

Llm = Annotated[
    str | None,
    typer.Option("--llm", metavar="URL", help=f"Let a language model behind this address answer too; its key: {KEY}."),
]
LlmModel = Annotated[str, typer.Option("--llm-model", metavar="NAME", help="Its name on that server.")]


def tell(
    url: str,
    model: str,
    question: Question,
    answer: Answer,
    graph: KnowledgeGraph | None,
    add: Sequence[Triple],
    remove: Sequence[Triple],
) -> Told:
    """What the language model says of the evidence that was found."""
    from kgreason.agents.llm import answer_with, connect

    if not model:
        raise InputError("--llm was given, but no --llm-model", fix="Name the model that the server is to run.")
    client = connect(url, os.environ.get(KEY))
    return answer_with(client, model, question, answer, graph, add=add, remove=remove)


def shown_of(told: Told) -> list[RenderableType]:
    """Its answer, its reason, and its claims, those that the graph holds in green."""
    from rich.text import Text

    lines = [Text(f"{told.model} says: {told.answer or 'nothing of this'}", style="bold")]
    lines += [Text(told.because)] if told.because else []
    for each in told.claims:
        words = str(each.edge) if each.edge else " ".join(each.claim)
        mark, style = ("supported", "green") if each.supported else ("not in the graph", "red")
        lines.append(Text(f"{mark}: {words}", style=style))
    return ["", *lines]
