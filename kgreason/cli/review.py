"""``kgreason review``: a person's verdicts on answers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kgreason.cli.console import Json, Output, Quiet, table
from kgreason.cli.reason import ReasonerGraph, ReasonerModel, open_reasoner
from kgreason.errors import FormatError, InputError

if TYPE_CHECKING:
    from rich.table import Table

    from kgreason.evaluation.review import Answered, Verdict
    from kgreason.records import Triple

__all__ = ["review"]

HELP = "[enter] right · number: the right option · -N: edge N is wrong · + S | R | T: an edge · s skip · q quit"


def review(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="An audit log kept with texts, or a sample file.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder of verdicts, samples and edits; FILE.review.")
    ] = None,
    verdicts: Annotated[
        Path | None, typer.Option("--verdicts", help="A file of verdicts, JSON lines, instead of asking.")
    ] = None,
    below: Annotated[float, typer.Option("--below", help="Show answers less sure than this, and flagged ones.")] = 0.6,
    listed: Annotated[bool, typer.Option("--list", help="List the answers and ask for no verdict.")] = False,
    graph: ReasonerGraph = "default",
    model: ReasonerModel = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show weak and flagged answers; turn verdicts on them into samples and edits of the graph."""
    from kgreason import journal, storage
    from kgreason.evaluation.review import Verdict, weakest, write_review

    out = Output(as_json, quiet)
    found = _answers(source, graph, model, out)
    shown = weakest(found, below)
    if listed:
        out.show([_values(one) for one in shown], _table(shown), f"{len(shown):,} of {len(found):,} answers")
        return
    folder = output or source.with_name(f"{source.name}.review")
    given = folder / "verdicts.jsonl"
    before = [Verdict.from_dict(row) for row in journal.read(given)[0]] if storage.size(given) is not None else []
    judged = {verdict.question for verdict in before}
    left = [one for one in shown if one.digest not in judged]
    after = _from_file(verdicts) if verdicts is not None else _typed(given, left, out)
    done = write_review(folder, found, [*before, *after])
    if verdicts is not None:  # now that they are known to fit
        for verdict in after:
            journal.append(given, verdict.to_dict())
    counts = ", ".join(f"{count:,} {name}" for name, count in done.items() if count) or "nothing to write"
    unseen = {one.digest for one in left} - {verdict.question for verdict in after}
    out.show({"path": str(folder), **done, "left": len(unseen)}, f"{counts} in {folder}")


def _from_file(path: Path) -> list[Verdict]:
    from kgreason.evaluation.review import Verdict
    from kgreason.tasks.files import json_lines

    return [Verdict.from_dict(row) for _, row in json_lines(path)]


def _typed(given: Path, left: Sequence[Answered], out: Output) -> list[Verdict]:
    """What a person says, kept as it is said."""
    from kgreason import journal

    after = []
    for verdict in _asked(left, out):
        journal.append(given, verdict.to_dict())
        after.append(verdict)
    return after


def _answers(source: Path, graph: str, model: str | None, out: Output) -> list[Answered]:
    """Of a log, or of samples that are asked now."""
    from kgreason.evaluation.review import answered, read_log
    from kgreason.tasks import read_samples
    from kgreason.tasks.files import json_lines

    first: Mapping[str, Any] = {}
    with contextlib.suppress(FormatError):  # a table of texts
        first = next((row for _, row in json_lines(source)), {})
    if "confidence" in first and "time" in first:
        return read_log(source)
    questions = read_samples(source)
    reasoner = open_reasoner(model, graph, out, language=questions[0].language)
    with out.progress() as report:
        return answered(reasoner, questions, progress=report)


def _asked(left: Sequence[Answered], out: Output) -> Iterator[Verdict]:
    """A verdict for each answer, asked for one by one."""
    out.note(HELP)
    for place, one in enumerate(left):
        lines = [f"{place + 1}/{len(left)}  {' '.join([f'{one.confidence:.0%}', *one.flags])}", *_lines(one)]
        typer.echo("\n" + "\n".join(lines), err=True)
        verdict = _verdict(one)
        if verdict is None:
            return
        if verdict.answer is not None or verdict.add or verdict.remove:
            yield verdict


def _lines(one: Answered) -> Iterator[str]:
    question = one.question
    yield question.text
    if question.hypothesis:
        yield f"  so: {question.hypothesis}"
    for number, option in enumerate(question.options, 1):
        yield f"  {number} {'→' if option == one.choice else ' '} {option}"
    if not question.options:
        yield f"    → {one.choice}"
    for number, edge in enumerate(one.edges, 1):
        yield f"  -{number} {' | '.join(edge)}"


def _verdict(one: Answered) -> Verdict | None:
    """What is typed until it says which option is right; None to end."""
    from kgreason.evaluation.review import Verdict

    add: list[Triple] = []
    remove: list[Triple] = []
    while True:
        said = typer.prompt("?", default="", show_default=False, err=True).strip()
        if said == "q":
            return None
        try:
            if said == "s":
                return Verdict(one.digest, None, tuple(add), tuple(remove))
            if said.startswith("+"):
                add.append(_edge(said[1:]))
            elif said.startswith("-"):
                remove.append(one.edges[_number(said[1:], len(one.edges))])
            else:
                return Verdict(one.digest, _right(one, said), tuple(add), tuple(remove))
        except InputError as error:
            typer.echo(f"{error}\n{HELP}", err=True)


def _right(one: Answered, said: str) -> str:
    """The right answer: the one that was given, an option by its number, or what is typed for an open question."""
    if not said and not one.choice:
        raise InputError("no answer was given that could be right", fix="Type the right one, or s to pass on.")
    if not said:
        return one.choice
    options = one.question.options
    return options[_number(said, len(options))] if options else said


def _edge(said: str) -> Triple:
    parts = [part.strip() for part in said.split("|")]
    if len(parts) != 3 or not all(parts):
        raise InputError(f"{said.strip()!r} is no edge", fix="Write + source | relation | target.")
    return parts[0], parts[1], parts[2]


def _number(said: str, count: int) -> int:
    if not said.isdecimal() or not 1 <= int(said) <= count:
        raise InputError(f"{said!r} is none of the {count} numbers", fix="Give one that is shown.")
    return int(said) - 1


def _values(one: Answered) -> dict[str, object]:
    return {
        "question": one.digest,
        "text": one.question.text,
        "options": list(one.question.options),
        "choice": one.choice,
        "confidence": one.confidence,
        "flags": list(one.flags),
        "edges": [list(edge) for edge in one.edges],
    }


def _table(shown: Sequence[Answered]) -> Table:
    made = table("sure", "flags", "choice", "question")
    for one in shown:
        made.add_row(f"{one.confidence:.1%}", " ".join(one.flags), one.choice, one.question.text)
    return made
