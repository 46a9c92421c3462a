from __future__ import annotations

import pytest

from kgreason.errors import FormatError, InputError
from kgreason.tasks.files import clean, data_home, find, json_lines, lines, table


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
