"""C: one vector for a question however many sequences it has, and options that see one another."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kgreason.nn.ragged import rank_within
from kgreason.nn.segment import segment_softmax, segment_sum
from kgreason.nn.state import CognitiveState

__all__ = ["READ", "Context", "OptionAttention"]

#: Chunks that are read of a context: however long a text is, what is not near the question does not drown what is.
READ = 8


class Context(nn.Module):
    """Pools sequences and joins the chunks of a long text; writes ``question``, ``option``, ``joint``, ``sentence``.

    A question's first sequence is the question itself; further ones are chunks of its context, read with it. The
    question's vector is the query: the :data:`READ` chunks nearest to it enter by softmax of their cosine, at a learned
    temperature. With no chunk the weight is exactly 1, so that short questions are untouched.

    Args:
        width: text width d.
        inner: width of the attention between options.
    """

    def __init__(self, width: int, inner: int = 64) -> None:
        super().__init__()
        self.sharpness = nn.Parameter(torch.tensor(10.0))
        self.options = OptionAttention(width, inner)

    def forward(self, state: CognitiveState) -> CognitiveState:
        """Pool. Shapes: tokens [s, l, d] -> question [b, d], option [o, d], joint [o, d], sentence [s]."""
        batch, tokens = state.batch, state.tokens
        assert tokens is not None, "M runs before C"
        lengths = batch.attention_mask[batch.sequence_text].sum(1, keepdim=True)
        pooled = tokens.sum(1) / lengths
        own = batch.sequence_option < 0
        of_option, of_joint = ~own & ~batch.sequence_joint, batch.sequence_joint
        question, sentence = self._question(pooled, own, batch.sequence_question, batch.num_questions)
        option = joint = None
        if of_option.any():
            option = _by_option(pooled, of_option, batch.sequence_option, batch.num_options)
            option = self.options(option, batch.option_question, batch.num_questions)
        if of_joint.any():
            joint = _by_option(pooled, of_joint, batch.sequence_option, batch.num_options)
            joint = self.options(joint, batch.option_question, batch.num_questions)
        return state.write(question=question, option=option, joint=joint, sentence=sentence)

    def _question(self, pooled: Tensor, own: Tensor, question_of: Tensor, b: int) -> tuple[Tensor, Tensor]:
        rows = own.nonzero().squeeze(1)
        index = question_of[rows]
        first = torch.full((b,), len(pooled), device=rows.device).scatter_reduce(0, index, rows, "amin")
        cosine = nn.functional.cosine_similarity(pooled[rows], pooled[first][index], dim=-1)
        # The question itself, nearest to itself, is never left out.
        far = rank_within(index, b, cosine.detach()) > READ
        score = (self.sharpness * cosine).masked_fill(far, float("-inf"))
        weight = segment_softmax(score, index, b)
        sentence = pooled.new_zeros(len(pooled)).index_copy(0, rows, weight)
        return segment_sum(pooled[rows] * weight.unsqueeze(-1), index, b), sentence


class OptionAttention(nn.Module):
    """Options of one question attend to one another; permutation-equivariant, closed (tanh 0) when untrained.

    Set attention of Lee et al. 2019 (Set Transformer, eq. 7) without inducing points, behind a scalar gate.
    """

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, inner, bias=False)
        self.key = nn.Linear(width, inner, bias=False)
        self.value = nn.Linear(width, inner, bias=False)
        self.out = nn.Linear(inner, width, bias=False)
        self.gate = nn.Parameter(torch.zeros(()))

    def forward(self, option: Tensor, option_question: Tensor, b: int) -> Tensor:
        """Let options attend. Shapes: option [o, d], option_question [o] -> [o, d]."""
        same = option_question.unsqueeze(1) == option_question.unsqueeze(0)
        scores = self.query(option) @ self.key(option).T / self.query.out_features**0.5
        attention = scores.masked_fill(~same, float("-inf")).softmax(-1)
        return option + torch.tanh(self.gate) * self.out(attention @ self.value(option))


def _by_option(pooled: Tensor, mask: Tensor, sequence_option: Tensor, o: int) -> Tensor:
    rows = mask.nonzero().squeeze(1)
    return pooled.new_zeros(o, pooled.shape[1]).index_copy(0, sequence_option[rows], pooled[rows])
