from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kgreason.grounding.kernels import _BASIS, _find, _go_on, _hash, _known, _limit
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


@given(forms)
def test_every_beginning_of_a_form_lives(stored):
    read = table_of(table(stored))
    for form in stored:
        data = np.frombuffer(form.encode(), np.uint8)
        for end in range(len(data) + 1):
            assert _go_on(read, np.uint64(_BASIS), 0, data, 0, end)[1] == end


def test_most_other_beginnings_die():
    stored = {f"{a}{b} {c}" for a in "abcdefg" for b in "hijklmn" for c in ("opq", "rstuv")}
    read, asked = (
        table_of(table(stored)),
        [f"{a}{b} {c}" for a in "hijklmn" for b in "abcdefg" for c in ("opq", "rstuv")],
    )
    lives = [_go_on(read, np.uint64(_BASIS), 0, np.frombuffer(form.encode(), np.uint8), 0, 4)[1] > 0 for form in asked]
    assert np.mean(lives) < 0.1


@given(st.lists(st.integers(1, 9), max_size=7))
def test_variants_stay_within_their_limit(counts):
    words = np.arange(len(counts), dtype=np.int32)
    group = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    limits = [_limit(words, 0, count, group) for count in range(len(counts) + 1)]
    assert limits == sorted(limits, reverse=True)
    assert np.prod([min(limits[-1], count) for count in counts], dtype=int) <= 256
    assert limits[-1] >= 1
