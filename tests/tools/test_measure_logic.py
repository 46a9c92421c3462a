from __future__ import annotations

import pytest

from kgreason.nn.model import ReasoningModel
from kgreason.nn.weights import find_checkpoint
from kgreason.records import Question
from kgreason.tasks.entailment import THREE_WAY
from kgreason.tasks.stories import stories
from tools.measure_logic import broken, groups, proofs, reading


def test_chains_are_groups_of_three():
    for first, second, whole in groups("transitivity", 11):
        assert (first.text, first.hypothesis) == (whole.text, second.text)
        assert whole.hypothesis == second.hypothesis
        assert [first.answer, second.answer, whole.answer] == [0, None, None]


@pytest.mark.data
def test_pairs_are_of_dev_sets(data_dir):
    assert [len(group) for group in groups("negation", 7)] == [2] * 7
    assert groups("symmetry", 7) == groups("symmetry", 7)


def test_what_is_broken_is_counted():
    model = ReasoningModel.from_pretrained(find_checkpoint("mini"), device="cpu")
    pair = Question("A man sings.", THREE_WAY, "entailment", "A man sings.")
    assert broken(model, "negation", [[pair, pair]]) == 1  # both entailed


def test_stories_are_read_as_they_were_written():
    assert reading(stories("order", 3, steps=3)) == {"precision": 100.0, "recall": 100.0}


def test_proofs_of_a_story_are_right():
    assert proofs(list(stories("family", 3, steps=3))) == {"settled": 100.0, "right": 100.0}
