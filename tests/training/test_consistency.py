"""Rules over labels of entailments: what they tie, what breaking them costs."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from kgreason.nn.batch import Collator, RelationNames
from kgreason.records import Question
from kgreason.tasks.entailment import THREE_WAY, TWO_WAY
from kgreason.training.consistency import consistency_loss, linked, tied, violated
from tests.formula import make

PAIR = Question("A man is asleep.", THREE_WAY, "entailment", "Someone is there.", answer=0)
CHAIN = replace(PAIR, extra={"beyond": "It is a being."})
E, N, C = range(3)


def test_what_is_tied_has_no_label_and_turns():
    for kind, question, texts in (
        ("negation", PAIR, [("A man is asleep.", "Someone is not there.")]),
        ("symmetry", PAIR, [("Someone is there.", "A man is asleep.")]),
        ("transitivity", CHAIN, [("Someone is there.", "It is a being."), ("A man is asleep.", "It is a being.")]),
    ):
        others = tied(kind, question)
        assert [(each.text, each.hypothesis) for each in others] == texts
        assert all(each.answer is None for each in others)


def test_rules_take_turns_and_leave_other_questions_alone():
    choice = Question("Where?", ("here", "there"), answer=0)
    two_way = replace(PAIR, options=TWO_WAY)
    more, links = linked([choice, PAIR, PAIR, two_way, CHAIN, replace(PAIR, language="zh")])
    assert links.T.tolist() == [[0, 1, 6, -1], [1, 2, 7, -1], [2, 4, 8, 9]]
    assert len(more) == 4
    more, links = linked([choice])
    assert (more, tuple(links.shape)) == ([], (4, 0))


def cost(tiny_tokenizer, labels, question=PAIR):
    """The loss where each question in turn is all but sure of a label."""
    more, links = linked([question] if question is CHAIN else [question, question])
    questions = [*([question] if question is CHAIN else [question, question]), *more]
    batch = Collator(tiny_tokenizer, RelationNames())([(each, None) for each in questions])
    logits = torch.full((len(questions), len(THREE_WAY)), -4.0)
    logits[torch.arange(len(questions)), torch.tensor(labels)] = 4.0
    return float(consistency_loss(logits.flatten(), batch, links))


@pytest.mark.parametrize(
    ("labels", "broken"),
    [
        ((E, C, C, C), False),  # question, question, the negation of the first, the second turned round
        ((C, E, E, N), False),
        ((N, N, N, E), False),
        ((E, C, E, C), True),
        ((E, C, C, N), True),
    ],
)
def test_breaking_a_rule_costs(tiny_base, labels, broken):
    tokenizer = make(tiny_base).backbone.tokenizer
    found = cost(tokenizer, labels)
    assert (found > 1) == broken == (violated("negation", labels[::2]) or violated("symmetry", labels[1::2]))


@pytest.mark.parametrize(("labels", "broken"), [((E, E, E), False), ((E, E, N), True), ((E, N, C), False)])
def test_a_chain_holds(tiny_base, labels, broken):
    tokenizer = make(tiny_base).backbone.tokenizer
    assert (cost(tokenizer, labels, CHAIN) > 1) == broken == violated("transitivity", labels)


def test_no_rule_costs_nothing(tiny_base):
    batch = make(tiny_base).collator()([(PAIR, None)])
    assert float(consistency_loss(torch.zeros(3), batch, torch.zeros(4, 0, dtype=torch.int64))) == 0.0
