from __future__ import annotations

import pytest

from kgreason.errors import LimitError
from kgreason.records import Question
from kgreason.serving.wire import Ask, Emotion


def test_an_item_is_a_question():
    asked = Ask(question="Where?", options=["zoo", "oven"]).asked()
    assert asked == Question("Where?", ("zoo", "oven"))


def test_one_option_is_too_few():
    with pytest.raises(LimitError, match="1 entry"):
        Ask(question="Where?", options=["zoo"]).asked()


@pytest.mark.parametrize("item", [Emotion(text="Sad. " * 513), Ask(question="Where?", context="Sad. " * 513)])
def test_no_text_has_sentences_without_end(item):
    with pytest.raises(LimitError, match="513 sentences"):
        item.asked()
