from __future__ import annotations

import gzip

import pytest

from kgreason.errors import FormatError, InputError
from kgreason.graph import readers

CN4 = "a\tb\t{'freq': 5, 'score': 1, 'rel': u'IsA'}\n"
CN5 = '/a/[/r/IsA/,/c/en/a/,/c/en/b/]\t/r/IsA\t/c/en/a\t/c/en/b\t{"weight": 1.0}\n'
CSV = "source,relation,target\na,IsA,b\n"


@pytest.mark.parametrize(
    ("text", "reader"),
    [
        (CN4, "conceptnet4"),
        (CN5, "conceptnet5"),
        (CSV, "table"),
        (CSV.replace(",", "\t"), "table"),
        (CSV.replace(",", "|"), "table"),
        ('\n {"source": "a"}\n', "jsonl"),
    ],
)
def test_content_tells_the_reader_whatever_the_name(tmp_path, text, reader):
    for name, data in (("a.txt", text.encode()), ("b.gz", gzip.compress(text.encode()))):
        (tmp_path / name).write_bytes(data)
        assert readers.sniff(tmp_path / name) == reader


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "it is empty"),
        (b"\n \n", "it is empty"),
        (b"one word\n", "no reader fits its first line.*atomic"),
        (b"\x89PNG\r\n\x1a\n\0\0", "UTF-8|NUL"),
        (b"PK\x03\x04" + bytes(99), "an archive of files. Unpack it"),
        (bytes(257) + b"ustar" + bytes(250), "an archive of files. Unpack it"),
        ("söurce,relation\n".encode("latin-1"), "line 1: byte 0xf6 is not UTF-8"),
        (b"source,relation,target\n\0", "NUL byte"),
    ],
)
def test_files_that_are_none(tmp_path, data, words):
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(FormatError, match=words):
        list(readers.read(tmp_path / "a"))
    for reader in readers.READERS:
        with pytest.raises(FormatError):
            list(readers.read(tmp_path / "a", reader))


def test_what_is_not_there(tmp_path):
    for reader in (None, *readers.READERS):
        with pytest.raises(FormatError, match="no such file"):
            list(readers.read(tmp_path / "none", reader))
    with pytest.raises(FormatError, match=r"holds no assertions\.parquet"):
        readers.read(tmp_path)
    with pytest.raises(FormatError, match="directory"):
        readers.read(tmp_path, "table")
    (tmp_path / "a.csv").write_text(CSV)
    with pytest.raises(InputError, match=r"no reader 'rdf'.*Choose one of atomic"):
        readers.read(tmp_path / "a.csv", "rdf")
    with pytest.raises(InputError, match="no column 'head'"):
        readers.read(tmp_path / "a.csv", columns={"head": "source"})


def test_each_source_has_its_weight(tmp_path):
    for name, text in (("a.graph", CN4), ("b.csv", CN5), ("c.csv", CSV)):
        (tmp_path / name).write_text(text)
    files = [tmp_path / "a.graph", tmp_path / "b.csv", tmp_path / "c.csv"]
    source = readers.read(files, weights={"a.graph": 0.5, str(files[2]): 1e-9})
    assert [chunk["weight"].to_list() for chunk in source] == [[500], [1000], [1]]
    assert [entry.get("weight") for entry in source.sources] == [0.5, None, 1e-9]
    (tmp_path / "n.csv").write_text("source,relation,target,weight\na,r,b,-2\na,r,c,0\n")
    assert [chunk["weight"].to_list() for chunk in readers.read(tmp_path / "n.csv", weights={"n.csv": 3})] == [
        [-6000, 0]
    ]


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"b.csv": 2}, "no source 'b.csv' to weigh. Name one of c.csv"),
        ({"c.csv": 0}, "weight of c.csv is 0"),
        ({"c.csv": float("nan")}, "is nan"),
        ({"c.csv": float("inf")}, "is inf"),
        ({"c.csv": 1e7}, "weights times 10000000.0 are out of range"),
    ],
)
def test_weights_that_are_none(tmp_path, weights, words):
    (tmp_path / "c.csv").write_text(CSV)
    with pytest.raises(InputError, match=words):
        list(readers.read(tmp_path / "c.csv", weights=weights))


