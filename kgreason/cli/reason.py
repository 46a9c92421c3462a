"""``kgreason ask``, ``entails`` and ``emotion``: answers with their evidence."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kgreason.cli.answer import Add, LanguageOption, Options, Remove
from kgreason.cli.arguments import triples
from kgreason.cli.console import Json, Output, Quiet
from kgreason.cli.graph import open_graph

if TYPE_CHECKING:
    from rich.table import Table

    from kgreason.engine import Reasoner
    from kgreason.records import Answer, Mood

__all__ = ["ModelOption", "ReasonerGraph", "ask", "emotion", "entails", "open_reasoner"]

ReasonerGraph = Annotated[str, typer.Option("--graph", "-g", help="A graph's folder, 'default' or 'none'.")]
ModelOption = Annotated[str, typer.Option("--model", "-m", help="A checkpoint's folder or the name of a shipped one.")]
All = Annotated[bool, typer.Option("--all", help="Show the evidence of every option.")]
BAR = 24


def open_reasoner(model: str, graph: str, out: Output) -> Reasoner:
    """A reasoner; the first use of the packaged graph builds it, which shows."""
    from kgreason.engine import Reasoner

    return Reasoner.from_pretrained(model, None if graph == "none" else open_graph(graph, out))


def ask(
    question: Annotated[str, typer.Argument(help="A question.")],
    options: Options = None,
    context: Annotated[Path | None, typer.Option("--context", help="A text file to read with the question.")] = None,
    add: Add = None,
    remove: Remove = None,
    graph: ReasonerGraph = "default",
    model: ModelOption = "mini",
    language: LanguageOption = "en",
    show_all: All = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Choose among options, with evidence from the graph."""
    from kgreason.records import Question
    from kgreason.tasks import validate

    out = Output(as_json, quiet)
    text = None if context is None else _text(context)
    asked = validate(Question(question, tuple(options or ()), context=text, language=language))
    added, removed = triples(add or ()), triples(remove or ())
    answer = open_reasoner(model, graph, out).answer(asked, add=added, remove=removed)
    _show(answer, out, show_all)


def entails(
    premise: Annotated[str, typer.Argument(help="What is given.")],
    hypothesis: Annotated[str, typer.Argument(help="What may follow from it.")],
    graph: ReasonerGraph = "default",
    model: ModelOption = "mini",
    language: LanguageOption = "en",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say whether a premise entails, contradicts or leaves open a hypothesis."""
    out = Output(as_json, quiet)
    _show(open_reasoner(model, graph, out).entails(premise, hypothesis, language=language), out, False)


def emotion(
    text: Annotated[str, typer.Argument(help="Any text.")],
    graph: ReasonerGraph = "default",
    model: ModelOption = "mini",
    language: LanguageOption = "en",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Sentiment, emotions and affect of a text."""
    from kgreason.cli.evidence import evidence_tree

    out = Output(as_json, quiet)
    mood = open_reasoner(model, graph, out).emotion(text, language=language)
    shown: list[Any] = [
        _bars([(mood.sentiment, mood.confidence)]),
        "",
        _bars(list(mood.categories.items()), mood.found),
    ]
    shown += ["", _affect(mood)]
    if mood.evidence.paths:
        shown += ["", evidence_tree("from its concepts", mood.evidence.paths)]
    out.show(mood.to_dict(), *shown)
    _tell(mood.note, mood.trace, out)


def _text(path: Path) -> str:
    from kgreason import storage
    from kgreason.config import LIMITS
    from kgreason.errors import FormatError

    try:
        return storage.read_limited(path, LIMITS.context_bytes).decode()
    except UnicodeDecodeError as error:
        raise FormatError(path, f"byte {error.start} is not UTF-8", fix="Save the text as UTF-8.") from None


def _show(answer: Answer, out: Output, show_all: bool) -> None:
    from kgreason.cli.evidence import evidence_tree

    chances = [(option.text, option.probability) for option in answer.options]
    shown: list[Any] = [_bars(chances, (answer.choice,))]
    for option in answer.options if show_all else answer.options[:1]:
        if option.evidence.paths:
            shown += ["", evidence_tree(option.text, option.evidence.paths)]
    if answer.sentences:
        shown += ["", "Key passages:", *(f"  {weight:.2f}  {passage}" for passage, weight in answer.sentences)]
    out.show(answer.to_dict(), *shown)
    _tell(answer.note, {**answer.trace, "gate": answer.gate}, out)


def _bars(rows: list[tuple[str, float]], chosen: tuple[str, ...] = ()) -> Table:
    """Probabilities as bars, what was chosen in bold."""
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    for text, chance in rows:
        table.add_row(text, "█" * round(BAR * chance), f"{chance:.0%}", style="bold" if text in chosen else "")
    return table


def _affect(mood: Mood) -> str:
    valence, arousal, dominance = mood.vad
    return f"valence {valence:.2f}  arousal {arousal:.2f}  dominance {dominance:.2f}  intensity {mood.intensity:.2f}"


def _tell(note: str, trace: Any, out: Output) -> None:
    if out.as_json:
        return
    if note:
        out.note(f"{note[0].upper()}{note[1:]}.")
    parts = (
        f"{name.removesuffix('_ms')} {value:.1f} ms" if name.endswith("_ms") else f"{name} {value:.3g}"
        for name, value in trace.items()
    )
    out.note("  ".join(parts))
