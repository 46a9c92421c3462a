from __future__ import annotations

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import InputError
from kgreason.graph.schema import (
    COLUMNS,
    MAX_WEIGHT,
    alias_table,
    assertion_table,
    default_label,
    is_negated,
    label_table,
    language_of,
    negate,
    scaled_weight,
)

ROW = {"source": ["b", "a"], "relation": ["IsA", "IsA"], "target": ["c", "c"]}


def texts(assertions):
    return assertion_table(assertions).texts().collect()


def test_any_kind_of_table_gives_the_same():
    frame = pl.DataFrame(ROW)
    expected = texts(frame)
    assert tuple(expected.columns) == COLUMNS
    assert expected.rows() == [("a", "IsA", "c", 1000, "", "", "", ""), ("b", "IsA", "c", 1000, "", "", "", "")]
    same = [frame.lazy(), pa.table(ROW), [frame[:1], frame[1:]], (pa.table(ROW),), iter([frame.lazy()])]
    assert all(texts(kind).equals(expected) for kind in same)


NAMES, TEXTS = st.sampled_from(["a", "é", "猫", "B"]), st.sampled_from(["", "x", "é"])
ROWS = st.tuples(NAMES, NAMES, NAMES, st.integers(-2, 2), TEXTS, TEXTS, TEXTS, TEXTS)


@given(st.lists(ROWS, min_size=1, max_size=30), st.integers(0, 30))
def test_rows_are_sorted_by_all_columns_and_names_stand_once(rows, cut):
    frame = pl.DataFrame(rows, schema=COLUMNS, orient="row")
    table = assertion_table([frame[:cut], frame[cut:]])
    assert table.texts().collect().rows() == frame.sort(COLUMNS).rows()
    ends = {end for row in rows for end in (row[0], row[2])}
    assert table.names["source"].to_list() == table.names["target"].to_list() == sorted(ends)
    assert table.names["sense"].to_list() == sorted({row[6] for row in rows})


def test_no_assertions_at_all():
    assert texts([]).schema == texts(pl.DataFrame(ROW)).schema
    assert texts([]).is_empty()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"source": ["", "a"]}, "empty source"),
        ({"target": [None, "a"]}, "empty target"),
        ({"weight": [1, MAX_WEIGHT + 1]}, "out of range"),
        ({"weight": [-(2**63), 1]}, "out of range"),
        ({"weight": ["x", "y"]}, "does not fit"),
    ],
)
def test_tables_that_do_not_fit(change, words):
    with pytest.raises(InputError, match=words):
        assertion_table(pl.DataFrame({**ROW, **change}))


def test_a_missing_column_is_named_with_those_there_are():
    with pytest.raises(InputError, match=r"no column 'target', only \['source', 'relation'\]"):
        assertion_table(pl.DataFrame(ROW).drop("target"))


@given(st.text(min_size=1))
def test_every_key_has_a_label(key):
    assert default_label(key)


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("/c/en/dog/n/wn/animal", "dog"),
        ("/c/zh/狗", "狗"),
        ("/c/en", "/c/en"),
        ("/c/", "/c/"),
        ("http://e.org/a/", "a"),
        ("___", "___"),
    ],
)
def test_labels_of_keys(key, label):
    assert default_label(key) == label


def test_languages_of_keys():
    assert [language_of(key) for key in ("/c/en/dog", "/c/zh", "/c/", "dog")] == ["en", "zh", None, None]


@pytest.mark.parametrize("name", ["IsA", "made of", "位于", "NotableWork", "Notes", "x", "Not", "Not_x"])
def test_negation_turns_back(name):
    assert not is_negated(name)
    assert is_negated(negate(name)) or name[0].islower()
    assert negate(negate(name)) in (name, name[:1].upper() + name[1:])


def test_weights():
    assert [scaled_weight(value) for value in ("2.0", -0.5, "1e-9", 3)] == [2000, -500, 0, 3000]
    for wrong in ("x", "nan", "inf", 1e7, ""):
        with pytest.raises(ValueError, match=r"float|within"):
            scaled_weight(wrong)


def test_labels_and_aliases():
    assert label_table(None) is alias_table(None) is None
    rows = label_table({"b": "B", "a": "A"})
    assert rows is not None
    assert rows.rows() == [("a", "A"), ("b", "B")]
    again = label_table(pa.table({"label": ["B", "A", "A"], "key": ["b", "a", "a"]}))
    assert again is not None
    assert again.rows() == rows.rows()
    forms = alias_table([("dogs", "dog", 0.8), ("dogs", "dog", 0.8)])
    assert forms is not None
    assert forms.rows() == [("dogs", "dog", 0.8)]


@pytest.mark.parametrize("prior", [0.0, -1.0, 1.5, float("nan")])
def test_priors_out_of_range(prior):
    with pytest.raises(InputError, match="prior"):
        alias_table([("dogs", "dog", prior)])


def test_side_tables_that_do_not_fit():
    for wrong in ({"a": "\ud800"}, [("a",)], 5):
        with pytest.raises(InputError, match="does not fit"):
            label_table(wrong)
    with pytest.raises(InputError, match="does not fit"):
        label_table(pl.DataFrame({"key": ["a"]}))
    with pytest.raises(InputError, match="empty key"):
        label_table({"": "x"})
