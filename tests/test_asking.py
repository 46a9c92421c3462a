from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from kgreason import asking
from kgreason.asking import sentiment_of, together
from kgreason.front import Read
from kgreason.records import Question

LONGEST = asking.STEP_CHARACTERS
questions = st.builds(
    lambda length, kind: Question(
        "?" * length, () if kind == "open" else ("a", "b"), kind, context="It is." if kind == "choice" else None
    ),
    st.integers(1, LONGEST + 1),
    st.sampled_from(("emotion", "choice", "open")),
)


@given(st.lists(questions, max_size=12))
def test_small_questions_go_together_and_large_ones_alone(asked):
    reads = {3 * i: Read(question, None, (), (), {}) for i, question in enumerate(asked)}
    steps = [step for step in together(reads) if step]
    assert sorted(i for step in steps for i in step) == sorted(reads)
    for step in steps:
        own = [reads[i].question for i in step]
        assert len(step) == 1 or sum(len(q.text) + 2 for q in own) <= LONGEST
        assert len(step) == 1 or all(q.task == "emotion" for q in own)
    small = [step for step in steps if reads[step[0]].question.task == "emotion"]
    for one, other in itertools.pairwise(small):  # no step could have held the next one's first, too
        assert sum(len(reads[i].question.text) + 2 for i in (*one, other[0])) > LONGEST


def test_labels_of_a_sentiment_are_in_its_language():
    assert sentiment_of("A sad day.").options == asking.SENTIMENT
    chinese = sentiment_of("悲伤的一天。")
    assert chinese.language == "zh"
    assert chinese.options == sentiment_of("A sad day.", "zh").options != asking.SENTIMENT
