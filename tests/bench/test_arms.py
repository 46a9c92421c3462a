from __future__ import annotations

import numpy as np
import pytest
import torch

from kgreason.bench.arms import ARMS, Form, arm, untrained
from kgreason.bench.controls import View
from kgreason.bench.models import recall
from kgreason.bench.plan import Request, form_of
from kgreason.bench.rows import PLAIN
from kgreason.errors import InputError
from kgreason.nn.model import ReasoningModel
from kgreason.nn.predict import predict
from tests.bench.conftest import tiny_row

K = "separate.counter-nodes"


@pytest.mark.slow
def test_every_arm_runs(runner):
    asked = Request(
        ("T:joint", "zero-shot", "T+K:follower-nodes", "T+facts", "GSC", "RGCN", "GAT", "QAGNN"),
        (1,),
        controls=(PLAIN,),
    )
    assert runner.run(asked)
    arms = {row.arm for row in runner.entries()}
    assert arms == {"T", "zero-shot", "T+K", "T+facts", "GSC", "RGCN", "GAT", "QAGNN"}
    # What was learned is what is read again.
    for name in ("GSC", "QAGNN"):
        row = tiny_row(name, "joint")
        first, second = (recall(runner.config(row), form_of(row)[0]) for _ in range(2))
        items = runner.items(View())[:7]
        for one, other in zip(predict(first, items), predict(second, items), strict=True):
            np.testing.assert_array_equal(one.paths + one.graph, other.paths + other.graph)
            assert np.abs(one.paths + one.graph).max() > 0 or one.features is None or one.features[1] == 0


def test_k_leaves_the_text_model_as_it_is(runner):
    row = tiny_row("T+K", K)
    text, both = runner.trained(tiny_row("T")).state_dict(), runner.trained(row).state_dict()
    kept = [name for name in text if not name.startswith(("logic.node", "logic.gate", "logic.abstention"))]
    for name in kept:
        torch.testing.assert_close(both[name], text[name], rtol=0, atol=0, msg=name)
    assert any(name.startswith("knowledge.counter") and both[name].abs().max() > 0 for name in both)


@pytest.mark.slow
def test_an_arm_goes_on_from_a_finished_model(runner):
    row = tiny_row("K", "mini")
    before = ReasoningModel.from_pretrained(runner.config(row).init).own_state()
    after = runner.trained(row).own_state()
    changed = {name for name, tensor in before.items() if not torch.equal(after[name], tensor)}
    assert "knowledge.follower.text.weight" in changed
    text = ("emotion.", "context.", "logic.scale", "logic.task", "logic.offset", "logic.affect")
    assert not [name for name in changed if name.startswith(text)]


def test_zero_shot_is_the_cosine_of_the_pretrained_model(budget):
    model = untrained(ARMS["zero-shot"].forms[""], budget)
    assert model.knowledge is None
    assert model.settings.base == budget.base


def test_a_finished_model_can_be_an_arm(budget):
    assert untrained(Form("separate", trained=False, checkpoint="mini"), budget).knowledge is not None


def test_only_arms_without_a_reading_of_their_own_stand_on_a_text_model():
    assert {name for name, each in ARMS.items() if each.on_text} == {
        "T+K", "T+L", "T+facts", "GSC", "RGCN", "GAT", "QAGNN",
    }  # fmt: skip
    with pytest.raises(InputError, match="there is no arm 'BERT'"):
        arm("BERT")
