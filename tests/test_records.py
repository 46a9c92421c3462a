from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgreason.records import (
    Answer,
    Candidate,
    Edge,
    Evidence,
    Grounding,
    KeySentence,
    Mention,
    Mood,
    Option,
    Path,
    Question,
)

numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)
edges = st.builds(
    Edge,
    st.text(),
    st.text(),
    st.text(),
    numbers,
    st.sampled_from(("graph", "stated", "given", "rule")),
    st.text(),
)
evidences = st.builds(
    Evidence, st.lists(st.builds(Path, st.lists(edges, max_size=3).map(tuple), numbers), max_size=2).map(tuple)
)
options = st.builds(Option, st.integers(0, 63), st.text(), numbers, numbers, numbers, numbers, evidences)
answers = st.builds(
    Answer,
    st.text(),
    st.integers(0, 63),
    numbers,
    st.lists(options, max_size=3).map(tuple),
    evidences,
    st.booleans(),
    st.booleans(),
    numbers,
    st.text(),
    st.lists(st.builds(KeySentence, st.text(), st.integers(0), numbers), max_size=2).map(tuple),
    st.dictionaries(st.text(), numbers, max_size=2),
    st.lists(st.text(), max_size=2).map(tuple),
)


@given(answers)
def test_an_answer_survives_json(answer):
    assert Answer.from_dict(answer.to_dict()) == answer
    assert Answer.from_dict(json.loads(json.dumps(answer.to_dict()))) == answer


def test_a_mood_is_json_ready():
    mood = Mood("fine", "positive", 0.75, {"joy": 0.5}, ("joy",), (0.5, 0.25, 0.75), 0.125)
    values = json.loads(json.dumps(mood.to_dict()))
    assert values["vad"] == [0.5, 0.25, 0.75]
    assert values["categories"] == {"joy": 0.5}


def test_edges_and_paths_read_as_words():
    edge = Edge("penguin", "AtLocation", "zoo", 1.0)
    told = dataclasses.replace(edge, text="penguin is found at zoo")
    assert str(edge) == "penguin —AtLocation→ zoo"
    assert str(Path((told, edge))) == "penguin is found at zoo; penguin —AtLocation→ zoo"


def test_mentions_of_the_question_and_of_an_option():
    penguin, zoo = (
        Mention(0, 1, name, (Candidate(0, name, 1.0),), option) for name, option in (("penguin", -1), ("zoo", 1))
    )
    grounding = Grounding(Question("p", ("oven", "z")), (penguin, zoo))
    assert (grounding.of(-1), grounding.of(0), grounding.of(1)) == ((penguin,), (), (zoo,))


def test_records_are_frozen_and_questions_hash():
    question = Question("Who?", extra={"stars": 5})
    assert hash(question) == hash(Question("Who?", extra={"stars": 4}))
    with pytest.raises(dataclasses.FrozenInstanceError):
        question.text = "What?"  # type: ignore[misc]  # what is tested
