"""``kgreason ask``, ``entails`` and ``emotion``: answers with their evidence."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgreason.cli.answer import Add, LanguageOption, Options, Remove, spoken
from kgreason.cli.arguments import triples
from kgreason.cli.console import Json, Output, Quiet
from kgreason.cli.graph import open_graph
from kgreason.cli.index import IndexOption, open_index
from kgreason.cli.llm import Llm, LlmModel, shown_of, tell
from kgreason.cli.picture import Html, draw
from kgreason.errors import InputError, UnsupportedError

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from kgreason.asking import BaseReasoner
    from kgreason.graph import KnowledgeGraph
    from kgreason.records import Answer, ConceptMood, KeySentence, Mood, Option, Task, Triple

__all__ = [
    "AuditOption",
    "AuditText",
    "ModelOption",
    "Offensive",
    "ReasonerGraph",
    "ReasonerModel",
    "ask",
    "demeaning",
    "emotion",
    "entails",
    "load_reasoner",
    "open_reasoner",
]

ReasonerGraph = Annotated[
    str, typer.Option("--graph", "-g", help="A graph's folder; 'none' for the text alone; the packaged one by default.")
]
ModelOption = Annotated[
    str,
    typer.Option("--model", "-m", help="A checkpoint's or an exported model's folder, or a shipped one's name."),
]
ReasonerModel = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help="A checkpoint's or an exported model's folder, or a shipped one's name; by default that of the language.",
    ),
]
All = Annotated[bool, typer.Option("--all", help="Show the evidence of every option as a tree.")]
NotStated = Annotated[bool, typer.Option("--not-stated", help="Do not read what the texts state themselves.")]
AuditOption = Annotated[
    Path | None,
    typer.Option("--audit", envvar="KGREASON_AUDIT", help="Add a line on the answer to this file, without any text."),
]
AuditText = Annotated[bool, typer.Option("--audit-text", help="Let that line hold what was asked and answered.")]
Offensive = Annotated[
    bool, typer.Option("--offensive", help="Read edges of the packaged graph that demean a group of people, too.")
]
RulesOption = Annotated[Path | None, typer.Option("--rules", help="A file of rules beside the packaged ones.")]
BAR = 24
SHOWN = 0.005  #: Probability from which an answer to an open question is shown.


def open_reasoner(
    model: str | None,
    graph: str,
    out: Output,
    index: str | None = None,
    *,
    language: str = "en",
    stated: bool = True,
    rules: Path | None = None,
    audit: Path | None = None,
    audit_text: bool = False,
    offensive: bool = False,
) -> BaseReasoner:
    """A reasoner, by default that of the language; the first use of the packaged graph builds it, which shows.

    Of the packaged graph the edges that demean a group of people are not read unless ``offensive``.
    """
    opened = None if graph == "none" else open_graph(graph, out)
    if opened is None and index is not None:
        raise InputError("--index was given, but no graph", fix="Name a graph, or leave --index out.")
    with out.progress() as report:
        report("load the model", 0, 0)
        found = None if opened is None else open_index(opened, index)
        from kgreason.grounding import Rules

        read = None if rules is None else Rules.load(rules)
        hidden = demeaning(opened) if opened is not None and graph == "default" and not offensive else ()
        if model is not None and _exported(model):
            if audit is not None:
                raise UnsupportedError("an exported model keeps no audit log", fix="Leave it out, or ask a checkpoint.")
            from kgreason.export.reasoner import ExportedReasoner
            from kgreason.export.runtime import ExportedModel
            from kgreason.front import Front

            front = Front(opened, index=found, stated=stated, rules=read, hidden=tuple(hidden))
            return ExportedReasoner(ExportedModel(model), front)
        from kgreason.engine import Reasoner, shipped_for

        name = model or shipped_for(language)
        return Reasoner.from_pretrained(
            name, opened, index=found, stated=stated, rules=read, hidden=hidden, audit=audit, audit_text=audit_text
        )


def load_reasoner(model: str) -> BaseReasoner:
    """A model without a graph: a shipped one by its name, a checkpoint's folder, or that of an exported model."""
    if _exported(model):
        from kgreason.export.reasoner import ExportedReasoner

        return ExportedReasoner.from_pretrained(model, None)
    from kgreason.engine import Reasoner

    return Reasoner.from_pretrained(model, None)


def _exported(model: str) -> bool:
    from kgreason.export.runtime import is_export

    return is_export(model)


def demeaning(graph: KnowledgeGraph) -> Sequence[Triple]:
    """Edges of the packaged graph that demean a group of people."""
    from kgreason.graph.offensive import flagged

    return [flag.edge.triple for flag in flagged(graph)]


