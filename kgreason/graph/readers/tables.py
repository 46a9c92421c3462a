"""Tables of anyone's making: CSV and TSV, and JSON lines, with a map of columns."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kgreason import storage
from kgreason.config import LIMITS
from kgreason.errors import FormatError, InputError
from kgreason.graph.readers.common import CHUNK_ROWS, Options
from kgreason.graph.schema import COLUMNS, WEIGHT_UNIT, language_of, scaled_weight

if TYPE_CHECKING:
    import polars as pl

__all__ = ["read_jsonl", "read_table"]

#: Column names of the field, tried in this order where the map does not say.
_NAMES: Mapping[str, Sequence[str]] = {
    "source": ("source", "start", "head", "subject", "node1"),
    "relation": ("relation", "rel", "predicate", "label"),
    "target": ("target", "end", "tail", "object", "node2"),
    "weight": ("weight",),
    "origin": ("origin",),
    "licence": ("licence", "license"),
    "sense": ("sense",),
    "surface": ("surface",),
}
_NEEDED = ("source", "relation", "target")

_T = TypeVar("_T")
_Row = tuple[str, str, str, int, str, str, str, str]


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
        yield from _chunks(path, records, lambda row: _cells(row, places, len(header)), options)


def read_jsonl(path: Path, options: Options) -> Iterator[pl.DataFrame]:
    """Yields assertion chunks of a file with one JSON object a line.

    Raises:
        FormatError: a line is no object, or a field is missing, empty or of another type.
    """
    named = {column: options.columns.get(column) for column in COLUMNS}

    def fields(line: str) -> _Row:
        data = json.loads(line)
        if not isinstance(data, dict):
            raise ValueError("it is no JSON object")
        values: dict[str, Any] = {}
        for column, name in named.items():
            names = [name] if name is not None else _NAMES[column]
            found = next((key for key in names if key in data), None)
            if found is None and (column in _NEEDED or name is not None):
                raise ValueError(f"it has no field {' or '.join(map(repr, names))}, only {', '.join(data)}")
            values[column] = None if found is None else data[found]
        return _record(values)

    with storage.open_text(path) as lines:
        yield from _chunks(path, ((n, line) for n, line in enumerate(lines, 1) if line.strip()), fields, options)


def _rows(path: Path, lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    """Rows with their line numbers, blank ones left out; a tab or two vertical bars in the first line part columns."""
    first = next(lines, None)
    if first is None:
        return
    whole: Iterator[str] = chain([first], lines)
    mark = "\t" if "\t" in first else "|" if first.count("|") > 1 else None
    if mark and not path.name.removesuffix(".gz").endswith(".csv"):
        yield from ((n, line.split(mark)) for n, line in enumerate(whole, 1) if line.strip())
        return
    csv.field_size_limit(LIMITS.line_bytes)
    reader = csv.reader((f"{line}\n" for line in whole), strict=True)
    try:
        yield from ((reader.line_num, row) for row in reader if any(row))
    except csv.Error as error:
        raise FormatError(path, f"it is no CSV ({error})", line=reader.line_num, fix="Check the quotes.") from error


def _numbers(options: Options, row: list[str]) -> dict[str, int]:
    places = {column: int(name) for column, name in options.columns.items()}
    for column in _NEEDED:
        if places.get(column, len(row)) >= len(row):
            raise InputError(
                f"column {column!r} has no number from 0 to {len(row) - 1}", fix="Give source, relation and target one."
            )
    return places


def _places(path: Path, options: Options, first: tuple[int, list[str]]) -> dict[str, int]:
    number, header = first[0], [name.strip() for name in first[1]]
    places = {}
    for column in COLUMNS:
        named = options.columns.get(column)
        names = _NAMES[column] if named is None else [named]
        found = next((name for name in names if name in header), None)
        if found is not None:
            places[column] = header.index(found)
        elif column in _NEEDED or named is not None:
            raise FormatError(
                path,
                f"it has no column {' or '.join(map(repr, names))} for {column}, only {', '.join(header)[:400]}",
                line=number,
                fix="Map the columns by name, or by number if there is no header.",
            )
    return places


def _cells(row: list[str], places: Mapping[str, int], width: int) -> _Row:
    if len(row) != width:
        raise ValueError(f"it has {len(row)} columns instead of {width}")
    return _record({column: row[place].strip() for column, place in places.items()})


def _record(values: Mapping[str, Any]) -> _Row:
    texts = {column: values.get(column) or "" for column in COLUMNS if column != "weight"}
    for column, text in texts.items():
        if not isinstance(text, str):
            raise ValueError(f"its {column} is {text!r}, no text")
        if not text.strip() and column in _NEEDED:
            raise ValueError(f"its {column} is empty")
        text.encode("utf-8")  # half a surrogate pair, which JSON can spell, is no text
    weight = values.get("weight")
    scaled = WEIGHT_UNIT if weight is None or weight == "" else scaled_weight(weight)
    source, relation, target, *rest = texts.values()
    origin, licence, sense, surface = rest
    return source, relation, target, scaled, origin, licence, sense, surface


def _chunks(
    path: Path, rows: Iterable[tuple[int, _T]], parse: Callable[[_T], _Row], options: Options
) -> Iterator[pl.DataFrame]:
    held: list[_Row] = []
    for number, row in rows:
        try:
            record = parse(row)
        except (TypeError, ValueError, RecursionError) as error:
            raise FormatError(path, str(error), line=number, fix="Correct the line.") from error
        if _spoken(record[0], options) and _spoken(record[2], options):
            held.append(record)
        if len(held) == CHUNK_ROWS:
            yield _frame(held)
            held = []
    if held:
        yield _frame(held)


def _spoken(key: str, options: Options) -> bool:
    language = language_of(key)
    return options.languages is None or language is None or language in options.languages


def _frame(rows: list[_Row]) -> pl.DataFrame:
    import polars as pl

    schema = {name: pl.Int64 if name == "weight" else pl.String for name in COLUMNS}
    return pl.DataFrame(rows, schema=schema, orient="row")
