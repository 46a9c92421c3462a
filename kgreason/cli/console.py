"""What a command says: results on the standard output, progress and complaints on the standard error stream."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

__all__ = ["Json", "Output", "Progress", "Quiet", "complain", "table"]

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.", rich_help_panel="Output")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, no notes.", rich_help_panel="Output")]

#: How long steps report: stage, done, total.
Progress = Callable[[str, int, int], None]


def _console(*, stderr: bool) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=stderr)


def complain(message: str, fix: str) -> None:
    """Say what is wrong and what to do about it."""
    from rich.text import Text

    text = Text.assemble(("error: ", "bold red"), message)
    if fix:
        text.append(f"\n{fix}")
    _console(stderr=True).print(text)


def table(*columns: str, numbers: Collection[str] = ()) -> Table:
    """A table without lines; columns of numbers are set to the right."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        made.add_column(name, justify="right" if name in numbers else "left")
    return made


class Output:
    """How one command speaks.

    Args:
        as_json: print the result as JSON.
        quiet: leave out progress and notes.
    """

    def __init__(self, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet

    def show(self, values: Any, *human: RenderableType) -> None:
        """Print a result.

        Args:
            values: the result as JSON-ready values.
            human: the same for people.
        """
        if self.as_json:
            typer.echo(json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False))
            return
        console = _console(stderr=False)
        for part in human:
            console.print(part, markup=False)

    def say(self, *human: RenderableType) -> None:
        """Print what is found on the way, for people; JSON holds it at the end."""
        if not (self.as_json or self.quiet):
            self.show(None, *human)

    def note(self, text: str) -> None:
        """Say something beside the result."""
        if not self.quiet:
            _console(stderr=True).print(text, style="dim", markup=False)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Show the stages of a long step: bars on a terminal, a line a stage elsewhere."""
        console = _console(stderr=True)
        if self.quiet or not console.is_terminal:
            stages: set[str] = set()

            def mention(stage: str, done: int, total: int) -> None:
                if stage not in stages:
                    stages.add(stage)
                    self.note(f"{stage} …")

            yield mention
            return
        from rich import progress

        tasks: dict[str, progress.TaskID] = {}
        columns = (progress.SpinnerColumn(), "{task.description}", progress.BarColumn(), progress.TimeElapsedColumn())
        # A redirected standard output stays where it goes; on a terminal it has to keep out of the bars' way.
        beside = sys.stdout.isatty()
        with progress.Progress(*columns, console=console, transient=True, redirect_stdout=beside) as bars:

            def draw(stage: str, done: int, total: int) -> None:
                if stage not in tasks:
                    tasks[stage] = bars.add_task(stage, total=None)
                bars.update(tasks[stage], completed=done, total=total or None)

            yield draw
