from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.graph.vectors import DIMENSIONS, StaticVectors

RELATED = (
    ("dog", "puppy", "income tax"),
    ("penguin", "bird", "spreadsheet"),
    ("revolving door", "entrance", "banana"),
    ("go to the dentist", "tooth", "football match"),
    ("bake bread", "oven", "earthquake"),
    ("happy", "joyful", "carburetor"),
    ("rain", "umbrella", "violin"),
    ("doctor", "hospital", "cheese"),
    ("swimming pool", "water", "parliament"),
    ("winter", "snow", "keyboard"),
    ("guitar", "music", "plumber"),
)


@pytest.fixture(scope="module")
def vectors():
    return StaticVectors.load()


@pytest.mark.parametrize(("text", "related", "unrelated"), RELATED)
def test_related_phrases_are_closer_than_unrelated_ones(vectors, text, related, unrelated):
    a, b, c = vectors.encode([text, related, unrelated])
    assert vectors.cosine(a, b) > vectors.cosine(a, c) + 0.1


@pytest.mark.parametrize("text", ["", " ", "\t\n", "[CLS]"])
def test_a_text_without_words_is_zero_or_read_as_characters(vectors, text):
    vector = vectors.encode([text])
    assert vector.shape == (1, DIMENSIONS)
    assert vector.any() == bool(text.strip())


def test_only_letters_outside_the_vocabulary_give_zero(vectors):
    zero = vectors.encode(["\U0001f427"])
    assert not zero.any()
    assert vectors.cosine(zero[0], zero[0]) == 0
    assert not vectors.encode([]).size


def test_case_and_accents_do_not_count(vectors):
    a, b = vectors.encode(["Café au LAIT", "cafe au lait"])
    assert (a == b).all()


@given(st.lists(st.text(max_size=30), max_size=13))
def test_each_text_has_its_own_unit_vector_whatever_stands_beside_it(texts):
    vectors = StaticVectors.load()
    together = vectors.encode(texts)
    assert together.dtype == np.int8
    assert together.shape == (len(texts), DIMENSIONS)
    alone = [vectors.encode([text])[0] for text in texts]
    assert all((one == row).all() for one, row in zip(alone, together, strict=True))
    lengths = np.linalg.norm(together.astype(float), axis=1)
    assert np.isin(together.any(1), [False]).sum() == (lengths == 0).sum()
    assert np.allclose(lengths[lengths > 0], 127, atol=6)


@given(st.text(st.sampled_from("ab penguin,.'é\u0301\x1c\u200b\u3000\n動"), max_size=20))
def test_words_are_tokenized_apart_as_in_their_text(vectors, text):
    assert vectors._ids(text) == vectors._tokenizer.encode(text, add_special_tokens=False).ids


def test_a_long_list_is_cut_into_chunks(vectors, monkeypatch):
    texts = [text for triple in RELATED for text in triple]
    whole = vectors.encode(texts)
    monkeypatch.setattr("kgreason.graph.vectors._CHUNK", 7)
    assert (vectors.encode(iter(texts)) == whole).all()


@given(st.integers(0, 2**32 - 1))
def test_cosine_is_that_of_plain_arithmetic(seed):
    random = np.random.default_rng(seed)
    a = random.integers(-127, 128, (3, 5, DIMENSIONS), np.int8)
    b = random.integers(-127, 128, (7, DIMENSIONS), np.int8)
    a[0, 0] = 0
    got = StaticVectors.cosine(a, b)
    assert got.shape == (3, 5, 7)
    assert got.dtype == np.float32
    for i, j, k in np.ndindex(3, 5, 7):
        x, y = a[i, j].astype(float), b[k].astype(float)
        assert got[i, j, k] == pytest.approx(x @ y / (np.linalg.norm(x) * np.linalg.norm(y) or 1), abs=1e-6)


def test_encoding_needs_no_torch():
    code = (
        "import sys; from kgreason.graph.vectors import StaticVectors; StaticVectors.load().encode(['penguin']); "
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
