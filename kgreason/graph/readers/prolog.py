"""Facts of logic programs, one a line: ``locatedIn(palau, oceania).``, as in the Countries sets.

A line that begins with ``%`` is a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kgreason import storage
from kgreason.graph.readers.common import Options, Row, chunks, record

if TYPE_CHECKING:
    import polars as pl

__all__ = ["fits", "read"]

_NAME = r"\s*+('(?:[^'\\]|\\.)*+'|[^\s'(),]++(?: [^\s'(),]++)*+)\s*+"
_FACT = re.compile(rf"{_NAME}\({_NAME},{_NAME}\)\s*+\.?\s*+")


def fits(line: str) -> bool:
    """Whether a line looks like this format."""
    return _FACT.fullmatch(line) is not None


def read(path: Path, options: Options) -> Iterator[pl.DataFrame]:
    """Yields assertion chunks.

    Raises:
        FormatError: a line is no fact of two arguments.
    """
    with storage.open_text(path) as lines:
        facts = ((n, line) for n, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("%"))
        yield from chunks(path, facts, _row, options)


def _row(line: str) -> list[Row]:
    fact = _FACT.fullmatch(line)
    if fact is None:
        raise ValueError(f"{line[:120]!r} is no fact: write relation(source, target).")
    names = (re.sub(r"\\(.)", r"\1", name[1:-1]) if name.startswith("'") else name for name in fact.groups())
    return [record(dict(zip(("relation", "source", "target"), names, strict=True)))]
