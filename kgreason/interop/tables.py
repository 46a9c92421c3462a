"""Tables of edges: Arrow's, and by way of it those of polars and pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kgreason.errors import InputError
from kgreason.graph import KnowledgeGraph
from kgreason.graph.schema import WEIGHT_UNIT, assertion_table, label_table
from kgreason.interop.edges import edges_of, names_of

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

__all__ = ["frame_of", "from_table", "to_arrow"]

_NEEDED = ("source", "relation", "target")
#: Where an edge ends, and the column of what that concept is called.
_ENDS = {"source": "source_label", "target": "target_label"}


def to_arrow(graph: KnowledgeGraph) -> pa.Table:
    """A table of edges: source, relation, target, weight, source_label, target_label.

    Weights are plain numbers, unlike the integers of an assertion table. Concepts without an edge are not in it.

    Example:
        >>> graph = KnowledgeGraph.from_triples([("penguin", "AtLocation", "zoo", 2.0)])
        >>> to_arrow(graph).select(["source", "relation", "target", "weight"]).to_pylist()
        [{'source': 'penguin', 'relation': 'AtLocation', 'target': 'zoo', 'weight': 2.0}]
    """
    import pyarrow as pa

    (keys, labels), edges = (np.array(names, object) for names in names_of(graph)), edges_of(graph)
    columns = {
        "source": keys[edges.source],
        "relation": np.array(graph.relations, object)[edges.relation],
        "target": keys[edges.target],
        "weight": edges.weight.astype(np.float64).round(3),
        "source_label": labels[edges.source],
        "target_label": labels[edges.target],
    }
    kinds = {name: pa.float64() if name == "weight" else pa.string() for name in columns}
    return pa.table({name: pa.array(column, kinds[name]) for name, column in columns.items()})


def from_table(table: Any) -> KnowledgeGraph:
    """A graph in memory from a table of edges.

    Args:
        table: a polars or pyarrow table, or one that Arrow can read, such as a pandas frame: source, relation, target;
            weight, source_label and target_label where there are any.

    Raises:
        InputError: it is no table, a column is missing, or a row is no edge.

    Example:
        >>> import polars as pl
        >>> from_table(pl.DataFrame({"source": ["a"], "relation": ["IsA"], "target": ["b"]})).num_nodes
        2
    """
    frame = frame_of(table)
    if missing := [name for name in _NEEDED if name not in frame.columns]:
        raise InputError(
            f"the table has no column {missing[0]!r}, only {', '.join(frame.columns)}",
            fix="Name its columns source, relation and target.",
        )
    import polars as pl

    from kgreason.graph.derive import derive

    texts = [name for name in (*_NEEDED, *_ENDS.values()) if name in frame.columns]
    weight = pl.col("weight").cast(pl.Float64).fill_null(1.0) if "weight" in frame.columns else pl.lit(1.0)
    try:
        scaled = (weight * WEIGHT_UNIT).round().cast(pl.Int64).alias("weight")
        frame = frame.select(pl.col(texts).cast(pl.String), scaled)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"the table does not fit: {error}", fix="Give texts, and numbers as weights.") from error
    labelled = [(end, label) for end, label in _ENDS.items() if label in frame.columns]
    labels = [frame.select(key=end, label=label) for end, label in labelled]
    return KnowledgeGraph(derive(assertion_table(frame), label_table(pl.concat(labels)) if labels else None))


def frame_of(table: Any) -> pl.DataFrame:
    """A table of any make as polars has it; InputError if it is none."""
    import polars as pl

    if isinstance(table, pl.DataFrame):
        return table
    if hasattr(table, "__arrow_c_stream__"):
        return pl.DataFrame(table)
    raise InputError(f"{type(table).__name__} is no table", fix="Give a polars, Arrow or pandas table.")
