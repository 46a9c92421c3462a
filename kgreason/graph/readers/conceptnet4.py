"""ConceptNet 4 as Divisi stores it: source TAB target TAB {'freq': 5, 'score': 2, 'rel': u'IsA'}.

``freq`` says how often the statement is said to hold (5 unless stated); below 0 the assertion is negated. ``score`` is
the number of people who agree, our weight; a score of 0 or below counts as one. Concepts have no language: the file's
name gives it (``conceptnet_ja.graph``), English otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kgreason import storage
from kgreason.errors import FormatError
from kgreason.graph.readers.common import Options, concept_key, relation_name
from kgreason.graph.schema import WEIGHT_UNIT

if TYPE_CHECKING:
    import polars as pl

__all__ = ["LICENCE", "fits", "read"]

_LINE = re.compile(
    r"^( *+[^\t\n ][^\t\n]*+)\t( *+[^\t\n ][^\t\n]*+)\t"
    r"\{'freq': (-?\d{1,9}), 'score': (-?\d{1,5}), 'rel': u?'(\w+)'\}\r?$",
    re.MULTILINE | re.ASCII,
)
_LANGUAGE = re.compile(r"_([a-z]{2,3})\.graph")
LICENCE = "CC BY-SA 3.0"


def fits(line: str) -> bool:
    """Whether a line looks like this format."""
    return _LINE.fullmatch(line) is not None


def read(path: Path, options: Options) -> Iterator[pl.DataFrame]:
    """Yields assertion chunks.

    Raises:
        FormatError: a line is malformed.
    """
    import polars as pl

    named = _LANGUAGE.search(path.name)
    language = named[1] if named else "en"
    if options.languages is not None and language not in options.languages:
        return
    for number, text in storage.blocks(path):
        rows = _LINE.findall(text)
        if len(rows) != text.count("\n") + 1:
            _check_lines(path, number, text)
        if not rows:
            continue
        sources, targets, freqs, scores, relations = zip(*rows, strict=True)
        yield pl.DataFrame(
            {
                "source": _keys(sources, language),
                "relation": [relation_name(name) for name in relations],
                "target": _keys(targets, language),
                "weight": [_weight(freq, score) for freq, score in zip(freqs, scores, strict=True)],
            }
        ).with_columns(origin=pl.lit("conceptnet4"), licence=pl.lit(LICENCE))


def _keys(labels: tuple[str, ...], language: str) -> list[str]:
    known = {label: concept_key(label, language) for label in set(labels)}
    return [known[label] for label in labels]


def _weight(freq: str, score: str) -> int:
    weight = max(int(score), 1) * WEIGHT_UNIT
    return -weight if freq.startswith("-") else weight


def _check_lines(path: Path, number: int, text: str) -> None:
    for offset, line in enumerate(text.split("\n")):
        if line.strip() and not fits(line):
            raise FormatError(
                path,
                f"{line[:120]!r} is no assertion of ConceptNet 4",
                line=number + offset,
                fix="Use source TAB target TAB {'freq': N, 'score': N, 'rel': u'NAME'}.",
            )
