from __future__ import annotations

import rdflib
from hypothesis import given
from hypothesis import strategies as st

from kgreason.graph.terms import iri, name_of
from tests.graph.strategies import NAMES

names = st.one_of(
    st.sampled_from([*NAMES, "urn:kgreason:concept:a", "urn:x", "http://", "http://e.org/a b", "a:b", "%41"]),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
)


@given(names, st.booleans())
def test_every_name_has_an_iri_that_leads_back(name, relation):
    found = iri(name, relation=relation)
    assert name_of(found) == name
    assert rdflib.URIRef(found).n3() == f"<{found}>"  # rdflib refuses what is no IRI


def test_iris_stay():
    for name in ("http://example.org/terms#zoo", "urn:isbn:3", "https://例え.jp/猫"):
        assert iri(name) == iri(name, relation=True) == name_of(name) == name
