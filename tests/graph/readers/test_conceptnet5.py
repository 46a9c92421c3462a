from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import FormatError
from kgreason.graph import readers
from kgreason.graph.readers import conceptnet5


def line(start, relation, end, data=None, **more):
    told = {"dataset": "/d/wordnet/3.1", "license": "cc:by/4.0", "sources": [{"weight": 9}], "weight": 2.0, **more}
    text = json.dumps(told) if data is None else data
    return f"/a/[{relation}/,{start}/,{end}/]\t{relation}\t{start}\t{end}\t{text}\n"


def rows(path, **options):
    return [row for chunk in readers.read(path, "conceptnet5", **options) for row in chunk.rows()]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "assertions.csv"


def test_senses_fold_into_the_term(path):
    path.write_text(
        line("/c/en/dog/n/wn/animal", "/r/IsA", "/c/en/animal")
        + line("/c/en/ice_cream/n", "/r/NotDesires", "/c/en/cat/n/wn/animal", weight=0.5, surfaceText='a "weight": 7')
    )
    kept = ("wordnet/3.1", "cc:by/4.0")
    assert rows(path) == [
        ("/c/en/dog", "IsA", "/c/en/animal", 2000, *kept, "n/wn/animal\t", ""),
        ("/c/en/ice_cream", "NotDesires", "/c/en/cat", 500, *kept, "n\tn/wn/animal", 'a "weight": 7'),
    ]


def test_languages_filter_both_ends_and_links_are_left_out(path):
    path.write_text(
        line("/c/en/dog", "/r/Synonym", "/c/fr/chien")
        + line("/c/en/dog", "/r/IsA", "/c/en/pet")
        + line("/c/en/dog", "/r/ExternalURL", "http://dbpedia.org/resource/Dog")
        + line("/c/english/dog", "/r/IsA", "/c/en/pet")
    )
    assert [row[2] for row in rows(path)] == ["/c/fr/chien", "/c/en/pet", "/c/en/pet"]
    assert [row[:3] for row in rows(path, languages=("en",))] == [("/c/en/dog", "IsA", "/c/en/pet")]
    assert [row[2] for row in rows(path, languages=("en", "fr"))] == ["/c/fr/chien", "/c/en/pet"]
    with pytest.raises(FormatError, match="no assertion between concepts in de, nl"):
        rows(path, languages=("de", "nl"))


def test_what_json_leaves_out_has_defaults(path):
    path.write_text(
        line("/c/en/a", "/r/IsA", "/c/en/b", "{}") + line("/c/en/a", "/r/IsA", "/c/en/c", '{"weight": null}')
    )
    assert [row[3:] for row in rows(path)] == [(1000, "", "", "", "")] * 2


def test_both_ways_of_decoding_agree(path):
    lines = [line(f"/c/en/{i}", "/r/IsA", "/c/en/b", weight=i / 7, surfaceText="猫\t\\") for i in range(1, 9)]
    path.write_text("".join(lines))
    fast = rows(path)
    path.write_text("".join(lines) + line("/c/en/x", "/r/IsA", "/c/en/b", '{"surfaceText": "\\ud83d\\ude00"}'))
    assert rows(path) == [*fast, ("/c/en/x", "IsA", "/c/en/b", 1000, "", "", "", "😀")]


USUAL = {"dataset": "/d/x", "license": "cc:by/4.0", "sources": [{"contributor": "/s/a"}, {"process": "/s/b"}]}
texts = st.text(st.sampled_from('ab "\\\\{}[],:猫\u2028\x01'), max_size=5)
lines = st.builds(
    lambda end, text, weight, form: line("/c/en/dog", "/r/IsA", "/c/en/" + end, form(text, weight)).replace("\n", ""),
    st.sampled_from(["pet", "pet/n", "猫", "a b"]),
    texts,
    st.sampled_from([0.5, 1.0, 2, 12345.678, 1e-7, 3.1, "7"]),
    st.sampled_from(
        [
            lambda text, weight: None,
            lambda text, weight: json.dumps({"weight": weight, "surfaceText": text}),
            lambda text, weight: json.dumps({**USUAL, "surfaceText": text, "weight": weight}),
            lambda text, weight: json.dumps({**USUAL, "surfaceEnd": text, "weight": weight}, ensure_ascii=False),
        ]
    ),
)


@given(st.lists(lines, min_size=1, max_size=5), st.sampled_from(["\n", "\r\n", "\n\n", "\n  \n"]))
def test_columns_and_parts_taken_quickly_are_those_taken_line_by_line(told, end):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        path = Path(folder, "assertions.csv")
        path.write_bytes((end.join(told) + end).encode())

        def read():
            try:
                return rows(path)
            except FormatError as error:
                return str(error)

        quick = read()
        patched.setattr(conceptnet5, "_usual", lambda text: None)
        assert read() == quick


def test_a_block_of_ten_columns_does_not_follow_one_of_five(path, monkeypatch):
    monkeypatch.setattr(conceptnet5, "_BLOCK_BYTES", 300)
    path.write_text(line("/c/en/a", "/r/IsA", "/c/en/b") * 7 + old() * 7)
    with pytest.raises(FormatError, match=r"line 8: .*five columns"):
        rows(path)


def old(weight="1.5", surface="[[a dog]] is [[a pet]]"):
    concepts = "/c/en/dog/n/domestic_animal", "/c/en/pet"
    return (
        "\t".join(("/a/[x]", "/r/IsA", *concepts, "/ctx/all", weight, "/and/[]", "/e/1", "/d/verbosity", surface))
        + "\n"
    )


def test_ten_columns_before_5_5(path):
    path.write_text("\n" + old() + old(surface=""))
    assert readers.sniff(path) == "conceptnet5"
    row = ("/c/en/dog", "IsA", "/c/en/pet", 1500, "verbosity", "", "n/domestic_animal\t")
    assert rows(path) == [(*row, "[[a dog]] is [[a pet]]"), (*row, "")]
    for wrong, words in ((old("x"), "weight is 'x'"), (old("1e9"), "weight is 1"), ("a\tb\n", "not ten columns")):
        path.write_text(old() + wrong)
        with pytest.raises(FormatError, match=f"line 2: .*{words}"):
            rows(path)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("a,b,c\n", "five columns"),
        (line("/c/en/a", "/r/IsA", "/c/en/b").replace("\n", "\tmore\n"), "five columns"),
        *(
            (line("/c/en/a", "/r/IsA", "/c/en/b", data), "fifth column")
            for data in ("{", "", "null", "[]", "5", "{} {}")
        ),
        *(
            (line("/c/en/a", "/r/IsA", "/c/en/b", f'{{"weight": {weight}}}'), "weight|fifth")
            for weight in ("NaN", "1e999", "-1e999", "1e7", '"x"', "[]")
        ),
        (line("/c/en/a", "/r/IsA", "/c/en/b", '{"dataset": "\\ud800"}'), "fifth column"),
        (line("/c/en/a", "/r/IsA", "/c/en/b", '{"weight": ' + "[" * 99_999), "fifth column"),
    ],
)
def test_malformed_lines_are_named(path, wrong, words):
    path.write_text(line("/c/en/a", "/r/IsA", "/c/en/b") + "\n" + wrong)
    with pytest.raises(FormatError, match=f"line 3: .*({words})"):
        rows(path)


def test_an_empty_fifth_column_is_named_where_no_other_line_is(path):
    path.write_text(line("/c/en/a", "/r/IsA", "/c/en/b", ""))
    with pytest.raises(FormatError, match=r"line 1: .*fifth column"):
        rows(path)
