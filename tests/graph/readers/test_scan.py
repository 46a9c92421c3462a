from __future__ import annotations

import json

import numpy as np
import pytest

from kgreason.graph.readers.scan import PARTS, scan

DATA = (
    '{"dataset": "/d/x", "license": "cc:by/4.0", "sources": [{"contributor": "/s/a", "process": "/s/b"}, {"c": ""}], '
)
TEXTS = '"surfaceEnd": "pet", "surfaceStart": "dog", "surfaceText": "[[a 犬]] is a pet", '


def line(source="/c/en/dog/n/wn", target="/c/en/pet", data=DATA + TEXTS + '"weight": 2.5}'):
    return f"/a/x\t/r/IsA\t{source}\t{target}\t{data}"


def parts(text):
    """The parts of each line; none where one is spelled in another way."""
    data = text.encode()
    ends = scan(np.frombuffer(data, np.uint8))
    assert (np.diff(ends) >= 0).all()
    assert len(ends) == 0 or ends[-1] == len(data)
    spans = ends[:-1].reshape(-1, len(PARTS), 2)
    return [tuple(data[begin:end].decode() for begin, end in spans_of_line) for spans_of_line in spans.tolist()]


def test_parts_are_those_that_are_written():
    plain = line("/c/zh/犬", "http://example.org/c/en/pet", DATA + '"weight": 1}')
    assert parts(line() + "\n" + plain) == [
        ("/r/IsA", "/c/en/dog", "n/wn", "/c/en/pet", "", "/d/x", "cc:by/4.0", "[[a 犬]] is a pet", "2.5"),
        ("/r/IsA", "/c/zh/犬", "", "", "", "/d/x", "cc:by/4.0", "", "1"),
    ]


@pytest.mark.parametrize("concept", ["/c/en", "/c/en/", "/c//dog", "/c/", "/c", "", "dog", "/C/en/dog", " /c/en/dog"])
def test_what_is_no_concept_has_no_parts(concept):
    assert [row[1:5] for row in parts(line(concept, concept))] == [("", "", "", "")]


@pytest.mark.parametrize("weight", ["0", "0.25", "999999.12345678901234567"])
def test_usual_weights(weight):
    assert parts(line(data=DATA + f'"weight": {weight}}}'))[0][-1] == weight
    assert json.loads(weight) < 1e6


@pytest.mark.parametrize(
    "data",
    [
        *(DATA + f'"weight": {weight}}}' for weight in ("", "-1", "01", "1.", ".5", "1e3", "1000000", "1.5 ", '"1"')),
        *(DATA + f'"surfaceText": "{text}", "weight": 1}}' for text in (r"\"", "\x01", '", "more": "')),
        *(f'{{"dataset": "", "license": "", "sources": [{told}], "weight": 1}}' for told in ("", "{}", '{"C": "x"}')),
        '{"license": "", "dataset": "", "sources": [{"c": "x"}], "weight": 1}',
        DATA + '"weight": 1}\t',
        DATA + '"weight": 1}\r',
        DATA + '"weight": 1} {}',
    ],
)
def test_what_is_spelled_in_another_way_is_left_to_others(data):
    assert parts(line(data=data)) == parts(line() + "\n" + line(data=data) + "\n" + line()) == []


def test_no_part_of_a_line_is_taken_for_one_or_read_beyond():
    whole = np.frombuffer((line() + "\n" + line()).encode(), np.uint8)
    first = len(line().encode())
    assert [end for end in range(len(whole) + 1) if len(scan(whole[:end]))] == [first, len(whole)]
