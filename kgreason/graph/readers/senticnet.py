"""SenticNet's table of concepts: the concepts that each is said to be near in meaning (column SEMANTICS).

They are related, in both directions. Polarity and the four affective dimensions describe a concept and are no
assertions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kgreason import storage
from kgreason.errors import FormatError
from kgreason.graph.readers.common import Options, Row, chunks, concept_key, csv_rows
from kgreason.graph.schema import WEIGHT_UNIT

if TYPE_CHECKING:
    import polars as pl

__all__ = ["LICENCE", "fits", "read"]

LICENCE = "CC BY-NC-SA 4.0"
_ITEM = r"'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\""
_LIST = re.compile(rf"\[(?:(?:{_ITEM})(?:, (?:{_ITEM}))*+)?\]")
_ITEMS = re.compile(_ITEM)
_ESCAPED = re.compile(r"\\(.)")


def fits(line: str) -> bool:
    """Whether a line is this table's header."""
    return line.startswith("CONCEPT,") and "SEMANTICS" in line


def read(path: Path, options: Options) -> Iterator[pl.DataFrame]:
    """Yields assertion chunks.

    Raises:
        FormatError: a column is missing, or a row has another width, an empty name, or something else than a list.
    """
    with storage.open_text(path) as lines:
        rows = csv_rows(path, lines)
        header = next(rows, (1, [""]))[1]
        if missing := [name for name in ("CONCEPT", "SEMANTICS") if name not in header]:
            raise FormatError(path, f"it has no column {missing[0]}", line=1, fix="Use the header of SenticNet.")
        concept, semantics = header.index("CONCEPT"), header.index("SEMANTICS")

        def near(row: list[str]) -> Iterator[Row]:
            if len(row) != len(header):
                raise ValueError(f"it has {len(row)} columns instead of {len(header)}")
            if not _LIST.fullmatch(row[semantics]):
                raise ValueError(f"its SEMANTICS {row[semantics][:80]!r} is no list of texts")
            names = [row[concept], *(_ESCAPED.sub(r"\1", item[1:-1]) for item in _ITEMS.findall(row[semantics]))]
            if not all(name.strip() for name in names):
                raise ValueError("it has an empty name")
            source, *targets = (concept_key(name.replace("_", " ")) for name in names)
            return ((source, "RelatedTo", target, WEIGHT_UNIT, "senticnet", LICENCE, "", "") for target in targets)

        yield from chunks(path, rows, near, options)
