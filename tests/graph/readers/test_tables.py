from __future__ import annotations

import contextlib
import csv
import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason import storage
from kgreason.errors import FormatError, InputError
from kgreason.graph import readers
from kgreason.graph.readers import common, tables
from tests.graph.readers.cases import ReaderCase


def rows(path, **options):
    return [row for chunk in readers.read(path, **options) for row in chunk.rows()]


def triples(path, **options):
    return [row[:4] for row in rows(path, **options)]


EXPECTED = [("penguin", "AtLocation", "zoo", 2500), ("a, b", "IsA", 'the "c"', 1000)]
CSV = ',rel,start,end,weight\n0,AtLocation,penguin,zoo,2.5\n\n1,IsA,"a, b","the ""c""",\n'
TSV = 'start\trel\tend\tweight\npenguin\tAtLocation\tzoo\t2.5\na, b\tIsA\tthe "c"\t\n'
JSONL = (
    '{"subject": "penguin", "predicate": "AtLocation", "object": "zoo", "weight": 2.5}\n\n'
    '{"subject": "a, b", "predicate": "IsA", "object": "the \\"c\\"", "more": []}\n'
)


@pytest.mark.parametrize(
    ("name", "text"), [("a.csv", CSV), ("a.tsv", TSV), ("a.txt", TSV.replace("\t", "|")), ("a.jsonl", JSONL)]
)
def test_each_form_says_the_same(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    assert triples(path) == EXPECTED


def test_columns_by_name_and_all_that_is_kept(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("x\ty\tz\tlicense\tsense\ns\tr\tt\tCC0\tn\n")
    assert rows(path, columns={"source": "z", "relation": "y", "target": "x"}) == [
        ("t", "r", "s", 1000, "", "CC0", "n", "")
    ]
    path.with_suffix(".jsonl").write_text('{"x": "s", "relation": "r", "target": "t"}\n')
    assert triples(path.with_suffix(".jsonl"), columns={"source": "x"}) == [("s", "r", "t", 1000)]


def test_columns_by_number_mean_no_header(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("IsA\tbaseball\tsport\nCapableOf\tdog\tbark\n")
    numbers = {"relation": "0", "source": "1", "target": "2"}
    assert [row[:3] for row in triples(path, columns=numbers)] == [
        ("baseball", "IsA", "sport"),
        ("dog", "CapableOf", "bark"),
    ]
    for wrong in ({**numbers, "target": "3"}, {"relation": "0"}):
        with pytest.raises(InputError, match="no number from 0 to 2"):
            triples(path, columns=wrong)


def test_languages_filter_keys_that_have_one(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("source,relation,target\n/c/en/a,r,/c/en/b\n/c/fr/a,r,/c/en/b\nplain,r,/c/en/b\n")
    assert [row[0] for row in triples(path, languages=["en"])] == ["/c/en/a", "plain"]


def test_chunks_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(common, "CHUNK_ROWS", 3)
    path = tmp_path / "a.csv"
    path.write_text("source,relation,target\n" + "a,r,b\n" * 7)
    assert [len(chunk) for chunk in readers.read(path)] == [3, 3, 1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("source,relation\na,r\n", "line 1: it has no column 'target' or 'end' .* only source, relation"),
        ("a\tb\tc\n", "no column 'source'"),
        ("source,relation,target\na,r,b\na,r\n", "line 3: it has 2 columns instead of 3"),
        ("source,relation,target\na,r,b,c\n", "line 2: it has 4 columns"),
        ("source,relation,target\na, ,b\n", "line 2: its relation is empty"),
        ("source,relation,target,weight\na,r,b,heavy\n", "line 2: could not convert"),
        ("source,relation,target,weight\na,r,b,nan\n", "line 2: weight 'nan' is not within"),
        ('source,relation,target\na,"r,b\n', "line 2: it is no CSV"),
        ('source,relation,target\na,"r"x,b\n', "line 2: it is no CSV"),
        ("source,relation,target\n", "no assertion"),
    ],
)
def test_malformed_tables_are_named(tmp_path, text, words):
    path = tmp_path / "a.csv" if "\t" not in text else tmp_path / "a.tsv"
    path.write_text(text)
    with pytest.raises(FormatError, match=words):
        rows(path)


def test_a_mapped_column_that_is_not_there(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("source,relation,target\na,r,b\n")
    with pytest.raises(FormatError, match="no column 'w' for weight, only source, relation, target"):
        rows(path, columns={"weight": "w"})


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "Expecting property"),
        ("[]", "no JSON object"),
        ('{"source": "a", "relation": "r"}', "no field 'target' or .* only source, relation"),
        ('{"source": 1, "relation": "r", "target": "b"}', "source is 1, no text"),
        ('{"source": null, "relation": "r", "target": "b"}', "source is empty"),
        ('{"source": "\\ud800", "relation": "r", "target": "b"}', "surrogates not allowed"),
        ('{"source": "a", "relation": "r", "target": "b", "weight": "x"}', "could not convert"),
        ('{"source": "a", "relation": "r", "target": "b", "weight": {}}', "float"),
        ("[" * 99_999, "recursion|no JSON"),
    ],
)
def test_malformed_objects_are_named(tmp_path, line, words):
    path = tmp_path / "a.jsonl"
    path.write_text('{"source": "a", "relation": "r", "target": "b"}\n\n' + line + "\n")
    with pytest.raises(FormatError, match=f"line 3: .*({words})"):
        rows(path, reader="jsonl")


names = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), min_size=1).filter(str.strip)


