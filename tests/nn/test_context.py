from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from kgreason.nn.context import READ, Context, OptionAttention
from kgreason.nn.segment import segment_count
from kgreason.nn.state import CognitiveState
from tests.cases import WIDTH, ModuleCase, random_batch, random_state
from tests.formula import close

WORDS = 5


def context() -> Context:
    """One whose tokens differ in weight."""
    torch.manual_seed(0)
    made = Context(WIDTH, WORDS)
    nn.init.normal_(made.weight.weight)
    return made


class TestContext(ModuleCase):
    writes = ("question", "option", "sentence")

    def make(self) -> nn.Module:
        return Context(WIDTH, WORDS)


def long_state(count: int = 2) -> CognitiveState:
    """Three questions, the second with some sentences of context."""
    state = random_state(random_batch())
    batch, tokens = state.batch, state.tokens
    assert tokens is not None
    torch.manual_seed(1)
    texts = torch.arange(count) % len(batch.sequence_text)
    mask = batch.attention_mask[texts].unsqueeze(-1)
    more = torch.randn(count, *tokens.shape[1:]) * mask
    chunks = replace(
        batch,
        sequence_text=torch.cat([batch.sequence_text, texts]),
        sequence_question=torch.cat([batch.sequence_question, torch.ones(count, dtype=torch.int64)]),
        sequence_option=torch.cat([batch.sequence_option, torch.full((count,), -1)]),
        sequence_joint=torch.cat([batch.sequence_joint, torch.zeros(count, dtype=torch.bool)]),
    )
    words = torch.randn(len(chunks.sequence_text), tokens.shape[1], WORDS)
    return CognitiveState(chunks, tokens=torch.cat([tokens, more]), words=words)


def told(state: Any) -> list[int]:
    """Sequences of the second question: itself, and its context."""
    own = (state.batch.sequence_option < 0) & (state.batch.sequence_question == 1)
    return own.nonzero().flatten().tolist()


def within(made: Context, state: Any, one: int, other: int) -> Tensor:
    """How far a sequence stands in another one, token by token."""
    real = [int(state.batch.attention_mask[state.batch.sequence_text[row]].sum()) for row in (one, other)]
    total, weights = torch.zeros(()), torch.zeros(())
    for i in range(real[0]):
        token, word = state.tokens[one, i], state.words[one, i]
        best = max(
            torch.cosine_similarity(token, state.tokens[other, j], dim=0)
            + torch.cosine_similarity(word, state.words[other, j], dim=0)
            for j in range(real[1])
        )
        weight = torch.nn.functional.softplus(made.weight(torch.cat([token, word]))).squeeze()
        total, weights = total + weight * best / 2, weights + weight
    return total / weights


def test_a_question_is_its_mean_token_with_and_without_context():
    state: Any = long_state()
    batch = state.batch
    after = context()(state)
    for question, row in enumerate((batch.sequence_option < 0).nonzero().flatten().tolist()[:3]):
        real = state.tokens[row][batch.attention_mask[batch.sequence_text[row]].bool()]
        close(after.question[question], real.mean(0))
        assert after.sentence[row] == float(question != 1)
    assert not after.sentence[batch.sequence_option >= 0].any()
    alone = Context(WIDTH, WORDS)(random_state(random_batch()))
    assert alone.read is None
    assert torch.equal(alone.question, after.question)


def test_sentences_share_one_by_late_interaction_and_options_are_read_in_them():
    state: Any = long_state(3)
    made = context()
    after = made(state)
    first, *rows = (
        ((state.batch.sequence_option < 0) & (state.batch.sequence_question == 1)).nonzero().flatten().tolist()
    )
    near = torch.stack([within(made, state, first, row) for row in rows])
    share = (made.sharpness * near).softmax(0)
    close(after.sentence[rows], share)
    for option, of in enumerate(state.batch.option_question.tolist()):
        (row,) = (state.batch.sequence_option == option).nonzero().flatten().tolist()
        said = torch.stack([within(made, state, row, other) for other in rows])
        close(after.read[option], made.strength * said @ share if of == 1 else torch.zeros(()))


def test_of_many_sentences_the_nearest_are_read(monkeypatch):
    state: Any = long_state(READ + 5)
    made = context()
    after = made(state)
    first, *rows = (
        ((state.batch.sequence_option < 0) & (state.batch.sequence_question == 1)).nonzero().flatten().tolist()
    )
    near = torch.stack([within(made, state, first, row) for row in rows])
    assert set(after.sentence[rows].nonzero().flatten().tolist()) == set(near.topk(READ).indices.tolist())
    close(after.sentence[rows].sum(), torch.tensor(1.0))
    monkeypatch.setattr("kgreason.nn.context._BLOCK", 3)
    close(made(state).sentence, after.sentence)


def test_options_read_alone_are_their_mean_token_until_they_attend():
    state: Any = random_state(random_batch())
    rows = (state.batch.sequence_option >= 0).nonzero().flatten()
    lengths = state.batch.attention_mask[state.batch.sequence_text[rows]].sum(1, keepdim=True)
    assert torch.equal(Context(WIDTH, WORDS)(state).option, state.tokens[rows].sum(1) / lengths)


def test_what_is_read_jointly_is_kept_apart():
    state = random_state(random_batch())
    joint = replace(state.batch, sequence_joint=state.batch.sequence_option >= 0)
    after = Context(WIDTH, WORDS)(replace(state, batch=joint))
    assert after.option is None
    assert torch.equal(after.joint, Context(WIDTH, WORDS)(state).option)


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
    after = context()(state)
    of = state.batch.sequence_question
    own = state.batch.sequence_option < 0
    total = torch.zeros(3).index_add(0, of, after.sentence)
    close(total, torch.ones(3))
    assert segment_count(of[own], 3).tolist() == [1, 3, 1]
