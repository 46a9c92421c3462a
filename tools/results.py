"""The book of results: one line of docs/results.jsonl for each figure that took long to measure."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kgreason import storage

__all__ = ["RESULTS", "ROOT", "append", "commit", "latest", "rows", "tell"]

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results.jsonl"


def commit() -> str:
    """The commit that is checked out, with ``+`` behind it when files differ from it; "none" outside a checkout."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True).stdout.strip()

    # The book itself grows while results are measured.
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", f":!{RESULTS.relative_to(ROOT)}")
    head = git("rev-parse", "--short=12", "--verify", "HEAD") or "none"
    return head + ("+" if changed else "")


def rows(path: Path = RESULTS) -> Iterator[dict[str, Any]]:
    """Every row, oldest first; none if the book does not exist yet."""
    if not path.exists():
        return
    with storage.open_text(path) as lines:
        yield from (json.loads(line) for line in lines if line)


def latest(claim: str, path: Path = RESULTS) -> dict[str, Any] | None:
    """The newest row of a claim, or None."""
    return next((row for row in reversed(list(rows(path))) if row["claim"] == claim), None)


def append(
    claim: str, value: float, *, command: str | None = None, path: Path = RESULTS, **more: Any
) -> dict[str, Any]:
    """Write a result down.

    Args:
        claim: what was measured, such as ``mini/commonsenseqa/dev``.
        value: the figure.
        command: what measures it again; the running command by default.
        path: the book.
        more: anything else worth keeping: seed, interval, seconds, device.

    Returns:
        The row as written.
    """
    row = {
        "claim": claim,
        "value": value,
        "command": command or " ".join(["python", *sys.orig_argv[1:]]),
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
        **more,
    }
    text = "".join(json.dumps(each, ensure_ascii=False, allow_nan=False) + "\n" for each in [*rows(path), row])
    storage.write_text(path, text)
    return row


def tell(claim: str, value: float, *, record: bool, command: str | None = None, **more: Any) -> None:
    """Show a result, and write it down where asked to.

    Args:
        claim: what was measured.
        value: the figure.
        record: whether it goes into the book.
        command: what measures it again; the running command by default.
        more: anything else worth keeping.
    """
    sys.stdout.write(f"{claim}: {value} {more}\n")
    if record:
        append(claim, value, command=command, **more)
