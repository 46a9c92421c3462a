"""The ConceptNet triples of knowledge-base completion (CN-100K, CN-82K): relation, head, tail and sometimes a score.

Between tabs, without a header, in English. A score is the weight; 0 marks a false statement of the test sets, which is
left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kgreason import storage
from kgreason.graph.readers.common import Options, Row, chunks, concept_key, record, relation_name

if TYPE_CHECKING:
    import polars as pl

__all__ = ["LICENCE", "fits", "read"]

LICENCE = "CC BY-SA 4.0"


def fits(line: str) -> bool:
    """Whether a line looks like this format: it begins with a relation of ConceptNet, spelled as there."""
    from kgreason.graph.relations import RelationTable  # reads the data package

    cells = line.split("\t")
    return len(cells) in (3, 4) and cells[0].removeprefix("Not") in RelationTable.load() and bool(cells[1].strip())


def read(path: Path, options: Options) -> Iterator[pl.DataFrame]:
    """Yields assertion chunks.

    Raises:
        FormatError: a line has another number of columns, an empty name, or a bad score.
    """
    with storage.open_text(path) as lines:
        yield from chunks(path, ((n, line) for n, line in enumerate(lines, 1) if line.strip()), _rows, options)


def _rows(line: str) -> list[Row]:
    relation, *ends = line.split("\t")
    if len(ends) not in (2, 3):
        raise ValueError(f"it has {1 + len(ends)} columns instead of relation, head, tail and perhaps a score")
    row = record(dict(zip(("source", "target", "weight"), ends, strict=False)) | {"relation": relation})
    if not row[3]:
        return []
    return [
        (concept_key(row[0]), relation_name(relation.strip()), concept_key(row[2]), row[3], "cn100k", LICENCE, "", "")
    ]
