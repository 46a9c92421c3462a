"""``kgreason explain``: why this answer, why not another, and the smallest edit that turns it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kgreason.cli.answer import Add, LanguageOption, Options, Remove, spoken
from kgreason.cli.arguments import triples
from kgreason.cli.console import Json, Output, Quiet
from kgreason.cli.index import IndexOption
from kgreason.cli.reason import ReasonerGraph, ReasonerModel, open_reasoner

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from kgreason.explain import Explanation
    from kgreason.records import Edge, Option

__all__ = ["explain"]

Against = Annotated[
    str | None, typer.Option("--against", help="The option of 'why not'; the second best one by default.")
]
Hypothesis = Annotated[
    str | None, typer.Option("--hypothesis", help="Explain whether the text, as a premise, entails this.")
]
Limit = Annotated[int, typer.Option("--limit", min=0, help="Edits that are tried at most.")]


def explain(
    question: Annotated[str, typer.Argument(help="A question, or a premise.")],
    options: Options = None,
    against: Against = None,
    hypothesis: Hypothesis = None,
    add: Add = None,
    remove: Remove = None,
    limit: Limit = 64,
    graph: ReasonerGraph = "default",
    index: IndexOption = None,
    model: ReasonerModel = None,
    language: LanguageOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say why an answer was chosen, why not another, and which edit of the graph turns it."""
    from kgreason.errors import InputError, UnsupportedError
    from kgreason.records import Question
    from kgreason.tasks import validate
    from kgreason.tasks.entailment import THREE_WAY

    out = Output(as_json, quiet)
    if hypothesis is not None and options:
        raise InputError("options and a hypothesis were given", fix="Give one of the two.")
    told = spoken(question, language)
    if hypothesis is None:
        asked = Question(question, tuple(options or ()), "choice" if options else "open", language=told)
    else:
        asked = Question(question, THREE_WAY, "entailment", hypothesis, language=told)
    validate(asked)
    added, removed = triples(add or ()), triples(remove or ())
    reasoner = open_reasoner(model, graph, out, index, language=told)
    from kgreason.engine import Reasoner

    if not isinstance(reasoner, Reasoner):
        raise UnsupportedError("an exported model explains no answer", fix="Ask the model that it was exported from.")
    with out.progress() as report:
        report("ask with edits", 0, 0)
        from kgreason.explain import explain as explained

        found = explained(reasoner, asked, add=added, remove=removed, against=against, limit=limit)
    out.show(found.to_dict(), *_shown(found))


def _shown(found: Explanation) -> list[RenderableType]:
    from rich.text import Text

    from kgreason.cli.evidence import evidence_tree
    from kgreason.explain import TOLD

    answer = found.answer
    chosen, other = answer.options[0], next(o for o in answer.options[1:] if o.text == found.against)
    counts = answer.gate > 0
    shown: list[RenderableType] = [
        evidence_tree(f"why {_named(chosen, counts)}", found.why.paths, contributions=counts),
        "",
        evidence_tree(f"why not {_named(other, counts)}", found.why_not.paths, contributions=counts),
    ]
    shown += [_line("missing: ", edge) for edge in found.missing[:TOLD]]
    shown += ["", Text("the smallest edit found that turns the answer", style="bold")]
    if found.edit is None or found.edited is None:
        return [*shown, Text(f"{found.note[0].upper()}{found.note[1:]}.", style="yellow")]
    shown += [_line("remove: ", edge) for edge in found.edit.remove]
    shown += [_line("add: ", edge) for edge in found.edit.add]
    proof = Text("asked again, the answer is ").append(found.edited.choice, style="bold green")
    return [*shown, proof.append(f" {found.edited.confidence:.1%}  ({found.tried} edits tried)", style="dim")]


def _named(option: Option, counts: bool) -> str:
    parts = f", text {option.text_score:.2f}, graph {option.graph_score:+.2f}" if counts else ""
    return f"{option.text} ({option.probability:.1%}{parts})"


def _line(before: str, edge: Edge) -> Text:
    from rich.text import Text

    return Text(before, style="dim").append(str(edge), style="not dim").append(f"  {edge.relation}", style="dim")
