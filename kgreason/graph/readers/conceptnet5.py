"""ConceptNet 5 assertions: five columns between tabs, URI, relation, start, end, JSON.

Before 5.5 there were ten: URI, relation, start, end, context, weight, sources, id, dataset, surface text.

A concept is ``/c/LANG/TERM[/POS[/SENSE...]]``: part of speech and sense fold into the term and are kept in the column
``sense``. Statements about anything else (``ExternalURL``) are left out. Every line is an assertion of its own with its
dataset and licence; weights add up where the graph's arrays join equal edges.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kgreason import storage
from kgreason.errors import FormatError
from kgreason.graph.readers.common import Options, relation_name
from kgreason.graph.schema import MAX_WEIGHT, WEIGHT_UNIT, scaled_weight
from kgreason.graph.strings import Strings

if TYPE_CHECKING:
    import polars as pl

__all__ = ["LICENCE", "fits", "read"]

LICENCE = "CC BY-SA 4.0"

_ENDS = ("uri", "relation", "start", "end")
#: Columns by the number of tabs in a line.
_FIELDS = {4: (*_ENDS, "data"), 9: (*_ENDS, "context", "weight", "sources", "id", "dataset", "surfaceText")}
_BLOCK_BYTES = 8 * 1024**2
#: A concept: language and term, then part of speech and sense.
_CONCEPT = r"^(?<term>/c/[^/]+/[^/]+)(?:/(?<sense>.+))?"
_SURROGATE = r"\\u[dD][89a-fA-F]"


def fits(line: str) -> bool:
    """Whether a line looks like this format."""
    return line.startswith("/a/") and line.count("\t") in _FIELDS


def read(path: Path, options: Options) -> Iterator[pl.DataFrame]:
    """Yields assertion chunks.

    Raises:
        FormatError: a line has another number of columns, or its JSON or weight cannot be read.
    """
    tabs, spoken = 0, _spoken(options)
    for number, text in storage.blocks(path, block_bytes=_BLOCK_BYTES):
        frame = _usual(text) if tabs < 9 else None
        if frame is None:
            frame, tabs = _by_line(path, number, text, tabs)
            frame = _parts(path, _concepts(frame).filter(spoken))
        tabs = tabs or 4
        frame = frame.filter(spoken)
        if len(frame):
            yield _assertions(frame)


def _usual(text: str) -> pl.DataFrame | None:
    """The parts of a block in which every line is spelled as usual; None for any other."""
    import polars as pl

    from kgreason.graph.readers.scan import PARTS, scan  # imports numba

    data = np.frombuffer(text.encode(), np.uint8)
    if not len(ends := scan(data)):
        return None
    pieces = Strings(ends, data).to_series()  # parts, and what stands between them
    frame = pl.DataFrame([pieces.gather_every(2 * len(PARTS), 2 * i).alias(name) for i, name in enumerate(PARTS)])
    surface = Strings.of(frame["surfaceText"]).to_series()  # a copy, so that the block can go
    return frame.with_columns(pl.col("weight").cast(pl.Float64), surfaceText=surface)


def _by_line(path: Path, number: int, text: str, tabs: int) -> tuple[pl.DataFrame, int]:
    """The columns of a block, and the tabs of a line; the first line of a file says how many there are."""
    import polars as pl

    lines = pl.Series("line", text.split("\n"), dtype=pl.String)
    frame = pl.DataFrame([lines]).with_row_index("number", number)
    frame = frame.filter(pl.col("line").str.strip_chars() != "")
    found = frame.select(pl.col("line").str.count_matches("\t", literal=True)).to_series()
    tabs = tabs or (9 if len(found) and found[0] == 9 else 4)
    if len(odd := frame.filter(found != tabs)):
        raise _malformed(path, odd["number"][0], f"it has not {'ten' if tabs == 9 else 'five'} columns between tabs")
    fields = pl.col("line").str.strip_chars_end("\r").str.split_exact("\t", tabs)
    return frame.select("number", fields.struct.rename_fields(_FIELDS[tabs]).alias("fields")).unnest("fields"), tabs


def _concepts(frame: pl.DataFrame) -> pl.DataFrame:
    """The lines with term and sense of both ends; both are empty where a URI is no concept."""
    import polars as pl

    ends = pl.col("start", "end").str.extract_groups(_CONCEPT)
    return frame.with_columns(ends).select(
        pl.exclude("start", "end"),
        *(
            pl.col(end).struct.field(part).fill_null("").alias(name + suffix)
            for end, name in (("start", "source"), ("end", "target"))
            for part, suffix in (("term", ""), ("sense", "_sense"))
        ),
    )


def _spoken(options: Options) -> pl.Expr:
    """Whether both ends are concepts of the languages."""
    import polars as pl

    ends = pl.col("source", "target")
    if options.languages is None:
        return pl.all_horizontal(ends != "")
    languages = pl.Series(options.languages, dtype=pl.String).implode()
    return pl.all_horizontal(ends.str.extract("^/c/([^/]+)/", 1).is_in(languages).fill_null(False))


def _parts(path: Path, frame: pl.DataFrame) -> pl.DataFrame:
    """The lines with what the columns behind the concepts say."""
    import polars as pl

    data = _decoded(path, frame) if "data" in frame.columns else _columns(path, frame)
    weight = data["weight"].fill_null(1.0)
    wrong = ~(weight.is_finite() & (weight.abs() * WEIGHT_UNIT <= MAX_WEIGHT))
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise _malformed(path, frame["number"][row], f"its weight is {weight[row]}")
    texts = data.select(pl.col("dataset", "license", "surfaceText").fill_null(""))
    return frame.select("relation", "^(source|target).*$").hstack([*texts, weight])


def _assertions(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    relations = frame["relation"].unique().to_list()
    renamed = pl.col("relation").replace_strict(relations, [relation_name(name) for name in relations])
    return frame.select(
        "source",
        renamed,
        "target",
        (pl.col("weight") * WEIGHT_UNIT).round().cast(pl.Int64),
        pl.col("dataset").str.strip_prefix("/d/").alias("origin"),
        pl.col("license").alias("licence"),
        pl.concat_str("source_sense", "target_sense", separator="\t").replace("\t", "").alias("sense"),
        pl.col("surfaceText").alias("surface"),
    )


def _columns(path: Path, frame: pl.DataFrame) -> pl.DataFrame:
    """The same of a file from before 5.5, which names no licence."""
    import polars as pl

    weight = frame["weight"].cast(pl.Float64, strict=False)
    if weight.is_null().any():
        row = int(weight.is_null().arg_max() or 0)
        raise _malformed(path, frame["number"][row], f"its weight is {frame['weight'][row]!r}")
    return frame.select("dataset", pl.lit("").alias("license"), "surfaceText", weight.alias("weight"))


def _decoded(path: Path, frame: pl.DataFrame) -> pl.DataFrame:
    """What the fifth column says."""
    import polars as pl

    schema = {"dataset": pl.String, "license": pl.String, "surfaceText": pl.String, "weight": pl.Float64}
    if not frame["data"].str.contains(_SURROGATE).any():  # which polars does not decode
        try:
            data = frame["data"].str.json_decode(pl.Struct(schema))
        except pl.exceptions.PolarsError:
            return _decoded_by_line(path, frame, schema)
        if len(data) == len(frame) and not data.is_null().any():  # an empty text is left out
            return data.struct.unnest()
    return _decoded_by_line(path, frame, schema)


def _decoded_by_line(path: Path, frame: pl.DataFrame, schema: Mapping[str, Any]) -> pl.DataFrame:
    """The slow way, taken when a block holds a line that the fast one refuses: it names the line."""
    import polars as pl

    rows: list[dict[str, Any]] = []
    for number, text in frame.select("number", "data").iter_rows():
        try:
            data = json.loads(text)
            texts = {name: data.get(name) or "" for name in ("dataset", "license", "surfaceText")}
            if not all(isinstance(value, str) for value in texts.values()):
                raise ValueError("dataset, license and surfaceText are no texts")
            "".join(texts.values()).encode("utf-8")
            weight = data.get("weight")
            rows.append({**texts, "weight": None if weight is None else scaled_weight(weight) / WEIGHT_UNIT})
        except (AttributeError, RecursionError, TypeError, ValueError) as error:
            raise _malformed(path, number, f"its fifth column cannot be read ({error})") from error
    return pl.DataFrame(rows, schema=schema)


def _malformed(path: Path, number: int, what: str) -> FormatError:
    return FormatError(path, what, line=number, fix="Use URI, relation, start, end and JSON between tabs.")
