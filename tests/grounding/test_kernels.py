from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kgreason.grounding.kernels import _BASIS, _find, _hash, _known, _variants
from kgreason.grounding.match import table_of
from tests.grounding.test_match import table

forms = st.sets(st.text(alphabet="abé 猫", min_size=1).map(lambda text: " ".join(text.split())).filter(bool))


@given(forms, forms)
def test_a_form_is_found_exactly_if_it_is_stored(stored, asked):
    surfaces = table(stored)
    read = table_of(surfaces)
    for form in stored | asked:
        data = np.frombuffer(form.encode(), np.uint8)
        key = np.uint64(_hash(_BASIS, data, 0, len(data)))  # comes back as a Python number
        index = _find(read, key, data, len(data))
        assert (index >= 0) == (form in stored)
        assert index < 0 or (surfaces.form(index) == form and _known(read, key))


@given(st.lists(st.integers(1, 9), max_size=7))
def test_variants_stay_within_their_limit(counts):
    words = np.arange(len(counts), dtype=np.int32)
    ptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    limit, product = _variants(words, ptr)
    assert product == np.prod([min(limit, count) for count in counts], dtype=int)
    assert product <= 256
    assert limit >= 1
