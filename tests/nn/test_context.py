from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from kgreason.nn.context import READ, Context, OptionAttention
from kgreason.nn.segment import segment_count
from kgreason.nn.state import CognitiveState
from tests.cases import WIDTH, ModuleCase, random_batch, random_state
from tests.formula import close


class TestContext(ModuleCase):
    writes = ("question", "option", "sentence")

    def make(self) -> nn.Module:
        return Context(WIDTH)


def long_state() -> CognitiveState:
    """Three questions, the second with two chunks of context."""
    state = random_state(random_batch())
    batch, tokens = state.batch, state.tokens
    assert tokens is not None
    chunks = replace(
        batch,
        sequence_text=torch.cat([batch.sequence_text, torch.tensor([4, 5])]),
        sequence_question=torch.cat([batch.sequence_question, torch.tensor([1, 1])]),
        sequence_option=torch.cat([batch.sequence_option, torch.tensor([-1, -1])]),
        sequence_joint=torch.cat([batch.sequence_joint, torch.zeros(2, dtype=torch.bool)]),
    )
    return CognitiveState(chunks, tokens=torch.cat([tokens, tokens[[4, 5]]]))


def test_a_question_without_context_is_its_mean_token():
    state: Any = random_state(random_batch())
    batch = state.batch
    after = Context(WIDTH)(state)
    for question, row in enumerate((batch.sequence_option < 0).nonzero().flatten().tolist()):
        real = state.tokens[row][batch.attention_mask[batch.sequence_text[row]].bool()]
        close(after.question[question], real.mean(0))
        assert after.sentence[row] == 1.0
    assert not after.sentence[batch.sequence_option >= 0].any()


def test_chunks_share_one_by_their_likeness_to_the_question():
    state: Any = long_state()
    context = Context(WIDTH)
    after = context(state)
    own = state.batch.sequence_option < 0
    rows = (own & (state.batch.sequence_question == 1)).nonzero().flatten()
    lengths = state.batch.attention_mask[state.batch.sequence_text].sum(1, keepdim=True)
    pooled = state.tokens.sum(1) / lengths
    likeness = torch.stack([torch.cosine_similarity(pooled[row], pooled[rows[0]], dim=0) for row in rows])
    expected = (context.sharpness * likeness).softmax(0)
    close(after.sentence[rows], expected)
    close(after.question[1], expected @ pooled[rows])
    assert len(rows) == 3


def test_of_many_chunks_the_nearest_are_read():
    state: Any = random_state(random_batch())
    batch, count = state.batch, READ + 5
    tokens = torch.randn(count, *state.tokens.shape[1:])
    more = replace(
        batch,
        sequence_text=torch.cat([batch.sequence_text, batch.sequence_text[:1].expand(count)]),
        sequence_question=torch.cat([batch.sequence_question, torch.zeros(count, dtype=torch.int64)]),
        sequence_option=torch.cat([batch.sequence_option, torch.full((count,), -1)]),
        sequence_joint=torch.cat([batch.sequence_joint, torch.zeros(count, dtype=torch.bool)]),
    )
    after = Context(WIDTH)(CognitiveState(more, tokens=torch.cat([state.tokens, tokens])))
    weight = after.sentence[-count:]
    question = (batch.sequence_option < 0).nonzero()[0, 0]
    likeness = torch.cosine_similarity(tokens.sum(1), state.tokens[question].sum(0)[None], dim=-1)
    assert set(weight.nonzero().flatten().tolist()) == set(likeness.topk(READ).indices.tolist())
    close(weight.sum() + after.sentence[question], torch.tensor(1.0))


def test_options_read_alone_are_their_mean_token_until_they_attend():
    state: Any = random_state(random_batch())
    rows = (state.batch.sequence_option >= 0).nonzero().flatten()
    lengths = state.batch.attention_mask[state.batch.sequence_text[rows]].sum(1, keepdim=True)
    assert torch.equal(Context(WIDTH)(state).option, state.tokens[rows].sum(1) / lengths)


def test_what_is_read_jointly_is_kept_apart():
    state = random_state(random_batch())
    joint = replace(state.batch, sequence_joint=state.batch.sequence_option >= 0)
    after = Context(WIDTH)(replace(state, batch=joint))
    assert after.option is None
    assert torch.equal(after.joint, Context(WIDTH)(state).option)


def test_options_see_those_of_their_question_alone():
    attention = OptionAttention(WIDTH, 8)
    with torch.no_grad():
        attention.gate.fill_(0.7)
    of = torch.tensor([0, 0, 1, 1, 1])
    option = torch.randn(5, WIDTH)
    edited = option.clone()
    edited[3] += 1
    before, after = attention(option, of, 2), attention(edited, of, 2)
    assert torch.equal(before[:2], after[:2])
    assert (before[2:] != after[2:]).any(-1).all()
    turned = torch.tensor([1, 0, 4, 2, 3])
    close(attention(option[turned], of, 2), before[turned])


def test_untrained_options_do_not_see_one_another():
    option = torch.randn(5, WIDTH)
    assert torch.equal(OptionAttention(WIDTH, 8)(option, torch.zeros(5, dtype=torch.int64), 1), option)


def test_weights_of_a_question_sum_to_one():
    state: Any = long_state()
    after = Context(WIDTH)(state)
    of = state.batch.sequence_question
    own = state.batch.sequence_option < 0
    total = torch.zeros(3).index_add(0, of, after.sentence)
    close(total, torch.ones(3))
    assert segment_count(of[own], 3).tolist() == [1, 3, 1]
