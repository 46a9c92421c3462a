from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given

from kgreason.errors import InputError
from kgreason.interop.tables import from_table, to_arrow
from tests.interop.strategies import connected, edges


class Frame:
    """A table of another library, as Arrow's protocol shows it; pandas' frames have the same method."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


@given(edges)
def test_tables_come_back(rows):
    graph = connected(rows)
    table = to_arrow(graph)
    assert table.num_rows == graph.num_edges // 2
    for form in (table, Frame(table), pl.DataFrame(table)):
        assert from_table(form).digest == graph.digest


def test_concepts_without_an_edge_are_left_out(tiny_graph):
    table = to_arrow(tiny_graph)
    assert table.column_names == ["source", "relation", "target", "weight", "source_label", "target_label"]
    assert {"NotHasA", "NotCapableOf"} < set(table["relation"].to_pylist())
    assert from_table(table).digest == tiny_graph.digest


def test_numbers_and_gaps():
    frame = pl.DataFrame({"source": [1, 2], "relation": "r", "target": [2, 3], "weight": [None, 2], "more": 0})
    graph = from_table(frame)
    assert [edge.weight for edge in graph.neighbors(graph.resolve("2"))] == [2, 1]


@pytest.mark.parametrize(
    "table",
    [
        "text",
        pa.array([1]),
        pl.DataFrame({"source": ["a"], "target": ["b"]}),
        pl.DataFrame({"source": ["a"], "relation": ["r"], "target": [None]}),
        pl.DataFrame({"source": ["a"], "relation": ["r"], "target": ["b"], "weight": ["much"]}),
        pl.DataFrame({"source": ["a"], "relation": ["r"], "target": ["b"], "weight": [float("nan")]}),
        pl.DataFrame({"source": ["a"], "relation": ["r"], "target": ["b"], "weight": [1e7]}),
        pl.DataFrame({"source": [[1]], "relation": ["r"], "target": ["b"]}),
    ],
    ids=str,
)
def test_what_is_no_table_of_edges(table):
    with pytest.raises(InputError):
        from_table(table)
