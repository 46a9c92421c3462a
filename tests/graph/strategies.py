"""Random small graphs."""

from __future__ import annotations

from hypothesis import strategies as st

NAMES = ["a", "b", "Zoo", "zoo", "ice cream", "/c/en/dog", "/c/en/ice_cream", "http://e.org/x#Y", "猫", "é", "z z", "ß"]
RELATIONS = ["IsA", "RelatedTo", "Antonym", "NotDesires", "Desires", "made of", "位于"]

weights = st.one_of(st.integers(-3, 3).map(float), st.sampled_from([0.5, -0.25, 1e6]))
triples = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(RELATIONS), st.sampled_from(NAMES), weights), max_size=31
)