@given(st.lists(st.tuples(names, names, names), min_size=1, max_size=7))
def test_any_text_comes_back(tmp_path_factory, given_rows):
    path = tmp_path_factory.mktemp("t") / "a.jsonl"
    objects = [dict(zip(("source", "relation", "target"), row, strict=True)) for row in given_rows]
    path.write_text("".join(json.dumps(item, ensure_ascii=False) + "\n" for item in objects), encoding="utf-8")
    assert [row[:3] for row in triples(path, reader="jsonl")] == given_rows


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("t") / "a"
    path.write_bytes(data)
    for reader in (*readers.READERS, None):
        with contextlib.suppress(FormatError):
            rows(path, reader=reader)


class TestTriples(ReaderCase):
    reader = "triples"
    good = "penguin\tat location\tzoo\nzoo\tat location\tcity\t2.5\n\n a \tIsA\tb\t\n"
    expected = (
        ("penguin", "at location", "zoo", 1000), ("zoo", "at location", "city", 2500), ("a", "IsA", "b", 1000),
    )  # fmt: skip
    bad = (
        ("a\tr\tb\na\tr\n", "line 2: it has 2 columns"),
        ("a\tr\tb\t1\t2\n", "line 1: it has 5 columns"),
        ("a\tr\tb\na\t \tb\n", "line 2: its relation is empty"),
        ("a\tr\tb\theavy\n", "line 1: could not convert"),
    )


def test_a_header_is_no_triple(tmp_path):
    path = tmp_path / "a.tsv"
    for text in ("who\tdoes\twhat\na\tr\tb\na\tr\tc\n", "a\tr\tb\nc\ts\td\n"):
        path.write_text(text)
        assert readers.sniff(path) == "table"
        with pytest.raises(FormatError, match=r"no column 'source'.*or name the reader triples"):
            rows(path)
    path.write_text("source\trel\ttarget\na\trel\tb\n")
    assert triples(path) == [("a", "rel", "b", 1000)]


@given(st.lists(st.tuples(names, names, names).map(lambda row: tuple(map(str.strip, row))), min_size=1, max_size=7))
def test_lines_of_triples_come_back(tmp_path_factory, given_rows):
    path = tmp_path_factory.mktemp("t") / "a.txt"
    given_rows = [row for row in given_rows if not any("\t" in name for name in row)]
    path.write_text("".join("\t".join(row) + "\n" for row in given_rows), encoding="utf-8")
    if given_rows:
        assert [row[:3] for row in triples(path, reader="triples")] == given_rows


