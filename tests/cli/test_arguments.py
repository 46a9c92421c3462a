from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.cli.arguments import mapping, names, spread, triples
from kgreason.errors import InputError

VALUES = st.lists(st.text(min_size=1).filter(lambda text: not text.startswith("-")), min_size=1, max_size=7)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["ask", "Q", "--options", "a", "b", "c"], ["ask", "Q", "--options=a", "--options=b", "--options=c"]),
        (["ask", "Q", "--options", "a", "--options", "b"], ["ask", "Q", "--options=a", "--options=b"]),
        (["--options=a", "--options=b"], ["--options=a", "--options=b"]),
        (["--options", "a", "b", "--json", "-o", "file"], ["--options=a", "--options=b", "--json", "-o", "file"]),
        (["--options", "-5", "10"], ["--options=-5", "--options=10"]),
        (["--options"], ["--options"]),
        (["--options", "a", "--", "--options", "b"], ["--options=a", "--", "--options", "b"]),
        (["--add", "a", "r", "b", "rest"], ["--add=a\tr\tb", "rest"]),
        (["--add", "a", "r", "b", "--remove", "c", "r", "d"], ["--add=a\tr\tb", "--remove=c\tr\td"]),
        (["--add", "a", "r"], ["--add=a\tr"]),
        ([], []),
    ],
)
def test_spread(typed, meant):
    assert spread(typed) == meant


@given(VALUES)
def test_every_option_arrives_as_it_was_typed(values):
    assert spread(["--options", *values]) == [f"--options={value}" for value in values]


@given(st.lists(st.text(alphabet="ab-", min_size=1)))
def test_without_such_options_nothing_changes(arguments):
    assert spread(arguments) == arguments


def test_triples_are_split_into_three():
    assert triples(["a\tr\tb", "c d\tr\te"]) == (("a", "r", "b"), ("c d", "r", "e"))
    assert triples([]) == ()


@pytest.mark.parametrize("value", ["penguin", "penguin\tAtLocation", "a\tb\tc\td"])
def test_a_triple_of_another_length_is_refused(value):
    with pytest.raises(InputError, match=f"{value.count(chr(9)) + 1} of 3 parts"):
        triples([value])


def test_names_and_mapping():
    assert names(None) is None
    assert names("en, zh,") == ("en", "zh")
    assert mapping(None) is None
    assert mapping("source=a, target = b=c") == {"source": "a", "target": "b=c"}


@pytest.mark.parametrize("value", ["source", "source=", "=a", "source=a,", ""])
def test_a_column_map_without_pairs_is_refused(value):
    with pytest.raises(InputError, match="column map has the item"):
        mapping(value)
