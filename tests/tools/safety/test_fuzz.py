from __future__ import annotations

import sys

import pytest

from kgreason.errors import KGReasonError
from tests.amounts import FULL, amount
from tools.safety import fuzz


@pytest.mark.slow
@pytest.mark.parametrize("name", fuzz.TARGETS)
def test_mutated_files_are_read_or_refused(name):
    assert not fuzz.findings(name, amount(20_000), seed=int(FULL))


@pytest.mark.parametrize(("name", "number"), [("conceptnet5", 934), ("graphml", 7607), ("parquet", 7249)])
def test_what_once_ended_badly_is_refused(tmp_path, name, number):
    files = fuzz.sample(name)
    for file, data in {**files, **dict([fuzz.mutated(files, name, 0, number)])}.items():
        (tmp_path / file).write_bytes(data)
    with pytest.raises(KGReasonError):
        fuzz.read(name, tmp_path)


def test_an_input_is_a_function_of_its_number():
    files = fuzz.sample("table")
    made = [[fuzz.mutated(files, "table", 7, number) for number in range(50)] for _ in range(2)]
    assert made[0] == made[1]
    assert len(set(made[0])) > 40
    assert all(data != files[name] for name, data in made[0][:3])


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ("raise KeyError('x')", "KeyError"),
        ("raise BaseException('panic')", "BaseException"),
        ("raise KGReasonError('x')", "no fix"),
        ("bytearray(1 << 30)", "MemoryError"),
        ("os.abort()", "ended with -6"),
        ("exec('while True: pass')", "ended with -24"),
    ],
)
def test_what_a_reader_may_not_do_is_found(monkeypatch, damage, says):
    code = f"""
import os, sys
from kgreason.errors import KGReasonError
from tools.safety import fuzz

def read(name, folder):
    if next(folder.iterdir()).read_bytes() != fuzz.sample(name)["a.nl"]:
        {damage}

fuzz.read = read
fuzz.main(["--child", *sys.argv[1:]])
"""
    monkeypatch.setattr(fuzz, "_CHILD", (sys.executable, "-c", code))
    found = fuzz.findings("prolog", 2)
    assert len(found) == 2
    assert all(says in each for each in found)
