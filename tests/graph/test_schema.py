from __future__ import annotations

import random

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import InputError
from kgreason.graph.schema import (
    _FEW_ROWS,
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


def test_any_kind_of_table_gives_the_same():
    frame = pl.DataFrame(ROW)
    expected = assertion_table(frame)
    assert tuple(expected.columns) == COLUMNS
    assert expected.rows() == [("a", "IsA", "c", 1000, "", "", "", ""), ("b", "IsA", "c", 1000, "", "", "", "")]
    same = [frame.lazy(), pa.table(ROW), [frame[:1], frame[1:]], (pa.table(ROW),), iter([frame.lazy()])]
    assert all(assertion_table(kind).equals(expected) for kind in same)


def test_many_rows_in_many_tables_are_sorted_as_one():
    chance = random.Random(23)
    names = [f"{chance.randrange(997)}é"[:: chance.choice([1, -1])] for _ in range(20_011)]
    whole = pl.DataFrame({"source": names, "relation": ["IsA"] * len(names), "target": names[::-1]})
    expected = assertion_table(whole.head(_FEW_ROWS - 1)).vstack(assertion_table(whole.tail(-_FEW_ROWS + 1)))
    tables = [whole.head(7919), whole.slice(7919, 5), whole.tail(len(whole) - 7924)]
    assert assertion_table(tables).equals(expected.sort(COLUMNS))
    assert assertion_table(whole).equals(expected.sort(COLUMNS))


def test_no_assertions_at_all():
    assert assertion_table([]).schema == assertion_table(pl.DataFrame(ROW)).schema


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
