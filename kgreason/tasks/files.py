"""Finding the files of a data set and reading their rows: JSON lines and delimited tables, plain or gzip."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Never, TypeVar

from kgreason.errors import FormatError, InputError
from kgreason.records import Question
from kgreason.storage import open_text

__all__ = [
    "BROKEN",
    "Reader",
    "clean",
    "data_home",
    "digest",
    "each",
    "find",
    "json_lines",
    "json_list",
    "lines",
    "place",
    "table",
]

#: From the files of a split to its questions; None for a row without a gold label.
Reader = Callable[[Sequence[Path]], Iterator[Question | None]]
#: What a reader may stumble over where a file is not as published.
BROKEN = (AttributeError, KeyError, IndexError, TypeError, ValueError)
_ENDING = re.compile(r"(\.(jsonl?|[ct]sv|txt))?(\.gz)?$")
_Row = TypeVar("_Row")

#: Environment variable that names the folder of data sets, one folder each.
DATA_VARIABLE = "KGREASON_DATA"
#: Characters of a cell of a table.
CELL = 128 * 1024


def clean(text: str) -> str:
    r"""The text without outer space and with every run of white space made one space.

    Example:
        >>> clean(" so  good\n")
        'so good'
    """
    return " ".join(text.split())


def digest(text: str) -> int:
    """A number that depends on the text alone, to divide or to shuffle by without a seed.

    Example:
        >>> digest("a bird") % 10
        9
    """
    return int.from_bytes(hashlib.sha1(text.encode(), usedforsecurity=False).digest())


def place(label: str, labels: Sequence[str]) -> int:
    """The index of a label.

    Raises:
        ValueError: it is none of them.

    Example:
        >>> place("sad", ("happy", "sad"))
        1
    """
    if label not in labels:
        raise ValueError(f"{label!r} is none of {', '.join(labels)}")
    return labels.index(label)


def each(
    rows: Callable[[Path], Iterator[tuple[int, _Row]]], questions: Callable[[str, _Row], Iterable[Question | None]]
) -> Reader:
    """A reader of files whose rows stand for themselves.

    Args:
        rows: of a file, with the lines that they begin on.
        questions: of a row and of the name that it has: file and line.

    Returns:
        The reader. It raises a FormatError that names file and line where ``questions`` stumbles.
    """

    def read(files: Sequence[Path]) -> Iterator[Question | None]:
        for path in files:
            part = _ENDING.sub("", path.name)
            for number, row in rows(path):
                try:
                    made = list(questions(f"{part}-{number}", row))
                except BROKEN as error:
                    fix = "Fetch the file again from its authors."
                    raise FormatError(path, f"is not as published ({error!r})", line=number, fix=fix) from error
                yield from made

    return read


def data_home(data: str | Path | None = None) -> Path:
    """The folder that holds one folder a data set.

    Args:
        data: the folder; without it, the environment variable KGREASON_DATA names it.

    Returns:
        The folder, which exists.

    Raises:
        InputError: no folder is named, or what is named is not a folder.
    """
    named = data if data is not None else os.environ.get(DATA_VARIABLE)
    fix = f"Set {DATA_VARIABLE} (or give data=, --data) to the folder that holds one folder for each data set."
    if not named:
        raise InputError("no folder of data sets is named", fix=fix)
    home = Path(named)
    if not home.is_dir():
        raise InputError(f"{home} is not a folder", fix=fix)
    return home


def find(home: Path, patterns: Sequence[str]) -> list[Path]:
    """The files of one split, in the order of the patterns and by name within one.

    Args:
        home: the folder of data sets.
        patterns: ``folder/file`` relative to it; ``*`` stands for any run of characters; ``.gz`` may follow.

    Returns:
        At least one file for each pattern.

    Raises:
        InputError: a pattern has no file; the folder looked in is named.
    """
    found: list[Path] = []
    for pattern in patterns:
        folder, _, name = pattern.rpartition("/")
        files = sorted((home / folder).glob(name)) or sorted((home / folder).glob(f"{name}.gz"))
        if not files:
            raise InputError(
                f"{name} (or {name}.gz) is not in {home / folder}",
                fix=f"Put the files of the data set there, or set {DATA_VARIABLE} to another folder.",
            )
        found.extend(files)
    return found


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, with their 1-based numbers."""
    with open_text(path) as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield number, line


