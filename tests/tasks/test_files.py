from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import FormatError, InputError
from kgreason.records import Question
from kgreason.tasks.files import clean, data_home, digest, each, find, json_lines, json_list, lines, table


def test_the_folder_is_given_or_named_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("KGREASON_DATA", str(tmp_path / "no such folder"))
    assert data_home(tmp_path) == tmp_path
    with pytest.raises(InputError, match="no such folder is not a folder"):
        data_home()
    monkeypatch.setenv("KGREASON_DATA", str(tmp_path))
    assert data_home() == tmp_path
    monkeypatch.delenv("KGREASON_DATA")
    with pytest.raises(InputError, match="Set KGREASON_DATA"):
        data_home()


def test_files_are_found_by_pattern_packed_or_not(tmp_path):
    for name in ("b.jsonl.gz", "a.jsonl.gz", "labels.txt"):
        (tmp_path / name).touch()
    assert [
        path.name for path in find(tmp_path.parent, [f"{tmp_path.name}/*.jsonl", f"{tmp_path.name}/labels.txt"])
    ] == [
        "a.jsonl.gz",
        "b.jsonl.gz",
        "labels.txt",
    ]
    with pytest.raises(InputError, match=rf"c\.jsonl \(or c\.jsonl\.gz\) is not in {tmp_path}/set.*KGREASON_DATA"):
        find(tmp_path, ["set/c.jsonl"])


def test_lines_are_numbered_and_blank_ones_left_out(tmp_path):
    (tmp_path / "a").write_bytes("\ufeffone\r\n\n  \ntwo\u2028still two".encode())
    assert list(lines(tmp_path / "a")) == [(1, "one"), (4, "two\u2028still two")]


def test_json_lines_are_objects(tmp_path):
    (tmp_path / "a").write_text('{"a": 1}\n\n{"b": [2]}\n')
    assert list(json_lines(tmp_path / "a")) == [(1, {"a": 1}), (3, {"b": [2]})]
    (tmp_path / "a").write_text('{"a": 1}\n7\n')
    with pytest.raises(FormatError, match="line 2: holds a int"):
        list(json_lines(tmp_path / "a"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", 'x,y\n"1, one",2\n\n3,"4"\n'),
        ("a.tsv", "x\ty\n1, one\t2\n\n3\t4\n"),
        ("a.txt", "x\ty\n1, one\t2\n3\t4\n"),
    ],
)
def test_a_table_is_rows_by_column(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert [row for _, row in table(tmp_path / name)] == [{"x": "1, one", "y": "2"}, {"x": "3", "y": "4"}]


def test_a_table_without_a_header_has_its_columns_named(tmp_path):
    (tmp_path / "a.tsv").write_text('1\t"2\n')
    assert list(table(tmp_path / "a.tsv", columns=("x", "y"))) == [(1, {"x": "1", "y": '"2'})]


def test_a_quoted_cell_may_span_lines(tmp_path):
    (tmp_path / "a.csv").write_text('x,y\n"1\n\none",2\n3,4\n')
    assert list(table(tmp_path / "a.csv")) == [(4, {"x": "1\n\none", "y": "2"}), (5, {"x": "3", "y": "4"})]


def test_clean_makes_every_white_space_one():
    assert clean("\u3000a\tb \n c ") == "a b c"


values = st.recursive(
    st.none() | st.integers() | st.text('a[],\n"', max_size=5), lambda inner: st.lists(inner, max_size=3)
)


@given(entries=st.lists(values, max_size=5), indent=st.none() | st.integers(0, 2))
def test_a_json_list_is_its_entries(tmp_path_factory, entries, indent):
    path = tmp_path_factory.mktemp("list") / "a.json"
    path.write_text(f"{json.dumps(entries, indent=indent)}\n")
    assert [entry for _, entry in json_list(path)] == entries


def test_entries_of_a_json_list_know_their_lines(tmp_path):
    (tmp_path / "a.json").write_text('\n[\n {"a":\n 1}, 2,\n\n "x"\n]')
    assert list(json_list(tmp_path / "a.json")) == [(3, {"a": 1}), (4, 2), (6, "x")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1: is not one JSON array"),
        ('{"a": 1}', "line 1: is not one JSON array"),
        ("[1\n2]", "line 1: is not one JSON array"),
        ("[1,\n2", "line 2: is not one JSON array"),
        ("[1,\n\n]", "line 3: is not JSON"),
        ('[{"a": 1},\n{"a": 1, "a": 2}]', "line 2: is not JSON .*'a' is there twice"),
        ("[1,\nNaN]", "line 2: is not JSON .*NaN"),
        ("[1] [2]", "line 1: is not one JSON array"),
        (f"[{'[' * 100_000}", "line 1: is nested too deeply"),
    ],
)
def test_what_is_no_json_list_is_refused(tmp_path, text, reason):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(FormatError, match=reason):
        list(json_list(tmp_path / "a.json"))


def test_each_row_stands_for_itself_and_a_broken_one_is_named(tmp_path):
    for name, text in (
        ("one.jsonl", '{"q": "Who?"}\n\n{"q": "Why?"}\n'),
        ("two.10k.json", '{"q": "How?"}\n{"p": 1}\n'),
    ):
        (tmp_path / name).write_text(text)
    read = each(json_lines, lambda name, row: [Question(row["q"], id=name)])
    assert [question.id for question in filter(None, read([tmp_path / "one.jsonl"]))] == ["one-1", "one-3"]
    found = read([tmp_path / "two.10k.json"])
    assert next(found) == Question("How?", id="two.10k-1")
    with pytest.raises(FormatError, match=r"two\.10k\.json, line 2: is not as published \(KeyError\('q'\)\)"):
        next(found)


def test_a_digest_never_changes():
    assert digest("a bird") == 279899209498378852490954208575746334966252555179
