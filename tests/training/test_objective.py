from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from kgreason.nn.batch import GraphBatch
from kgreason.nn.knowledge import KnowledgeConfig
from kgreason.records import Question
from kgreason.retrieval import Pairs
from kgreason.tasks.entailment import THREE_WAY
from kgreason.training.config import RunConfig, TaskConfig
from kgreason.training.distillation import with_lesson
from kgreason.training.losses import losses
from kgreason.training.objective import Objective
from kgreason.training.practices import AdversarialConfig, DistillConfig
from tests.models import KNOWLEDGE, moods, places, tiny_model

FOLLOWER = KnowledgeConfig(**{**vars(KNOWLEDGE), "paths": "follower"})


def mixed() -> list[Question]:
    """Eight questions of every kind that losses tell apart, unevenly spread over halves and quarters."""
    own = [replace(q, facts=(("penguin", "AtLocation", "zoo"), ("bird", "AtLocation", "nest"))) for q in places(3)]
    several = Question("a bright film", ("joy", "fear"), "emotion", answers=(0,), multi_label=True)
    felt = Question("a dull film", ("joy", "fear"), "emotion", vad=(0.2, 0.5, 0.4))
    asked = Question("Where is a penguin?", task="open", gold=("zoo", "antarctica"))
    return [*own[:2], places(1)[0], asked, several, felt, own[2], moods(1)[0]]


def gradients(model, objective, items, size):
    """Loss and gradients of a step whose items are read so many at once."""
    parts = [objective.collate(items[start : start + size]) for start in range(0, len(items), size)]
    whole = objective.whole(parts) if len(parts) > 1 else None
    model.zero_grad()
    torch.manual_seed(1)
    total = [objective.loss(model, part, whole) for part in parts]
    torch.autograd.backward(total)
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("consistency", [0.0, 0.5])
def test_gradients_of_parts_add_up_to_those_of_the_whole_step(tiny_base, tiny_graph, home, consistency):
    questions = mixed()
    if consistency:
        pairs = [
            Question(f"The {'man' if n < 3 else 'cat'} is {n}.", THREE_WAY, "entailment", "It is.", answer=n % 3)
            for n in range(8)
        ]
        questions = [*pairs[:4], *questions[:4]]  # rules take turns within a part: an even number in each
    items = list(Pairs(questions, tiny_graph, stored=False))
    model = tiny_model(tiny_base, knowledge=FOLLOWER)
    items = [(with_lesson(q, q.options, np.linspace(0.1, 0.6, len(q.options))) if n % 3 else q, subgraph)
             for n, (q, subgraph) in enumerate(items)]  # fmt: skip
    run = RunConfig("out", {"a": TaskConfig("a.csv")}, consistency=consistency, bias=consistency)
    run = replace(run, distill=DistillConfig(("mini",) if consistency else ()))
    objective = Objective(run, model)
    whole = gradients(model, objective, items, 8)
    assert whole
    for size in (4, 2):
        parts = gradients(model, objective, items, size)
        for name, gradient in whole.items():
            torch.testing.assert_close(parts.get(name, torch.zeros_like(gradient)), gradient, rtol=1e-3, atol=2e-6)


def test_a_step_in_one_piece_costs_what_its_losses_say(tiny_base, tiny_graph, home):
    items = list(Pairs(mixed(), tiny_graph, stored=False))
    model = tiny_model(tiny_base)
    objective = Objective(RunConfig("out", {"a": TaskConfig("a.csv")}), model)
    part = objective.collate(items)
    batch = GraphBatch.from_mapping(part)
    assert torch.equal(objective.loss(model, part), losses(model(batch), batch).total)


@pytest.mark.parametrize("kind", ["none", "fgm", "smooth"])
@pytest.mark.parametrize(
    "question",
    [
        Question("Where is a penguin?", task="open", gold=("zoo",)),  # without a graph there is nothing to find
        Question("A joy.", task="emotion", vad=(0.9, 0.5, 0.5)),  # the model has no E
    ],
)
def test_a_batch_with_nothing_to_learn_from_has_a_gradient_of_nothing(tiny_base, kind, question):
    model = tiny_model(tiny_base)
    model.emotion = None
    run = RunConfig("runs/a", {"a": TaskConfig("a.jsonl")}, adversarial=AdversarialConfig(kind))
    objective = Objective(run, model)
    part = objective.collate([(question, None)])
    loss = objective.loss(model, part)
    loss.backward()
    assert loss == 0
    assert not any(p.grad.any() for p in model.parameters() if p.grad is not None)