def ask(
    question: Annotated[str, typer.Argument(help="A question.")],
    options: Options = None,
    context: Annotated[Path | None, typer.Option("--context", help="A text file to read with the question.")] = None,
    add: Add = None,
    remove: Remove = None,
    graph: ReasonerGraph = "default",
    index: IndexOption = None,
    model: ReasonerModel = None,
    language: LanguageOption = None,
    show_all: All = False,
    html: Html = None,
    not_stated: NotStated = False,
    rules: RulesOption = None,
    audit: AuditOption = None,
    audit_text: AuditText = False,
    offensive: Offensive = False,
    llm: Llm = None,
    llm_model: LlmModel = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Choose among options, or name the graph's answers where none are given, with evidence."""
    from kgreason.records import Question
    from kgreason.tasks import validate

    out = Output(as_json, quiet)
    text = None if context is None else _text(context)
    task: Task = "choice" if options else "open"
    told = spoken(question, language)
    asked = validate(Question(question, tuple(options or ()), task, context=text, language=told))
    added, removed = triples(add or ()), triples(remove or ())
    reasoner = open_reasoner(
        model, graph, out, index, language=told, stated=not not_stated, rules=rules, audit=audit, audit_text=audit_text,
        offensive=offensive,
    )  # fmt: skip
    answer = reasoner.answer(asked, add=added, remove=removed)
    shown = (
        [_ranking(answer), *_evidence(answer, show_all), *_passages(answer.sentences)] if options else _found(answer)
    )
    values, said = answer.to_dict(), _notes(_note(answer))
    if llm is not None:
        told_by = tell(llm, llm_model, asked, answer, reasoner.graph, added, removed)
        values["llm"] = told_by.to_dict()
        said += shown_of(told_by)
    out.show(values, *shown, *said)
    _tell(answer.trace, out, gate=answer.gate)
    if html is not None:
        from kgreason.pictures import evidence

        draw(evidence(answer, asked, reasoner.subgraph(asked, add=added, remove=removed)), html, out)


def entails(
    premise: Annotated[str, typer.Argument(help="What is given.")],
    hypothesis: Annotated[str, typer.Argument(help="What may follow from it.")],
    graph: ReasonerGraph = "default",
    index: IndexOption = None,
    model: ReasonerModel = None,
    language: LanguageOption = None,
    not_stated: NotStated = False,
    rules: RulesOption = None,
    audit: AuditOption = None,
    audit_text: AuditText = False,
    offensive: Offensive = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say whether a premise entails, contradicts or leaves open a hypothesis."""
    from kgreason.cli.evidence import evidence_tree
    from kgreason.records import Question
    from kgreason.tasks import validate
    from kgreason.tasks.entailment import THREE_WAY

    out = Output(as_json, quiet)
    told = spoken(premise, language)
    validate(Question(premise, THREE_WAY, "entailment", hypothesis, language=told))
    reasoner = open_reasoner(
        model, graph, out, index, language=told, stated=not not_stated, rules=rules, audit=audit, audit_text=audit_text,
        offensive=offensive,
    )  # fmt: skip
    answer = reasoner.entails(premise, hypothesis, language=told)
    shown: list[RenderableType] = [_ranking(answer)]
    if answer.evidence.paths:
        shares = answer.gate > 0 and _weighed(answer)
        tree = evidence_tree("from the premise to the hypothesis", answer.evidence.paths, contributions=shares)
        shown += ["", tree]
    out.show(answer.to_dict(), *shown, *_notes(_note(answer)))
    _tell(answer.trace, out, gate=answer.gate)


def emotion(
    text: Annotated[str, typer.Argument(help="Any text.")],
    graph: ReasonerGraph = "default",
    index: IndexOption = None,
    model: ReasonerModel = None,
    language: LanguageOption = None,
    audit: AuditOption = None,
    audit_text: AuditText = False,
    offensive: Offensive = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Sentiment, emotions and affect of a text."""
    from kgreason.records import Question
    from kgreason.tasks import validate

    out = Output(as_json, quiet)
    told = spoken(text, language)
    validate(Question(text, task="emotion", language=told))
    reasoner = open_reasoner(
        model, graph, out, index, language=told, audit=audit, audit_text=audit_text, offensive=offensive
    )
    mood = reasoner.emotion(text, language=told)
    out.show(mood.to_dict(), *_feelings(mood))
    _tell(mood.trace, out)


def _text(path: Path) -> str:
    from kgreason import storage
    from kgreason.config import LIMITS
    from kgreason.errors import FormatError

    data = storage.read_limited(path, LIMITS.context_bytes)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = 1 + data.count(b"\n", 0, error.start)
        wrong = f"byte {data[error.start]:#04x} is not UTF-8"
        raise FormatError(path, wrong, line=line, fix="Convert the file to UTF-8.") from error


def _bars(rows: Mapping[str, float], bold: Collection[str]) -> Table:
    """Numbers from 0 to 1 with a bar each."""
    table = _table()
    for name, value in rows.items():
        table.add_row(name, _bar(value, name in bold), f"{value:.1%}", style="bold" if name in bold else None)
    return table


def _table() -> Table:
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(max_width=60)
    table.add_column(width=BAR, no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    return table


def _bar(value: float, chosen: bool) -> RenderableType:
    from rich.bar import Bar

    return Bar(1, 0, value, width=BAR, color="green" if chosen else "cyan")


def _ranking(answer: Answer) -> Table:
    """The options, likeliest first; where the graph counts, what text and graph say of each."""
    table = _table()
    for option in answer.options:
        chosen = option is answer.options[0]
        cells: list[RenderableType] = [option.text, _bar(option.probability, chosen), f"{option.probability:.1%}"]
        if answer.gate:
            cells.append(f"text {option.text_score:.2f}  graph {option.graph_score:+.2f}")
        table.add_row(*cells, style="bold" if chosen else None)
    return table


def _found(answer: Answer) -> list[RenderableType]:
    """Why the best answer is one, then all answers that are likely at all, those judged right in bold."""
    from kgreason.cli.evidence import evidence_tree

    likely = {option.text: option.probability for option in answer.options if option.probability >= SHOWN}
    shown: list[RenderableType] = [_bars(likely, answer.answers)] if likely else []
    if answer.evidence.paths:
        shown = [evidence_tree(answer.choice, answer.evidence.paths, contributions=True), "", *shown]
    return shown


def _note(answer: Answer) -> str:
    """What the graph did not do."""
    speaks = answer.gate or _weighed(answer)
    return answer.note or ("" if speaks else "the graph's evidence adds nothing to the scores of this model")


def _weighed(answer: Answer) -> bool:
    """Whether it is told of any path what that adds to a score."""
    return any(path.contribution for option in answer.options for path in option.evidence.paths)


def _evidence(answer: Answer, show_all: bool) -> list[RenderableType]:
    """The tree of the chosen option and a line for each other one, or a tree for all."""
    from kgreason.cli.evidence import evidence_line, evidence_tree

    if not any(option.evidence.paths for option in answer.options):
        return []

    def shown(option: Option) -> RenderableType:
        draw = evidence_tree if show_all or option is answer.options[0] else evidence_line
        return draw(option.text, option.evidence.paths, contributions=answer.gate > 0 and _weighed(answer))

    chosen, *others = map(shown, answer.options)
    return ["", chosen, "", *others]


def _passages(sentences: Sequence[KeySentence]) -> list[RenderableType]:
    from rich.text import Text

    lines = [Text(f"{each.weight:.2f}  {' '.join(each.text.split())}") for each in sentences if each.weight >= SHOWN]
    return ["", Text("what was read most", style="bold"), *lines] if lines else []


def _notes(note: str) -> list[RenderableType]:
    from rich.text import Text

    return ["", Text(f"{note[0].upper()}{note[1:]}.", style="yellow")] if note else []


def _feelings(mood: Mood) -> list[RenderableType]:
    from kgreason.cli.evidence import evidence_tree

    shown: list[RenderableType] = [_bars({mood.sentiment: mood.confidence}, {mood.sentiment})]
    shown += ["", _bars(mood.categories, mood.found)]
    if mood.vad is not None and mood.intensity is not None:
        scales = zip(("valence", "arousal", "dominance", "intensity"), (*mood.vad, mood.intensity), strict=True)
        shown += ["", _bars(dict(scales), ())]
    if mood.sentences:
        shown += ["", *_turns(mood)]
    if mood.concepts:
        shown += ["", *_concepts(mood.concepts)]
    if mood.evidence.paths:
        shown += ["", evidence_tree("from its words to the emotion", mood.evidence.paths)]
    return [*shown, *_notes(mood.note)]


def _turns(mood: Mood) -> list[RenderableType]:
    from rich.text import Text

    lines = [Text("its sentences, and how positive each is", style="bold")]
    for place, (sentence, positive) in enumerate(mood.sentences):
        if place == mood.shift:
            lines.append(Text("      the mood turns here", style="yellow"))
        lines.append(Text(f"{positive:.2f}  {sentence}"))
    return list(lines)


def _concepts(concepts: Sequence[ConceptMood]) -> list[RenderableType]:
    from rich.text import Text

    lines = [Text("what the graph knows of its words", style="bold")]
    for found in concepts:
        named = found.mention if found.mention == found.concept else f"{found.mention} ({found.concept})"
        source = "listed" if found.confidence >= 1 else "by its neighbours"
        lines.append(Text(f"{found.valence:+.2f}  {named}, {source}", style="green" if found.valence > 0 else "red"))
    return list(lines)


def _tell(trace: Mapping[str, float], out: Output, **before: float) -> None:
    """Gate, time and sizes of each stage in one line."""
    if out.as_json:
        return
    parts = [f"{name} {value:.2f}" for name, value in before.items()]
    for name, value in trace.items():
        stage = name.removesuffix("_ms")
        parts.append(f"{value:.0f} {name}" if stage == name else f"{stage} {value:.1f} ms")
    out.note(" · ".join(parts))
