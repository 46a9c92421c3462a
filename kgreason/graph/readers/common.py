"""What all readers share: their options, names of concepts and relations, and rows gathered into chunks."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kgreason.config import LIMITS
from kgreason.errors import FormatError, InputError
from kgreason.graph.schema import COLUMNS, WEIGHT_UNIT, language_of, scaled_weight
from kgreason.language import normal_form

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "CHUNK_ROWS",
    "NAMES",
    "NEEDED",
    "Options",
    "Row",
    "chunks",
    "concept_key",
    "csv_rows",
    "record",
    "relation_name",
    "spoken",
    "spoken_rows",
]

CHUNK_ROWS = 100_000

#: Names of the field for the columns of an assertion, tried in this order where the map does not say.
NAMES: Mapping[str, Sequence[str]] = {
    "source": ("source", "start", "head", "subject", "node1"),
    "relation": ("relation", "rel", "predicate", "label"),
    "target": ("target", "end", "tail", "object", "node2"),
    "weight": ("weight",),
    "origin": ("origin",),
    "licence": ("licence", "license"),
    "sense": ("sense",),
    "surface": ("surface",),
}
NEEDED = ("source", "relation", "target")

_T = TypeVar("_T")
#: The columns of an assertion, in their order.
Row = tuple[str, str, str, int, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Options:
    """Settings of a reader.

    Args:
        languages: kept languages; None keeps all.
        columns: column of the assertion table to the file's name for it.
    """

    languages: tuple[str, ...] | None
    columns: Mapping[str, str]

    def check(self) -> None:
        """Refuses a map from columns that do not exist."""
        for name in self.columns:
            if name not in COLUMNS:
                raise InputError(f"assertions have no column {name!r}", fix=f"Map one of {', '.join(COLUMNS)}.")


@lru_cache(maxsize=4096)
def relation_name(name: str) -> str:
    """The relation table's name for a relation of ConceptNet (``/r/IsA``); unknown names stay, without ``/r/``."""
    from kgreason.graph.relations import RelationTable  # reads the data package

    return RelationTable.load().canonical(name).removeprefix("/r/")


@lru_cache(maxsize=1 << 16)
def concept_key(text: str, language: str = "en") -> str:
    """The key of a concept that is given by its words: ``/c/LANG/TERM``, so that sources of words meet.

    Args:
        text: its words; a slash would end the term, so that one within becomes a space.
        language: of the words.

    Example:
        >>> concept_key("Ice  cream"), concept_key("and/or")
        ('/c/en/ice_cream', '/c/en/and_or')
    """
    return f"/c/{language}/{normal_form(text.replace('/', ' ')).replace(' ', '_') or '_'}"


def spoken(key: str, options: Options) -> bool:
    """Whether a key is of a kept language, or of none."""
    language = language_of(key)
    return options.languages is None or language is None or language in options.languages


def spoken_rows(table: pl.DataFrame, column: str, options: Options) -> pl.DataFrame:
    """The rows whose key in a column is of a kept language, or of none."""
    import polars as pl

    if options.languages is None:
        return table
    term, literal = (pl.col(column).str.extract(form, 1) for form in (r"^/c/([^/]+)/", r'^"(?s:.*)"@(\w+)[\w-]*$'))
    language = pl.coalesce(term, literal)
    return table.filter(language.is_null() | language.is_in(list(options.languages)))


def record(values: Mapping[str, Any]) -> Row:
    """A row from what a file says for the columns of an assertion; what is absent is empty, a weight 1.

    Raises:
        ValueError: a name is empty or no text, or the weight is no number in range.
    """
    texts = {column: values.get(column) or "" for column in COLUMNS if column != "weight"}
    for column, text in texts.items():
        if not isinstance(text, str):
            raise ValueError(f"its {column} is {text!r}, no text")
        if not text.strip() and column in NEEDED:
            raise ValueError(f"its {column} is empty")
        text.encode("utf-8")  # half a surrogate pair, which JSON can spell, is no text
    weight = values.get("weight")
    scaled = WEIGHT_UNIT if weight is None or weight == "" else scaled_weight(weight)
    source, relation, target, *rest = texts.values()
    origin, licence, sense, surface = rest
    return source, relation, target, scaled, origin, licence, sense, surface


def chunks(
    path: Path, items: Iterable[tuple[int, _T]], parse: Callable[[_T], Iterable[Row]], options: Options
) -> Iterator[pl.DataFrame]:
    """Gathers rows into assertion chunks.

    Args:
        path: the file, for errors.
        items: its parts, each with a line number.
        parse: the rows that a part says.
        options: languages to keep.

    Raises:
        FormatError: ``parse`` raised a ValueError, TypeError or RecursionError; it names the line.
    """
    held: list[Row] = []
    for number, item in items:
        try:
            rows = parse(item)
            if options.languages is not None:
                rows = (row for row in rows if spoken(row[0], options) and spoken(row[2], options))
            held += rows
        except (TypeError, ValueError, RecursionError) as error:
            raise FormatError(path, str(error), line=number, fix="Correct the line.") from error
        if len(held) >= CHUNK_ROWS:
            yield _frame(held)
            held = []
    if held:
        yield _frame(held)


def _frame(rows: list[Row]) -> pl.DataFrame:
    import polars as pl

    schema = {name: pl.Int64 if name == "weight" else pl.String for name in COLUMNS}
    return pl.DataFrame(rows, schema=schema, orient="row")


def csv_rows(path: Path, lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file with their line numbers, blank ones left out.

    Raises:
        FormatError: quotes do not close.
    """
    csv.field_size_limit(LIMITS.line_bytes)
    reader = csv.reader((f"{line}\n" for line in lines), strict=True)
    try:
        yield from ((reader.line_num, row) for row in reader if any(row))
    except csv.Error as error:
        raise FormatError(path, f"it is no CSV ({error})", line=reader.line_num, fix="Check the quotes.") from error
