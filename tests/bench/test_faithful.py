from __future__ import annotations

import pytest

from kgreason.bench.faithful import CLAIMS, measure_faithfulness, questions
from tests.models import opened, places, tiny_model


def test_what_can_be_claimed_is_written_down(tiny_base, tiny_graph, book):
    found = measure_faithfulness(opened(tiny_model(tiny_base)), places(31), tiny_graph, book)
    lines = {line["claim"]: line for line in book.lines()}
    if not found["n"]:
        assert list(lines) == ["faithfulness: contributions differ from the score"]
        return
    assert list(lines) == list(CLAIMS)
    assert lines["faithfulness: the named edges alone keep the choice"]["value"] == 100 * found["sufficiency"]
    assert {line["n"] for line in lines.values()} == {found["n"]}
    assert book.rows() == {}


@pytest.mark.data
def test_questions_come_from_every_set(data_dir):
    assert len(questions(data_dir, limit=3)) == 21
