"""Tables of anyone's making: CSV and TSV, JSON lines and parquet, with a map of columns; triples without a header."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgreason import guards, storage
from kgreason.errors import FormatError, InputError
from kgreason.graph.readers.common import (
    CHUNK_ROWS,
    NAMES,
    NEEDED,
    Options,
    Row,
    chunks,
    csv_rows,
    record,
    spoken_rows,
)
from kgreason.graph.schema import COLUMNS, MAX_WEIGHT, WEIGHT_UNIT

if TYPE_CHECKING:
    import polars as pl

__all__ = ["column_mark", "read_jsonl", "read_parquet", "read_table", "read_triples"]


def read_table(path: Path, options: Options) -> Iterator[pl.DataFrame]:
    """Yields assertion chunks of a CSV (comma, quotes) or TSV (tab or vertical bar, no quotes) file with a header.

    A map to column numbers says that there is no header.

    Raises:
        FormatError: a row has another width than the header, or an empty name, or a bad weight.
        InputError: a column number is not in the file.
    """
    with storage.open_text(path) as lines:
        rows = _rows(path, lines)
        first = next(rows, None)
        if first is None:
            raise FormatError(path, "it is empty", fix="Check the file.")
        header = first[1]
        numbered = bool(options.columns) and all(name.isdigit() for name in options.columns.values())
        places = _numbers(options, header) if numbered else _places(path, options, first)
        records = chain([first], rows) if numbered else rows
        yield from chunks(path, records, lambda row: [_cells(row, places, len(header))], options)


def read_triples(path: Path, options: Options) -> Iterator[pl.DataFrame]:
    """Yields assertion chunks of a file without a header: source, relation, target and, where there is one, a weight.

    Tabs or vertical bars part them, as in MetaQA, PathQuestion and the sets of link prediction.

    Raises:
        FormatError: a line has another number of columns, an empty name, or a bad weight.
    """

    def cells(row: list[str]) -> list[Row]:
        if len(row) not in (3, 4):
            raise ValueError(f"it has {len(row)} columns instead of source, relation, target and perhaps a weight")
        return [record(dict(zip(COLUMNS, (cell.strip() for cell in row), strict=False)))]

    with storage.open_text(path) as lines:
        yield from chunks(path, _rows(path, lines), cells, options)


def read_jsonl(path: Path, options: Options) -> Iterator[pl.DataFrame]:
    """Yields assertion chunks of a file with one JSON object a line.

    Raises:
        FormatError: a line is no object, or a field is missing, empty or of another type.
    """
    named = {column: options.columns.get(column) for column in COLUMNS}

    def fields(line: str) -> list[Row]:
        data = json.loads(line)
        if not isinstance(data, dict):
            raise ValueError("it is no JSON object")
        values: dict[str, Any] = {}
        for column, name in named.items():
            names = [name] if name is not None else NAMES[column]
            found = next((key for key in names if key in data), None)
            if found is None and (column in NEEDED or name is not None):
                raise ValueError(f"it has no field {' or '.join(map(repr, names))}, only {', '.join(data)}")
            values[column] = None if found is None else data[found]
        return [record(values)]

    with storage.open_text(path) as lines:
        yield from chunks(path, ((n, line) for n, line in enumerate(lines, 1) if line.strip()), fields, options)


def read_parquet(path: Path, options: Options) -> Iterator[pl.DataFrame]:
    """Yields assertion chunks of a parquet file, a batch of rows at a time; weights are numbers, 1 where absent.

    Raises:
        FormatError: it is no complete parquet file, unpacks beyond the limits, or lacks a column; a name is empty or
            no text, or a weight is no number in range.
    """
    with guards.open_parquet(path) as file:
        places = _places(path, options, (None, file.names))
        names = {column: file.names[place] for column, place in places.items()}
        row = 1
        for table in file.frames(names.values(), CHUNK_ROWS):
            yield spoken_rows(spoken_rows(_typed(path, table, names, row), "source", options), "target", options)
            row += len(table)


def _typed(path: Path, table: pl.DataFrame, names: Mapping[str, str], first: int) -> pl.DataFrame:
    """The columns of an assertion from those of a file; ``first`` numbers its first row."""
    import polars as pl

    texts = [
        pl.col(name).cast(pl.String).fill_null("").alias(column) for column, name in names.items() if column != "weight"
    ]
    weight = pl.col(names["weight"]).cast(pl.Float64) if "weight" in names else pl.lit(1.0)
    table = table.select(*texts, weight.fill_null(1.0).alias("weight"))
    wrong = {f"its {name} is empty": pl.col(name).str.strip_chars() == "" for name in NEEDED}
    wrong["its weight is out of range"] = ~(
        pl.col("weight").is_finite() & (pl.col("weight").abs() * WEIGHT_UNIT <= MAX_WEIGHT)
    )
    for what, test in wrong.items():
        if (rows := table.select(test.arg_true()).to_series()).len():
            raise FormatError(path, what, line=first + rows[0], fix="Correct the row.")
    table = table.with_columns((pl.col("weight") * WEIGHT_UNIT).round().cast(pl.Int64))
    return table.select(name for name in COLUMNS if name in table.columns)


def column_mark(path: Path, line: str) -> str | None:
    """What parts the columns of a line: a tab, or a vertical bar if there are two; None for commas."""
    mark = "\t" if "\t" in line else "|" if line.count("|") > 1 else None
    return None if path.name.removesuffix(".gz").endswith(".csv") else mark


def _rows(path: Path, lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    """Rows with their line numbers, blank ones left out; the first line tells what parts their columns."""
    first = next(lines, None)
    if first is None:
        return
    whole: Iterator[str] = chain([first], lines)
    if mark := column_mark(path, first):
        yield from ((n, line.split(mark)) for n, line in enumerate(whole, 1) if line.strip())
    else:
        yield from csv_rows(path, whole)


def _numbers(options: Options, row: list[str]) -> dict[str, int]:
    places = {column: int(name) for column, name in options.columns.items()}
    for column in NEEDED:
        if places.get(column, len(row)) >= len(row):
            raise InputError(
                f"column {column!r} has no number from 0 to {len(row) - 1}", fix="Give source, relation and target one."
            )
    return places


def _places(path: Path, options: Options, first: tuple[int | None, list[str]]) -> dict[str, int]:
    number, header = first[0], [name.strip() for name in first[1]]
    places = {}
    for column in COLUMNS:
        named = options.columns.get(column)
        names = NAMES[column] if named is None else [named]
        found = next((name for name in names if name in header), None)
        if found is not None:
            places[column] = header.index(found)
        elif column in NEEDED or named is not None:
            raise FormatError(
                path,
                f"it has no column {' or '.join(map(repr, names))} for {column}, only {', '.join(header)[:400]}",
                line=number,
                fix="Map the columns by name, or by number if there is no header; or name the reader triples.",
            )
    return places


def _cells(row: list[str], places: Mapping[str, int], width: int) -> Row:
    if len(row) != width:
        raise ValueError(f"it has {len(row)} columns instead of {width}")
    return record({column: row[place].strip() for column, place in places.items()})
