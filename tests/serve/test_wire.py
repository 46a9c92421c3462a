from __future__ import annotations

import pytest

from kgreason.errors import LimitError
from kgreason.records import Question
from kgreason.serve.wire import Ask


def test_an_item_is_a_question():
    asked = Ask(question="Where?", options=["zoo", "oven"]).asked()
    assert asked == Question("Where?", ("zoo", "oven"))


def test_one_option_is_too_few():
    with pytest.raises(LimitError, match="1 entry"):
        Ask(question="Where?", options=["zoo"]).asked()
