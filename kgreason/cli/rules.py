"""``kgreason rules``: the rules that derive edges, and those that a model has learned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kgreason.cli.console import Json, Output, Quiet
from kgreason.errors import InputError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from kgreason.nn.paths import Rule as SoftRule

__all__ = ["rules"]


def rules(
    model: Annotated[str, typer.Option("--model", "-m", help="A checkpoint; 'none' for the rules alone.")] = "mini",
    file: Annotated[Path | None, typer.Option("--rules", help="A file of rules beside the packaged ones.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many of each are shown, the strongest first.")] = 20,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Print the rules over relations, and the soft rules that the model's path counter learned."""
    from kgreason.grounding import Rules

    if limit < 1:
        raise InputError(f"limit is {limit}", fix="Give 1 or more.")
    out = Output(as_json, quiet)
    given = sorted(Rules.load(file).rules, key=lambda rule: -rule.weight)
    learned = [] if model == "none" else _learned(model, limit, out)
    values = {
        "rules": [{"weight": r.weight, "if": [*map(list, r.body)], "then": list(r.head)} for r in given[:limit]],
        "count": len(given),
        "learned": [{"weight": weight, "path": _steps(rule), "text": _told(rule)} for weight, *rule in learned],
    }
    shown = [*_lines(f"rules, {min(limit, len(given))} of {len(given)}", [(r.weight, str(r)) for r in given[:limit]])]
    if learned:
        shown += ["", *_lines(f"learned by {model}", [(weight, _told(rule)) for weight, *rule in learned])]
    out.show(values, *shown)


def _learned(model: str, limit: int, out: Output) -> list[SoftRule]:
    """The path types that weigh most in a model; none where it counts no paths."""
    with out.progress() as report:
        report("load the model", 0, 0)
        from kgreason.nn.model import ReasoningModel
        from kgreason.nn.weights import find_checkpoint

        read = ReasoningModel.from_pretrained(find_checkpoint(model), device="cpu")
    counter = None if read.knowledge is None else read.knowledge.counter
    return [] if counter is None else counter.rules(limit)


def _steps(rule: Sequence[tuple[str, bool] | None]) -> list[dict[str, object]]:
    return [{"relation": step[0], "backward": step[1]} for step in rule if step is not None]


def _told(rule: Sequence[tuple[str, bool] | None]) -> str:
    """A path type in words: question —relation→ … → option."""
    from kgreason.graph.relations import RelationTable

    table = RelationTable.load()
    steps = [table.phrase(step[0], inverse=step[1]) for step in rule if step is not None]
    return " … ".join(["question", *steps, "option"])


def _lines(title: str, rows: Sequence[tuple[float, str]]) -> list[RenderableType]:
    from rich.text import Text

    return [Text(title, style="bold"), *(Text(f"{weight:+.2f}  {text}") for weight, text in rows)]
