"""Rows of a benchmark and the book they are written in: a JSON line each, enough to test any two of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

import kgreason
from kgreason import storage
from kgreason.errors import FormatError, InputError

__all__ = ["PLAIN", "Book", "Outcome", "Row", "default_book"]

PLAIN = "plain"
#: Keys of an entry that say how it was measured.
SETTINGS = ("budget", "graph", "questions")
_PREFIX = "bench"
#: Options that say where things lie, not what is measured.
_PLACES = {"--output", "-o", "--runs", "--data"}


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """One run of a benchmark: what is measured, under which control, on which fold, with which seed.

    Args:
        bench: the benchmark, and what it was cut to.
        arm: which system.
        variant: which form of it; empty where it has only one.
        control: what was done to the graph; "plain" for nothing.
        fold: what is left out of training and scored.
        seed: of everything random.

    Example:
        >>> row = Row("csqa", "T", "separate", "plain", "1", 3)
        >>> row.id
        'bench csqa/T:separate/plain/1/3'
        >>> Row.parse(row.id) == row
        True
    """

    bench: str
    arm: str
    variant: str
    control: str
    fold: str
    seed: int

    @property
    def id(self) -> str:
        """Its name in the book."""
        return f"{_PREFIX} {self.bench}/{self.arm}:{self.variant}/{self.control}/{self.fold}/{self.seed}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of :attr:`id`.

        Raises:
            InputError: the text is no row's name.
        """
        prefix, _, rest = text.partition(" ")
        parts = rest.split("/")
        if prefix != _PREFIX or len(parts) != 5 or not parts[4].isdigit() or ":" not in parts[1]:
            raise InputError(f"{text!r} names no row", fix="Write 'bench NAME/ARM:VARIANT/CONTROL/FOLD/SEED'.")
        arm, _, variant = parts[1].partition(":")
        return cls(parts[0], arm, variant, parts[2], parts[3], int(parts[4]))


@dataclass(frozen=True, eq=False, slots=True)
class Outcome:
    """Which questions a row got right, kept in clusters of siblings.

    Shapes:
        right [n] bool, cluster [n] int64 (rising, one number for the questions drawn together).
    """

    right: npt.NDArray[np.bool_]
    cluster: npt.NDArray[np.int64]

    def __str__(self) -> str:
        """The form in the book: a digit a question, a space between clusters.

        Example:
            >>> str(Outcome(np.array([True, False, True]), np.array([0, 0, 1])))
            '10 1'
        """
        ends = np.flatnonzero(np.diff(self.cluster)) + 1
        return " ".join("".join(map(str, part.astype(int))) for part in np.split(self.right, ends))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of :meth:`__str__`."""
        parts = text.split(" ")
        right = np.array([digit == "1" for part in parts for digit in part], np.bool_)
        return cls(right, np.repeat(np.arange(len(parts)), [len(part) for part in parts]))


class Book:
    """Results as JSON lines; lines of other kinds in the same file stay as they are.

    Args:
        path: the file; it need not exist yet.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     book = Book(Path(folder, "results.jsonl"))
        ...     _ = book.append(Row("csqa", "T", "separate", "plain", "1", 1), 0.5, n=2)
        ...     [(row.arm, entry["value"]) for row, entry in book.rows().items()]
        [('T', 0.5)]
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def lines(self) -> Iterator[dict[str, Any]]:
        """Every line, oldest first; none where there is no file."""
        if not self.path.exists():
            return
        with storage.open_text(self.path) as lines:
            for number, line in enumerate(lines, 1):
                if line:
                    try:
                        yield json.loads(line)
                    except json.JSONDecodeError as error:
                        raise FormatError(self.path, f"it is not JSON ({error.msg})", line=number) from error

    def rows(self, bench: str | None = None) -> dict[Row, dict[str, Any]]:
        """The newest entry of each row, the newest of all last.

        Args:
            bench: only rows of this benchmark.
        """
        found: dict[Row, dict[str, Any]] = {}
        for line in self.lines():
            if str(line.get("claim", "")).startswith(f"{_PREFIX} "):
                row = Row.parse(line["claim"])
                if bench in (None, row.bench):
                    found.pop(row, None)
                    found[row] = line
        return found

    def alike(self, bench: str, settings: Mapping[str, Any] | None = None) -> dict[Row, dict[str, Any]]:
        """Rows of a benchmark that may be compared: measured on the same questions and graph with the same budget.

        Args:
            bench: the benchmark.
            settings: what they have in common; those of the newest row by default.
        """
        found = self.rows(bench)
        if settings is None:
            newest = next(reversed(found.values()), {})
            settings = {key: newest.get(key) for key in SETTINGS}
        return {row: entry for row, entry in found.items() if all(entry.get(k) == v for k, v in settings.items())}

    def append(self, row: Row, value: float, **more: Any) -> dict[str, Any]:
        """Write a row down.

        Args:
            row: which.
            value: its main figure.
            more: everything else worth keeping.

        Returns:
            The entry as written.
        """
        return self.note(row.id, value, **more)

    def note(self, claim: str, value: float, **more: Any) -> dict[str, Any]:
        """Write down a figure that is no row.

        Args:
            claim: what was measured.
            value: the figure.
            more: everything else worth keeping.

        Returns:
            The line as written.
        """
        entry = {
            "claim": claim,
            "value": value,
            "command": _command(sys.argv[1:]),
            "commit": _commit(),
            "date": datetime.now(UTC).date().isoformat(),
            **more,
        }
        # Two processes may measure rows of one book.
        with storage.lock(storage.cache_home() / "book.lock"):
            lines = [json.dumps(line, ensure_ascii=False, allow_nan=False) for line in [*self.lines(), entry]]
            storage.write_text(self.path, "".join(f"{line}\n" for line in lines))
        return entry


def default_book(given: str | Path | None = None) -> Path:
    """Where results go: the file given, or docs/results.jsonl of the checkout that this package runs from.

    Raises:
        InputError: none is given, and this is no checkout.
    """
    if given is not None:
        return Path(given)
    root = _root()
    if root is None:
        raise InputError("there is no checkout to keep results in", fix="Say where they go: --output results.jsonl.")
    return root / "docs" / "results.jsonl"


def _root() -> Path | None:
    root = Path(kgreason.__file__).parents[1]
    return root if (root / ".git").exists() else None


def _command(arguments: Sequence[str]) -> str:
    """The command as it is repeated elsewhere: without the options that name places of this machine.

    Example:
        >>> _command(["bench", "csqa", "--output", "rows.jsonl", "--seeds", "1", "--data=/data"])
        'kgreason bench csqa --seeds 1'
    """
    kept: list[str] = []
    skip = False
    for argument in arguments:
        option, _, value = argument.partition("=")
        if not skip and option not in _PLACES:
            kept.append(argument)
        skip = option in _PLACES and not value
    return " ".join(["kgreason", *kept])


def _commit() -> str:
    """The commit that is checked out, with ``+`` where files differ from it; the version outside a checkout."""
    root = _root()
    if root is None:
        return f"kgreason {kgreason.__version__}"

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True).stdout.strip()

    # The book itself grows while rows are measured.
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/results.jsonl")
    return (git("rev-parse", "--short=12", "--verify", "HEAD") or "none") + ("+" if changed else "")