def json_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Objects of a JSON-lines file with their line numbers.

    Raises:
        FormatError: a line is not one JSON object, names a key twice, or holds NaN or Infinity.
    """
    for number, line in lines(path):
        try:
            row = _JSON.decode(line)
        except (ValueError, RecursionError) as error:
            reason = "is nested too deeply" if isinstance(error, RecursionError) else f"is not JSON ({error})"
            raise FormatError(path, reason, line=number, fix="Give one JSON object a line.") from error
        if not isinstance(row, dict):
            raise FormatError(
                path, f"holds a {type(row).__name__}, not an object", line=number, fix="Give one JSON object a line."
            )
        yield number, row


def json_list(path: Path) -> Iterator[tuple[int, Any]]:
    """Entries of a file that is one JSON array, with the lines that they begin on.

    Raises:
        FormatError: it is not one array, or an entry is not JSON as :func:`json_lines` takes it.
    """
    with open_text(path) as stream:
        text = "\n".join(stream)
    line, seen, gap = 1, 0, _FIRST.match(text)
    while gap is not None and gap[1] is None:
        line, seen = line + text.count("\n", seen, gap.end()), gap.end()
        try:
            entry, end = _JSON.raw_decode(text, seen)
        except (ValueError, RecursionError) as error:
            reason = "is nested too deeply" if isinstance(error, RecursionError) else f"is not JSON ({error})"
            raise FormatError(path, reason, line=line, fix="Give one JSON array.") from error
        yield line, entry
        gap = _NEXT.match(text, end)
    if gap is None:
        raise FormatError(path, "is not one JSON array from here on", line=line, fix="Give one JSON array.")


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not a JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key {next(key for key in keys if keys.count(key) > 1)!r} is there twice")
    return row


_JSON = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_unique)
#: What stands before an entry of an array, or, as group 1, its end.
_FIRST = re.compile(r"\s*\[\s*(\]\s*\Z)?")
_NEXT = re.compile(r"\s*(?:,\s*|(\]\s*\Z))")


def table(path: Path, columns: Sequence[str] | None = None) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Rows of a delimited file as mappings from column name to cell, with the number of the line each ends on.

    ``.csv`` is comma-separated and may quote cells; anything else is tab-separated, where a quotation mark is an
    ordinary character.

    Args:
        path: the file; ``.gz`` after its suffix is ignored.
        columns: names of the columns of a file without a header; by default its first line names them.

    Raises:
        FormatError: a row has another number of cells than there are columns, a cell is too long, or a quotation
            mark is never closed.
    """
    comma = Path(path.name.removesuffix(".gz")).suffix.lower() == ".csv"
    with open_text(path) as stream:
        ended = (f"{line}\n" for line in stream)  # a quoted cell may go on in the next line
        reader = csv.reader(ended, strict=True) if comma else csv.reader(ended, delimiter="\t", quoting=csv.QUOTE_NONE)
        header = list(columns) if columns is not None else None
        try:
            for cells in reader:
                if max(map(len, cells), default=0) > CELL:  # csv's own limit is global, and other libraries lift it
                    raise csv.Error(f"field larger than field limit ({CELL})")
                if not any(cell.strip() for cell in cells):
                    continue
                if header is None:
                    header = [cell.strip() for cell in cells]
                    if len(set(header)) < len(header):
                        raise FormatError(path, "two columns have one name", line=1, fix="Give each its own name.")
                    continue
                if len(cells) != len(header):
                    raise FormatError(
                        path,
                        f"{len(cells)} cells, but {len(header)} columns",
                        line=reader.line_num,
                        fix="Quote a cell that holds a comma." if comma else "Keep tabs out of cells.",
                    )
                yield reader.line_num, dict(zip(header, cells, strict=True))
        except csv.Error as error:
            raise FormatError(
                path, str(error), line=reader.line_num, fix="Close every quotation mark, and keep cells under 128 KiB."
            ) from error
