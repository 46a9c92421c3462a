from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kgreason.errors import ConfigError
from kgreason.nn.batch import GraphBatch
from kgreason.training import adversarial
from kgreason.training.adversarial import divergence, scaled
from kgreason.training.config import RunConfig, TaskConfig
from kgreason.training.objective import Objective
from kgreason.training.practices import AdversarialConfig
from tests.models import moods, places, tiny_config, tiny_model

KINDS = ("fgm", "pgd", "smooth")


def run_of(**more) -> RunConfig:
    return RunConfig("out", {"a": TaskConfig("a.csv")}, adversarial=AdversarialConfig(**more))


@pytest.fixture(scope="module")
def model(tiny_base):
    return tiny_model(tiny_base, knowledge=None)


@pytest.fixture
def shifts(model, monkeypatch):
    """Every shift at which the model is run."""
    seen, shifted = [], model.backbone.shifted

    def watch(shift):
        seen.append(shift.detach().clone())
        return shifted(shift)

    monkeypatch.setattr(model.backbone, "shifted", watch)
    return seen


def step(model, run, items):
    objective = Objective(run, model)
    part = objective.collate(items)
    model.zero_grad()
    torch.manual_seed(3)
    loss = objective.loss(model, part)
    loss.backward()
    return part, loss.detach(), {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


ITEMS = [(question, None) for question in (*moods(3), *places(2))]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [1, 3])
def test_a_perturbation_has_its_length_and_leaves_padding_alone(model, shifts, kind, steps):
    part, _, _ = step(model, run_of(kind=kind, steps=steps, radius=0.2), ITEMS)
    assert len(shifts) == 2 + {"fgm": 0, "pgd": steps - 1, "smooth": steps}[kind]
    assert not shifts[0].any()
    padding = part["attention_mask"] == 0
    assert padding.any()
    words = model.backbone.words(part["input_ids"]) * ~padding.unsqueeze(-1)
    length = 0.2 * words.flatten(1).norm(dim=1)
    for shift in shifts:
        assert not shift[padding].any()
        assert (shift.flatten(1).norm(dim=1) <= length * 1.0001).all()
    if kind != "pgd" or steps == 1:  # within its radius PGD may end anywhere
        torch.testing.assert_close(shifts[-1].flatten(1).norm(dim=1), length)


@pytest.mark.parametrize("kind", ["fgm", "pgd"])
def test_the_loss_is_higher_there_than_at_the_text_and_in_any_other_direction(model, shifts, kind):
    run = run_of(kind=kind, steps=3, radius=0.05)
    part, total, _ = step(model, run, ITEMS)
    plain = Objective(run_of(), model)
    with torch.no_grad():
        clean = plain.loss(model, part)
        for turned in (shifts[-1].neg(), torch.randn(shifts[-1].shape) * (shifts[-1] != 0)):
            with model.backbone.shifted(scaled(turned, shifts[-1].flatten(1).norm(dim=1)[:, None, None])):
                assert plain.loss(model, part) < total - clean
    assert total - clean > clean


def test_what_is_said_changes_most_where_smoothness_is_sought(model, shifts):
    part, total, _ = step(model, run_of(kind="smooth", steps=2, radius=0.05), ITEMS)
    batch = GraphBatch.from_mapping(part)
    with torch.no_grad():
        clean = Objective(run_of(), model).loss(model, part)
        before = model(batch).logits
        other = scaled(
            torch.randn(shifts[-1].shape) * (shifts[-1] != 0), shifts[-1].flatten(1).norm(dim=1)[:, None, None]
        )
        with model.backbone.shifted(other):
            change = divergence(before, model(batch).logits, batch)
    assert total - clean > change > 0


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_radius_a_step_is_a_plain_one_bit_for_bit(model, kind):
    _, plain, gradients = step(model, run_of(), ITEMS)
    _, loss, found = step(model, run_of(kind=kind, radius=0.0), ITEMS)
    assert torch.equal(loss, plain)
    assert all(torch.equal(found[name], gradient) for name, gradient in gradients.items())


def test_passes_share_what_they_drop_out_and_use_up_no_more_chance_than_one(tiny_base, monkeypatch):
    from kgreason.nn.model import ReasoningModel

    torch.manual_seed(5)
    model = ReasoningModel.create(tiny_config(tiny_base, knowledge=None, dropout=0.5)).train()
    _, plain, _ = step(model, run_of(), ITEMS)
    after = torch.rand(1)
    monkeypatch.setattr(adversarial, "scaled", lambda direction, size: torch.zeros_like(direction))
    _, loss, _ = step(model, run_of(kind="fgm"), ITEMS)
    assert torch.equal(torch.rand(1), after)
    assert torch.equal(loss, plain + plain)


def test_an_m_held_fixed_has_nothing_to_learn_from_it(tiny_base):
    model = tiny_model(tiny_base, knowledge=None)
    for parameter in model.backbone.parameters():
        parameter.requires_grad_(False)
    with pytest.raises(ConfigError, match="held fixed"):
        Objective(run_of(kind="fgm"), model)
    Objective(run_of(kind="fgm", radius=0.0), model)


@given(logits=st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=2, max_size=5), several=st.booleans())
def test_divergence_is_that_of_its_distributions(logits, several):
    count = len(logits)
    p, q = (torch.tensor(column) for column in zip(*logits, strict=True))
    batch = GraphBatch(**{name: torch.zeros(0) for name in GraphBatch.__dataclass_fields__})
    fields = {
        "labels": torch.tensor([-100 if several else 0]), "target": torch.full((count,), 0.0 if several else math.nan),
        "multi_label": torch.tensor([several]), "question_given": torch.tensor([False]),
        "option_question": torch.zeros(count, dtype=torch.int64),
    }  # fmt: skip
    batch = GraphBatch(**{**batch.to_mapping(), **fields})

    def kl(a, b):
        return sum(x * (math.log(x) - math.log(y)) for x, y in zip(a, b, strict=True))

    if several:
        pairs = zip(p.double().sigmoid().tolist(), q.double().sigmoid().tolist(), strict=True)
        expected = sum(kl((a, 1 - a), (b, 1 - b)) for a, b in pairs)
    else:
        expected = kl(p.double().softmax(0).tolist(), q.double().softmax(0).tolist())
    assert divergence(p, q, batch).item() == pytest.approx(expected, rel=1e-3, abs=1e-4)
