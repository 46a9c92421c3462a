"""ATOMIC and ATOMIC-2020: what comes before, with and after an everyday event.

ATOMIC's tables (``v4_atomic_*.csv``) have a row for each event and annotator, its columns lists in JSON; triples of
either edition have event, relation and inference between tabs. The inference ``none`` and empty ones say that there is
none and are left out. A blank in an event, ``___``, is read as "something".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kgreason import storage
from kgreason.errors import FormatError
from kgreason.graph.readers.common import Options, Row, chunks, concept_key, csv_rows, relation_name
from kgreason.graph.schema import WEIGHT_UNIT

if TYPE_CHECKING:
    import polars as pl

__all__ = ["LICENCE", "RELATIONS", "fits", "read"]

LICENCE = "CC BY 4.0"
#: Relations of ATOMIC that no other source has: of the one who acts (x) and of others (o), and between events.
RELATIONS = frozenset(
    {
        *("oEffect", "oReact", "oWant", "xAttr", "xEffect", "xIntent", "xNeed", "xReact", "xReason", "xWant"),
        *("isAfter", "isBefore", "isFilledBy", "HinderedBy", "ObjectUse"),
    }
)
_BLANK = re.compile(r"_{2,}")


def fits(line: str) -> bool:
    """Whether a line looks like one of the two formats."""
    cells = line.split("\t")
    return line.startswith("event,oEffect,") or (len(cells) == 3 and cells[1] in RELATIONS)


def read(path: Path, options: Options) -> Iterator[pl.DataFrame]:
    """Yields assertion chunks.

    Raises:
        FormatError: a row has another width, an empty event, or a list that cannot be read.
    """
    with storage.open_text(path) as lines:
        first = next(lines, "")
    with storage.open_text(path) as lines:
        if not first.startswith("event,"):
            triples = ((n, line) for n, line in enumerate(lines, 1) if line.strip())
            yield from chunks(path, triples, _triple, options)
            return
        rows = csv_rows(path, lines)
        header = next(rows)[1]
        if unknown := [name for name in header[1:] if name not in (*RELATIONS, "prefix", "split")]:
            raise FormatError(path, f"it has a column {unknown[0]!r}", line=1, fix="Use the columns of ATOMIC.")
        yield from chunks(path, rows, lambda row: _event(header, row), options)


def _event(header: list[str], row: list[str]) -> Iterator[Row]:
    if len(row) != len(header):
        raise ValueError(f"it has {len(row)} columns instead of {len(header)}")
    for relation, cell in zip(header, row, strict=True):
        if relation not in RELATIONS:
            continue
        inferences = json.loads(cell)
        if not isinstance(inferences, list) or not all(isinstance(text, str) for text in inferences):
            raise ValueError(f"its {relation} is no list of texts")
        for text in inferences:
            yield from _rows(row[0], relation, text)


def _triple(line: str) -> list[Row]:
    cells = line.split("\t")
    if len(cells) != 3:
        raise ValueError(f"it has {len(cells)} columns instead of event, relation and inference")
    return _rows(*cells)


def _rows(event: str, relation: str, inference: str) -> list[Row]:
    if not event.strip() or not relation.strip():
        raise ValueError(f"its {'relation' if event.strip() else 'event'} is empty")
    if inference.strip().lower() in ("", "none"):
        return []
    source, target = (concept_key(_BLANK.sub("something", text)) for text in (event, inference))
    target.encode("utf-8")  # half a surrogate pair, which JSON can spell, is no text
    return [(source, relation_name(relation.strip()), target, WEIGHT_UNIT, "atomic", LICENCE, "", "")]
