from __future__ import annotations

import gzip
import json

import pytest

from kgreason.engine import ENTAILMENT
from kgreason.tasks import validate
from kgreason.tasks.stories import stories
from tools.measure_logic import clutrr, consistency, reading, violations

E, N, C = range(3)


@pytest.mark.parametrize(
    ("kind", "answers", "wrong"),
    [
        ("symmetry", [(E, E), (E, N), (C, C)], [False, True, False]),
        ("negation", [(E, C), (C, E), (N, N), (E, E), (N, C)], [False, False, False, True, True]),
        ("transitivity", [(E, E, E), (E, E, N), (E, N, C), (N, N, N)], [False, True, False, False]),
    ],
)
def test_violations(kind, answers, wrong):
    assert violations(kind, answers) == wrong


def test_groups_are_made_of_edges(tiny_graph):
    found = consistency(tiny_graph, 1, seed=3)
    assert {kind: len(groups[0]) for kind, groups in found.items()} == {
        "symmetry": 2, "negation": 2, "transitivity": 3,
    }  # fmt: skip
    for groups in found.values():
        for question in groups[0]:
            assert validate(question).options == ENTAILMENT


def test_stories_are_read_as_they_were_written():
    assert reading(stories("order", 3, steps=3)) == {"precision": 100.0, "recall": 100.0}


def test_clutrr_asks_for_the_last_name(tmp_path):
    row = {"context": "Story: [Ann] and her son [Bo] sat.\nGender: Ann:female,Bo:male\n", "target_text": "son"}
    file = tmp_path / "test.json.gz"
    file.write_bytes(gzip.compress(json.dumps(row).encode()))
    (question,) = clutrr(file)
    assert question.text == "How is Bo related to Ann?"
    assert question.answer == question.options.index("son")
    assert question.facts == (("Ann", "HasProperty", "female"), ("Bo", "HasProperty", "male"))