#: File, how many assertions SOURCE.txt counts, and how many of them say nothing: "none" and empty inferences of ATOMIC.
COUNTS = [
    ("kg-atomic/triples_valid.txt.gz", 87_707, 14_357),
    ("kg-atomic/triples_test.txt.gz", 87_709, 14_595),
    ("kg-cn100k/train.txt.gz", 100_000, 0),
    ("kg-cn100k/valid.txt.gz", 1_200, 0),
    ("kg-cn100k/test.txt.gz", 1_200, 0),
    ("kg-cn82k/train.txt.gz", 81_920, 0),
    ("kg-cn82k/valid.txt.gz", 10_240, 0),
    ("kg-cn82k/test.txt.gz", 10_240, 0),
    ("kg-conceptnet-zh/madarin_conceptnet_solid_normalized_v1.0.csv.gz", 21_341, 0),
    ("kg-conceptnet4/conceptnet_ja.graph.gz", 101_416, 3),
    ("kg-small-linkpred/countries_S1.nl.gz", 1_111, 0),
    ("kg-small-linkpred/countries_S2.nl.gz", 1_063, 0),
    ("kg-small-linkpred/countries_S3.nl.gz", 979, 0),
    ("kg-small-linkpred/kinships_train.txt.gz", 8_544, 0),
    ("kg-small-linkpred/kinships_valid.txt.gz", 1_068, 0),
    ("kg-small-linkpred/kinships_test.txt.gz", 1_074, 0),
    ("kg-small-linkpred/nations_train.txt.gz", 1_592, 0),
    ("kg-small-linkpred/nations_valid.txt.gz", 199, 0),
    ("kg-small-linkpred/nations_test.txt.gz", 201, 0),
    ("kg-small-linkpred/umls_train.txt.gz", 5_216, 0),
    ("kg-small-linkpred/umls_valid.txt.gz", 652, 0),
    ("kg-small-linkpred/umls_test.txt.gz", 661, 0),
    ("kg-wn18rr/valid.txt.gz", 3_034, 0),
    ("kg-wn18rr/test.txt.gz", 3_134, 0),
    ("metaqa/kb_recovered.txt.gz", 129_917, 0),
    ("pathquestion/2H-kb.txt.gz", 1_211, 0),
    ("pathquestion/3H-kb.txt.gz", 2_839, 0),
    ("pathquestion/PQL3-KB.txt.gz", 5_597, 0),
]


@pytest.mark.data
@pytest.mark.parametrize(("name", "count", "nothing"), COUNTS)
def test_real_graphs_have_the_rows_that_are_counted(data_dir, name, count, nothing):
    assert sum(map(len, readers.read(data_dir / name))) == count - nothing


@pytest.mark.data
def test_real_graphs_that_need_a_word(data_dir):
    triples = readers.read(data_dir / "pathquestion" / "PQL2-KB.txt.gz", "triples")  # its first relation occurs once
    assert sum(map(len, triples)) == 4_247
    atomic = readers.read(data_dir / "kg-atomic-v4" / "v4_atomic_dev.csv.gz")  # 79,600 inferences, 13,107 of them none
    assert sum(map(len, atomic)) == 66_493
    atomic = readers.read(data_dir / "kg-atomic-v4" / "v4_atomic_tst.csv.gz")  # 87,481 inferences, 14,608 of them none
    assert sum(map(len, atomic)) == 72_873


@pytest.mark.data
@pytest.mark.slow
def test_large_real_graphs(data_dir):
    import polars as pl

    senticnet = pl.concat(readers.read(data_dir / "kg-senticnet2022" / "SenticNet_v2022.csv.gz"))
    assert len(senticnet) == 1_500_000
    near = senticnet.filter(pl.col("source") != pl.col("target")).select("source", "target").unique()
    assert len(near) == 1_425_515
    english = readers.read(data_dir / "kg-conceptnet4" / "conceptnet_big_en.graph.gz")
    assert sum(map(len, english)) == 528_446
    assert sum(map(len, readers.read(data_dir / "kg-wn18rr" / "train.txt.gz"))) == 86_835


def test_several_files_are_put_together(tmp_path):
    for name, text in (("a.graph", CN4), ("b.csv", CN5), ("c.csv", CSV)):
        (tmp_path / name).write_text(text)
    source = readers.read([tmp_path / "a.graph", str(tmp_path / "b.csv"), tmp_path / "c.csv"])
    assert [chunk.row(0)[:3] for chunk in source] == [("/c/en/a", "IsA", "/c/en/b")] * 2 + [("a", "IsA", "b")]
    assert [(entry["name"], entry["reader"]) for entry in source.sources] == [
        ("a.graph", "conceptnet4"),
        ("b.csv", "conceptnet5"),
        ("c.csv", "table"),
    ]
