from __future__ import annotations

import numpy as np
import pytest

from kgreason.retrieval.names import Names

WORDS = ("zorb", "quix", "plam", "drent", "fosk", "gluv", "hink")


def test_names_are_read_when_they_are_asked_for():
    asked: list[int] = []

    def name(node: int) -> str:
        asked.append(node)
        return WORDS[node]

    names = Names(np.array([6, 0, 2, 5, 1]), name)
    assert len(names) == 5
    assert not asked
    assert (names[1], names[-1], asked) == ("zorb", "quix", [0, 1])
    assert isinstance(names[0], str)
    with pytest.raises(IndexError):
        names[5]


def test_names_are_a_sequence():
    names = Names(np.array([6, 0, 2]), WORDS.__getitem__)
    assert names == ("hink", "zorb", "plam") == names
    assert names == ["hink", "zorb", "plam"]
    assert names != ("hink", "zorb")
    assert names != "hink"
    assert names[1:] == ("zorb", "plam")
    assert ("zorb" in names, names.index("plam"), list(reversed(names))) == (True, 2, ["plam", "zorb", "hink"])
    assert repr(names) == "Names('hink', 'zorb', 'plam'; 3 in all)"
    assert repr(Names(np.arange(7), WORDS.__getitem__)).endswith("'fosk', …; 7 in all)")
    with pytest.raises(TypeError, match="unhashable"):
        hash(names)