def parquet(table):
    import io

    buffer = io.BytesIO()
    table.write_parquet(buffer)
    return buffer.getvalue()


class TestParquet(ReaderCase):
    reader = "parquet"
    good = parquet(pl.DataFrame({"head": ["a", "b"], "rel": ["r", "s"], "tail": ["c", "d"], "weight": [2, None]}))
    expected = (("a", "r", "c", 2000), ("b", "s", "d", 1000))
    bad = (
        (good[: len(good) // 2], "no complete parquet"),
        (parquet(pl.DataFrame({"x": ["a"]})), "no column 'source' or .* only x"),
        (parquet(pl.DataFrame({"source": ["a", " "], "rel": "r", "target": "b"})), "line 2: its source is empty"),
        (parquet(pl.DataFrame({"source": ["a"], "rel": [None], "target": "b"})), "line 1: its relation is empty"),
        (parquet(pl.DataFrame({"source": "a", "rel": "r", "target": "b", "weight": [1e9]})), "weight is out of range"),
        (parquet(pl.DataFrame({"source": "a", "rel": "r", "target": "b", "weight": ["x"]})), "no complete parquet"),
        (parquet(pl.DataFrame({"source": [["a"]], "rel": "r", "target": "b"})), "no text|no complete parquet"),
        (b"PAR1" * 9, "no complete parquet"),
    )


def test_parquet_is_read_in_pieces_under_mapped_names(tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    path.write_bytes(parquet(pl.DataFrame({"x": ["/c/en/a", "/c/fr/b", "c"], "y": "r", "z": "t", "license": "CC0"})))
    monkeypatch.setattr(tables, "CHUNK_ROWS", 1)
    mapped = {"source": "x", "relation": "y", "target": "z"}
    assert [len(chunk) for chunk in readers.read(path, columns=mapped, languages=["en"])] == [1, 0, 1]
    assert rows(path, columns=mapped)[0] == ("/c/en/a", "r", "t", 1000, "CC0")


def test_parquet_that_unpacks_beyond_all_measure(tmp_path, monkeypatch):
    monkeypatch.setattr(storage, "ARCHIVE_FLOOR", 10_000)
    path = tmp_path / "a.parquet"
    path.write_bytes(parquet(pl.DataFrame({"source": "a" * 10**6, "rel": "r", "target": ["b"]})))
    with pytest.raises(FormatError, match=r"it unpacks to \d+ bytes"):
        rows(path)


@given(st.lists(st.tuples(names, names, names, st.integers(-(10**6), 10**6)), min_size=1, max_size=7))
def test_tables_of_any_text_come_back(tmp_path_factory, given_rows):
    folder = tmp_path_factory.mktemp("t")
    columns = ["source", "relation", "target", "weight"]
    table = pl.DataFrame(given_rows, schema=columns, orient="row").with_columns(pl.col("weight") / 1000)
    table.write_parquet(folder / "a.parquet")
    assert triples(folder / "a.parquet") == given_rows
    with (folder / "a.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *table.rows()])
    stripped = [(*(name.strip() for name in row[:3]), row[3]) for row in given_rows]
    assert triples(folder / "a.csv") == stripped


def test_keys_of_a_table_are_taken_as_they_stand(tmp_path):
    """Words without a language are nobody's to drop: a table in Chinese is kept whole by ``--languages zh``."""
    (tmp_path / "a.csv").write_text(",url,start,rel,end\n0,x,上,Antonym,下\n1,y,/c/zh/上午,Antonym,/c/en/evening\n")
    assert len(rows(tmp_path / "a.csv")) == 2
    assert [row[:3] for row in rows(tmp_path / "a.csv", languages=["zh"])] == [("上", "Antonym", "下")]
