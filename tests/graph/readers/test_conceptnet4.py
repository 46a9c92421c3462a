from __future__ import annotations

import gzip

import pytest

from kgreason.errors import FormatError
from kgreason.graph import readers

GOOD = """garden hose\twater plant\t{'freq': 5, 'score': 1, 'rel': u'UsedFor'}
ice\thot\t{'freq': -5, 'score': 12, 'rel': u'HasProperty'}
and/or\t July 14th \t{'freq': 5, 'score': -1, 'rel': 'ConceptuallyRelatedTo'}
"""


def rows(path, **options):
    return [row for chunk in readers.read(path, **options) for row in chunk.rows()]


def test_lines_become_assertions(tmp_path):
    path = tmp_path / "conceptnet_en.graph.gz"
    path.write_bytes(gzip.compress(GOOD.encode()))
    kept = ("conceptnet4", "CC BY-SA 3.0")
    assert rows(path) == [
        ("/c/en/garden_hose", "UsedFor", "/c/en/water_plant", 1000, *kept),
        ("/c/en/ice", "HasProperty", "/c/en/hot", -12000, *kept),
        ("/c/en/and_or", "RelatedTo", "/c/en/july_14th", 1000, *kept),
    ]
    source = readers.read(path)
    assert source.sources[0]["licence"] == "CC BY-SA 3.0"
    assert source.sources[0]["reader"] == "conceptnet4"


def test_the_name_tells_the_language(tmp_path):
    path = tmp_path / "conceptnet_ja.graph"
    path.write_text("水\t飲み物\t{'freq': 5, 'score': 43, 'rel': u'IsA'}\n")
    assert rows(path)[0][:3] == ("/c/ja/水", "IsA", "/c/ja/飲み物")
    assert rows(path, languages=["ja"])
    with pytest.raises(FormatError, match="no assertion between concepts in en"):
        rows(path, languages=["en"])


@pytest.mark.parametrize(
    "line",
    [
        "a\tb",
        "a\tb\t{'freq': 5, 'score': 1, 'rel': u'IsA'}\tmore",
        "\tb\t{'freq': 5, 'score': 1, 'rel': u'IsA'}",
        " \tb\t{'freq': 5, 'score': 1, 'rel': u'IsA'}",
        "a\tb\t{'freq': 5, 'score': 1, 'rel': __import__('os')}",
        "a\tb\t{'freq': 5, 'score': 1e9, 'rel': u'IsA'}",
        "a\tb\t{'freq': 5, 'score': 1, 'rel': u'Is\nA'}",
        "a\tb\t{'freq': 5, 'score': 99999999, 'rel': u'IsA'}",
        "a\tb\t{'freq': ٥, 'score': 1, 'rel': u'IsA'}",
        "x\ta\tb\t{'freq': 5, 'score': 1, 'rel': u'IsA'}",
        pytest.param("'rel': " * 20_000, id="a long one"),
    ],
)
def test_malformed_lines_are_named(tmp_path, line):
    path = tmp_path / "a.graph"
    path.write_text(GOOD + "\n" + line + "\n" + GOOD)
    with pytest.raises(FormatError, match=r"line 5: .* is no assertion of ConceptNet 4"):
        rows(path, reader="conceptnet4")
