"""Terms of a loss share a batch: each finds what it brought into it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from kgreason.nn.batch import Collator, Item, RelationNames
from kgreason.records import Question
from kgreason.retrieval import Pairs
from kgreason.tasks.entailment import THREE_WAY
from kgreason.training.config import RunConfig, TaskConfig
from kgreason.training.distillation import with_lesson
from kgreason.training.practices import DistillConfig
from kgreason.training.terms import terms
from tests.formula import make

RUN = RunConfig("out", {"a": TaskConfig("a.csv")})
PAIR = Question("A man is asleep.", THREE_WAY, "entailment", "Someone is there.", answer=0)


def test_a_plain_run_has_none():
    assert terms(RUN, Pairs([]).anew) == []
    assert terms(replace(RUN, distill=DistillConfig(("mini",), weight=0.0)), Pairs([]).anew) == []


def test_what_one_term_adds_stands_behind_what_another_did(tiny_base):
    run = replace(RUN, consistency=0.5, bias=2.0, distill=DistillConfig(("mini",), weight=0.25))
    items: list[Item] = [(with_lesson(PAIR, PAIR.options, np.array([0.5, 0.25, 0.25])), None), (PAIR, None)]
    asked, every, beside = terms(run, Pairs([]).anew), list(items), {}
    for term in asked:
        more, beside[term.name] = term.join(items, len(every))
        every += more
    assert {term.name: term.weight for term in asked} == {"links": 0.5, "twins": 2.0, "taught": 0.25}
    texts = [(question.text, question.hypothesis) for question, _ in every]
    for kind, first, second, _ in beside["links"].T.tolist():
        turned = (PAIR.text, "Someone is not there.") if kind == 0 else (PAIR.hypothesis, PAIR.text)
        assert (texts[first], texts[second]) == ((PAIR.text, PAIR.hypothesis), turned)
    for first, second in beside["twins"].T.tolist():
        assert (texts[first], texts[second][0]) == ((PAIR.text, PAIR.hypothesis), "A woman is asleep.")
    assert len(beside["taught"]) == 6
    batch = Collator(make(tiny_base).backbone.tokenizer, RelationNames())(every)
    assert {term.name: term.count(batch, beside[term.name]) for term in asked} == {"links": 2, "twins": 2, "taught": 1}
    logits = torch.zeros(batch.num_options, requires_grad=True)
    for term in asked:
        assert term.loss(logits, batch, beside[term.name]).shape == ()
