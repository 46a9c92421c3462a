"""What texts state, and what they do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.grounding.stated import Reader

READER = Reader.load()


def read(text):
    return [stated.triple for stated in READER.read(text).edges]


@pytest.mark.parametrize(
    ("text", "triples"),
    [
        ("Anna is the mother of Ben.", [("Anna", "mother of", "Ben")]),
        ("Ben's father Carl came.", [("Carl", "father of", "Ben")]),
        ("Ben's dad is Carl.", [("Carl", "father of", "Ben")]),
        ("The older sister of Ben is Dora.", [("Dora", "sister of", "Ben")]),
        ("[Anna] and her brother [Ben] went out.", [("Ben", "brother of", "Anna")]),
        ("[Ana]'s brother [Ben] and mother [Eva] sang.", [("Ben", "brother of", "Ana"), ("Eva", "mother of", "Ana")]),
        ("Ana took her son Ben and her niece Eva home.", [("Ben", "son of", "Ana"), ("Eva", "niece of", "Ana")]),
        ("Anna is not the sister of Carl.", [("Anna", "not sister of", "Carl")]),
        ("Anna has a niece called Ben.", [("Ben", "niece of", "Anna")]),
        ("Anna likes to visit her sister. Her name is Cora.", [("Cora", "sister of", "Anna")]),
        ("Anna and Ben are siblings.", [("Anna", "sibling of", "Ben")]),
        ("Anna has been married to Ben for years.", [("Anna", "spouse of", "Ben")]),
        ("Anna is Ben's mother-in-law.", [("Anna", "mother-in-law of", "Ben")]),
        ("Anna sat down. She saw her brother Ben.", [("Ben", "brother of", "Anna")]),
        ("Anna is much taller than Ben.", [("Anna", "taller than", "Ben")]),
        ("The blue book is older than the red one.", [("blue book", "older than", "red one")]),
        ("The lamp is not to the left of the chair.", [("lamp", "not left of", "chair")]),
        ("A wheel is part of a car.", [("wheel", "PartOf", "car")]),
        ("Hot is not the opposite of warm.", [("Hot", "NotAntonym", "warm")]),
    ],
)  # fmt: skip
def test_stated(text, triples):
    assert read(text) == triples


@pytest.mark.parametrize(
    "text",
    [
        "Is Anna the mother of Ben?",
        "Tom said that Anna is the mother of Ben.",
        "Perhaps Anna is taller than Ben.",
        "If Anna is the mother of Ben, she is old.",
        "Anna met Cora and her brother Ben.",
        "Anna and her brother left.",
        "He is taller than they are.",
        "It is part of the plan.",
        "Anna is running.",
        "Where would you find a penguin?",
        "A man is playing a guitar on stage.",
        "The sanctions against the school were a punishing blow.",
        "",
    ],
)
def test_not_surely_stated(text):
    assert read(text) == []


def test_known_genders_say_whom_a_pronoun_means():
    text = "Kim met Lou and his brother Ben."
    assert read(text) == []
    found = READER.read(text, {"Kim": "female", "Lou": "male"}).edges
    assert [stated.triple for stated in found] == [("Ben", "brother of", "Lou")]


def test_other_languages_state_nothing_yet():
    assert Reader.load("zh").read("安娜是本的母亲。").edges == ()


WORDS = st.sampled_from(
    ["Anna", "[Ben]", "Cora's", "is", "the", "mother", "of", "her", "his", "their", "brother", "and", ",", ".", "?",
     "not", "taller", "than", "if", "then", "every", "cat", "are", "a", "kind", "named", "has", "\n", "siblings"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=60))
def test_spans_lie_in_the_text_and_names_too(words):
    text = " ".join(words)
    found = READER.read(text)
    assert len({stated.triple for stated in found.edges}) == len(found.edges)
    for stated in found.edges:
        assert 0 <= stated.start < stated.end <= len(text)
        source, _, target = stated.triple
        assert source != target
        assert source in text.replace("\n", " ")


@given(st.text(max_size=300))
def test_any_text_is_read(text):
    READER.read(text)


@given(st.sampled_from(["Anna", "Ben", "Cora"]), st.sampled_from(["Dan", "Eva"]), st.sampled_from(sorted(READER.kin)))
def test_a_form_states_the_same_of_all_names(one, other, word):
    assert read(f"{one} is the {word} of {other}.") == [(one, READER.kin[word], other)]
