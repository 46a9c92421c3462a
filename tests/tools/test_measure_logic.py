from __future__ import annotations

import pytest

from kgreason.engine import ENTAILMENT
from kgreason.tasks import validate
from kgreason.tasks.stories import stories
from tools.measure_logic import consistency, proofs, reading, violations

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


def test_proofs_of_a_story_are_right():
    assert proofs(list(stories("family", 3, steps=3))) == {"settled": 100.0, "right": 100.0}
