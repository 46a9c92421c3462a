from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.bench.meaning import _MISTAKES, Cases, measure


@given(st.text("abcdefg hi", min_size=5, max_size=20).filter(str.strip), st.integers(0, 99))
def test_a_mistake_is_one_edit(text, seed):
    swapped, dropped, doubled, replaced = (mistake(random.Random(seed), text) for mistake in _MISTAKES)
    assert sorted(swapped) == sorted(text)
    assert (len(dropped), len(doubled), len(replaced)) == (len(text) - 1, len(text) + 1, len(text))
    assert sum(a != b for a, b in zip(text, replaced, strict=True)) <= 1


def test_names_are_unknown_and_the_same_each_time(default_graph):
    cases = Cases(default_graph, default_graph)
    made = [*cases.misspelt(40, 0), *cases.misspelt(40, 1), *cases.reworded(5, 0)]
    assert all(case.right and not default_graph.lookup(case.text) for case in made)
    assert cases.misspelt(7, 0) == made[:7]
    assert all(not case.right and not default_graph.lookup(case.text) for case in cases.invented(20))


@pytest.mark.slow
def test_shares_are_measured_through_the_grounder(tmp_path):
    found = measure(600, 6, tmp_path)
    assert found["concepts"] == 600
    assert found["misspelt"]["names"] == 6
    assert found["misspelt"]["right"] >= 50
    assert found["synonyms"]["names"] == found["invented"]["names"] == 6
