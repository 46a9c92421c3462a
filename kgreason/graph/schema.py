"""The assertion table that every reader yields and every image is built from, and the names inside it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kgreason.errors import InputError

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "COLUMNS",
    "MAX_WEIGHT",
    "WEIGHT_UNIT",
    "Assertions",
    "alias_table",
    "assertion_table",
    "default_label",
    "is_negated",
    "label_table",
    "language_of",
    "negate",
    "scaled_weight",
]

#: Weights are integers in 1/1000, so that sums do not depend on their order.
WEIGHT_UNIT = 1000
#: Largest size of one weight, in 1/1000: 2**31 assertions of it still add up within 64 bits.
MAX_WEIGHT = 10**9
#: Columns of an assertion: concept keys, relation name, weight; then what is kept for the record.
COLUMNS = ("source", "relation", "target", "weight", "origin", "licence", "sense", "surface")
#: A literal as N-Triples writes it: its text, then its language.
_LITERAL = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"(?:@([\w-]+)|\^\^<[^<>"\s]+>)?')
_ESCAPED = re.compile(r"\\(?:u([\dA-F]{4})|(.))")
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_TRIPLE = COLUMNS[:3]
#: Columns of names that repeat; those that share them stand together.
_NAMED = (("source", "target"), ("relation",), ("origin",), ("licence",), ("sense",))
_TEXTS = ("origin", "licence", "sense", "surface")
_LABEL: Mapping[str, Any] = {"key": str, "label": str}
_ALIAS: Mapping[str, Any] = {"form": str, "key": str, "prior": float}


@dataclass(frozen=True, eq=False, slots=True)
class Assertions:
    """Checked assertions in a fixed order, so that equal content is equal.

    Args:
        names: the distinct texts of each column but weight and surface, in byte order; source and target share theirs.
        rows: the columns :data:`COLUMNS`, sorted by them; names as places in ``names`` (uint32).
    """

    names: Mapping[str, pl.Series]
    rows: pl.DataFrame

    def __len__(self) -> int:
        return len(self.rows)

    def texts(self) -> pl.LazyFrame:
        """The rows with names as texts, a batch at a time where batches are enough."""
        import polars as pl

        return self.rows.lazy().with_columns(
            pl.col(name).map_batches(names.gather, return_dtype=pl.String, is_elementwise=True)
            for name, names in self.names.items()
        )


def assertion_table(assertions: Any) -> Assertions:
    """All assertions, checked and in a fixed order.

    Args:
        assertions: a polars or pyarrow table, or an iterable of them, with the columns source, relation and target;
            weight (1/1000; negative negates) is 1000 where absent, other columns are empty where absent. Tables are
            let go as they come.

    Raises:
        InputError: a column is missing or of another type, a name is empty, or a weight is out of range.

    Example:
        >>> import polars as pl
        >>> told = assertion_table(pl.DataFrame({"source": ["penguin"], "relation": ["AtLocation"], "target": ["zoo"]}))
        >>> told.names["source"].to_list(), told.rows.row(0)[:4]
        (['penguin', 'zoo'], (0, 0, 1, 1000))
    """
    import polars as pl

    table = _sorted(_numbered(map(_conformed, _tables(assertions))))
    if not table.rows["weight"].is_between(-MAX_WEIGHT, MAX_WEIGHT).all():
        raise InputError("a weight is out of range", fix=f"Keep weights within ±{MAX_WEIGHT} (1/1000).")
    for name in _TRIPLE:
        if len(table.names[name]) and not table.names[name][0]:
            wrong = Assertions(table.names, table.rows.filter(pl.col(name) == 0).head(1)).texts().collect()
            for row in wrong.rows():
                raise InputError(f"an assertion has an empty {name}: {row[:3]}", fix=f"Give every assertion a {name}.")
    return table


def _numbered(tables: Iterable[pl.DataFrame]) -> Assertions:
    """The names of each column, in byte order, and the rows with names as places among them."""
    import polars as pl

    schema = {name: pl.Int64 if name == "weight" else pl.String for name in COLUMNS}
    coded = [pl.col(columns).cast(pl.Categorical(pl.Categories.random())) for columns in _NAMED]
    rows = pl.concat([table.with_columns(coded) for table in chain([pl.DataFrame(schema=schema)], tables)])
    names: dict[str, pl.Series] = {}
    for columns in _NAMED:
        known = pl.concat([rows[name].alias("name") for name in columns]).unique()
        order = known.cast(pl.String).arg_sort()
        codes = known.to_physical().gather(order).to_numpy()
        places = np.empty(codes.max(initial=0) + 1, np.uint32)
        places[codes] = np.arange(len(codes), dtype=np.uint32)
        texts = known.cast(pl.String).gather(order)
        for name in columns:
            names[name] = texts
            rows = rows.with_columns(pl.Series(name, places[rows[name].to_physical()]))
    return Assertions(names, rows)


def _sorted(table: Assertions) -> Assertions:
    """The rows by :data:`COLUMNS`: by their triples first, since few are told more than once."""
    import polars as pl

    from kgreason.graph.kernels import counting_order  # imports numba

    names, rows = table.names, table.rows
    del table
    order: npt.NDArray[Any] = np.arange(len(rows), dtype=np.int32 if len(rows) < 1 << 31 else np.int64)
    for name in reversed(_TRIPLE):
        order = counting_order(rows[name].to_numpy(), order, len(names[name]))
    again = pl.all_horizontal(pl.col(_TRIPLE) == pl.col(_TRIPLE).shift()).fill_null(False)
    same = rows.select(_TRIPLE)[order].select(again.alias("same"))["same"]
    tied = (same | same.shift(-1, fill_value=False)).arg_true().to_numpy()
    order[tied] = order[tied][rows[order[tied]].select(pl.arg_sort_by(COLUMNS)).to_series()]
    for name in COLUMNS:  # one by one, so that no more than one of them is held twice
        rows = rows.with_columns(rows[name].gather(order))
    return Assertions(names, rows)


def scaled_weight(text: str | float) -> int:
    """A weight as an integer in 1/1000; negative weights negate.

    Raises:
        ValueError: it is no number, not finite, or out of range.
    """
    weight = float(text)
    if not math.isfinite(weight) or abs(weight) * WEIGHT_UNIT > MAX_WEIGHT:
        raise ValueError(f"weight {text!r} is not within ±{MAX_WEIGHT // WEIGHT_UNIT}")
    return round(weight * WEIGHT_UNIT)


def _tables(assertions: Any) -> Iterable[pl.DataFrame]:
    import polars as pl

    if isinstance(assertions, pl.DataFrame):
        return [assertions]
    if isinstance(assertions, pl.LazyFrame):
        return [assertions.collect()]
    if hasattr(assertions, "column_names"):  # a pyarrow table, without importing pyarrow
        frame = pl.from_arrow(assertions)
        assert isinstance(frame, pl.DataFrame)
        return [frame]
    return (table for part in assertions for table in _tables(part))


def _conformed(table: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    missing = [name for name in COLUMNS[:3] if name not in table.columns]
    if missing:
        raise InputError(
            f"the assertion table has no column {missing[0]!r}, only {table.columns}",
            fix="Name the columns source, relation and target.",
        )
    weight = pl.col("weight") if "weight" in table.columns else pl.lit(WEIGHT_UNIT)
    columns = [pl.col(name) for name in COLUMNS[:3]] + [weight.cast(pl.Int64).fill_null(WEIGHT_UNIT).alias("weight")]
    columns += [
        (pl.col(name).cast(pl.String).fill_null("") if name in table.columns else pl.lit("").alias(name))
        for name in _TEXTS
    ]
    try:
        return table.select(columns).with_columns(pl.col(COLUMNS[:3]).cast(pl.String).fill_null(""))
    except pl.exceptions.PolarsError as error:
        raise InputError(f"the assertion table does not fit: {error}", fix="Use texts, and integer weights.") from error


def default_label(key: str) -> str:
    """What a concept is called when nothing else is known: the readable part of its key.

    Args:
        key: an IRI, ``/c/LANG/TERM...``, a literal or blank node as N-Triples writes them, or any name.

    Example:
        >>> default_label("/c/en/ice_cream"), default_label("http://example.org/terms#Ice_cream"), default_label("zoo")
        ('ice cream', 'Ice cream', 'zoo')
        >>> default_label('"Ice cream"@en'), default_label('"1.5"^^<http://www.w3.org/2001/XMLSchema#decimal>')
        ('Ice cream', '1.5')
    """
    if key.startswith(('"', "_:")):
        literal = _LITERAL.fullmatch(key)
        return key if literal is None else _ESCAPED.sub(_unescaped, literal[1]).strip() or key
    part = key
    if key.startswith("/c/"):
        part = [*key.split("/", 4), "", ""][3]
    elif "://" in key:
        part = key.rstrip("/#").replace("#", "/").rsplit("/", 1)[-1]
    return part.replace("_", " ").strip() or key


def _unescaped(match: re.Match[str]) -> str:
    return chr(int(match[1], 16)) if match[1] else _PLAIN.get(match[2], match[2])


def language_of(key: str) -> str | None:
    """Language tag of a ``/c/LANG/TERM`` key or of a literal, or None.

    Example:
        >>> language_of("/c/en/zoo"), language_of('"Tiergarten"@de-at')
        ('en', 'de')
    """
    if key.startswith('"'):
        literal = _LITERAL.fullmatch(key)
        return None if literal is None or literal[2] is None else literal[2].partition("-")[0]
    return (key.split("/", 3)[2] or None) if key.startswith("/c/") else None


def is_negated(relation: str) -> bool:
    """Whether a relation says that another one does not hold: ``Not`` before a name that does not go on in lower case.

    Example:
        >>> is_negated("NotCapableOf"), is_negated("NotableWork")
        (True, False)
    """
    return relation.startswith("Not") and relation[3:4].isalnum() and not relation[3].islower()


def negate(relation: str) -> str:
    """Name of the negated relation; negating twice gives the plain one.

    Example:
        >>> negate("Desires"), negate("NotDesires")
        ('NotDesires', 'Desires')
    """
    return relation[3:] if is_negated(relation) else f"Not{relation[:1].upper()}{relation[1:]}"


def label_table(labels: Any) -> pl.DataFrame | None:
    """Checked table of key and label, sorted, each row once; None for None.

    Args:
        labels: a mapping, or a polars or pyarrow table with these columns, or an iterable of such rows.

    Raises:
        InputError: the table does not fit, or a key is empty.
    """
    if isinstance(labels, Mapping):
        labels = labels.items()
    return None if labels is None else _side_table(labels, _LABEL)


def alias_table(aliases: Any) -> pl.DataFrame | None:
    """Checked table of form, key and prior, sorted, each row once; None for None.

    Args:
        aliases: a polars or pyarrow table with these columns, or an iterable of such rows.

    Raises:
        InputError: the table does not fit, a key is empty, or a prior is not in (0, 1].
    """
    import polars as pl

    if aliases is None:
        return None
    table = _side_table(aliases, _ALIAS)
    wrong = table.filter(~((pl.col("prior") > 0) & (pl.col("prior") <= 1)))
    if len(wrong):
        raise InputError(f"an alias has a prior outside (0, 1]: {wrong.row(0)}", fix="Give priors in (0, 1].")
    return table


def _side_table(table: Any, schema: Mapping[str, Any]) -> pl.DataFrame:
    import polars as pl

    try:
        if not hasattr(table, "columns"):
            table = pl.DataFrame(list(table), schema=schema, orient="row")
        frame = table if isinstance(table, pl.DataFrame) else pl.DataFrame(pl.from_arrow(table))
        frame = frame.select(pl.col(name).cast(kind) for name, kind in schema.items())
    except (pl.exceptions.PolarsError, TypeError, ValueError) as error:
        raise InputError(f"the table does not fit: {error}", fix=f"Give the columns {', '.join(schema)}.") from error
    frame = frame.drop_nulls().unique().sort(list(schema))
    if (frame["key"] == "").any():
        raise InputError("the table has an empty key", fix="Give every row a key.")
    return frame
