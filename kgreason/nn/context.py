"""C: the sentences of a context that a question is about, and options that see one another."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kgreason.nn.batch import TASKS, GraphBatch
from kgreason.nn.state import CognitiveState

__all__ = ["READ", "Context", "OptionAttention"]

#: Sentences that are read of a context: however long a text is, what the question is not about does not drown what is.
READ = 8
_CHOICE = TASKS.index("choice")
#: Sentences that are compared with a question at once.
_BLOCK = 512


class Context(nn.Module):
    """Pools sequences and reads contexts; writes ``question``, ``option``, ``joint``, ``sentence``, ``read``.

    A question's first sequence is the question itself; further ones are the sentences of its context. How near a
    sentence is to a question, or an option to a sentence, is told by late interaction (ColBERT, Khattab & Zaharia 2020,
    eq. 3): every token of the one counts with the likest token of the other. Unlike there, likeness is the mean of the
    cosines of token states and of word embeddings, in which names stand out, and tokens have weights that are learned.
    The :data:`READ` nearest sentences share one by softmax at a learned temperature; an option is read as far as
    they say it, which is added to its text score. A question without a context is untouched; so are those whose options
    are labels or are read jointly with the question.

    Args:
        width: text width d.
        words: width of the word embeddings w.
        inner: width of the attention between options.
    """

    def __init__(self, width: int, words: int, inner: int = 64) -> None:
        super().__init__()
        self.weight = nn.Linear(width + words, 1)
        nn.init.zeros_(self.weight.weight)
        nn.init.zeros_(self.weight.bias)
        self.sharpness = nn.Parameter(torch.tensor(30.0))
        self.strength = nn.Parameter(torch.tensor(20.0))
        self.options = OptionAttention(width, inner)

    def forward(self, state: CognitiveState) -> CognitiveState:
        """Pool, and read contexts.

        Shapes:
            tokens [s, l, d], words [s, l, w] -> question [b, d], option [o, d], joint [o, d], sentence [s], read [o].
        """
        batch, tokens = state.batch, state.tokens
        assert tokens is not None, "M runs before C"
        lengths = batch.attention_mask[batch.sequence_text].sum(1, keepdim=True)
        pooled = tokens.sum(1) / lengths
        own = batch.sequence_option < 0
        first = batch.asking
        option = joint = None
        of_option, of_joint = ~own & ~batch.sequence_joint, batch.sequence_joint
        if batch.has_alone:
            option = _by_option(pooled, of_option, batch.sequence_option, batch.num_options)
            option = self.options(option, batch.option_question, batch.num_questions)
        if batch.has_joint:
            joint = _by_option(pooled, of_joint, batch.sequence_option, batch.num_options)
            joint = self.options(joint, batch.option_question, batch.num_questions)
        sentence, read = pooled.new_zeros(pooled.shape[0]).index_fill(0, first, 1.0), None
        if batch.has_contexts:
            sentence, read = self._contexts(state, first, sentence)
        return state.write(question=pooled[first], option=option, joint=joint, sentence=sentence, read=read)

    def _contexts(self, state: CognitiveState, first: Tensor, sentence: Tensor) -> tuple[Tensor, Tensor]:
        """Read every question that has a context. Shapes: first [b], sentence [s] -> [s], [o]."""
        batch = state.batch
        read = sentence.new_zeros(batch.num_options)
        later = (batch.sequence_option < 0).index_fill(0, first, value=False)
        for b in torch.unique(batch.sequence_question[later]).tolist():
            options = _option_rows(batch, b)
            if int(batch.question_task[b]) != _CHOICE or not len(options):
                continue  # nothing reads it
            rows = (later & (batch.sequence_question == b)).nonzero().squeeze(1)
            asked = _Tokens.of(state, first[b : b + 1], self.weight)
            near = torch.cat([asked.within(_Tokens.of(state, part))[0] for part in rows.split(_BLOCK)])
            value, place = near.topk(min(READ, len(rows)))
            share = (self.sharpness * value).softmax(0)
            sentence = sentence.index_fill(0, first[b : b + 1], 0.0).index_copy(0, rows[place], share)
            said = _Tokens.of(state, options, self.weight).within(_Tokens.of(state, rows[place]))
            read = read.index_copy(0, batch.sequence_option[options], self.strength * (said @ share))
        return sentence, read


class _Tokens:
    """Tokens of some sequences: unit states, unit word embeddings, and weights that sum to 1, 0 at padding."""

    def __init__(self, states: Tensor, words: Tensor, weight: Tensor, mask: Tensor) -> None:
        self.states, self.words, self.weight, self.mask = states, words, weight, mask

    @classmethod
    def of(cls, state: CognitiveState, rows: Tensor, weight: nn.Linear | None = None) -> _Tokens:
        """Those of sequences, all of one weight without ``weight``. Shape: rows [m]."""
        assert state.tokens is not None
        assert state.words is not None, "M writes words where there is a context"
        mask = state.batch.attention_mask[state.batch.sequence_text[rows]].bool()
        mask = mask[:, : int(mask.sum(1).max())]
        tokens, words = (each[rows, : mask.shape[1]] for each in (state.tokens, state.words))
        counts = mask.float()
        if weight is not None:
            counts = counts * nn.functional.softplus(weight(torch.cat([tokens, words], dim=-1)).squeeze(-1))
        states, words = (nn.functional.normalize(each, dim=-1) for each in (tokens, words))
        return cls(states, words, counts / counts.sum(1, keepdim=True), mask)

    def within(self, others: _Tokens) -> Tensor:
        """How far each of these texts stands in each of others. Shapes: [x] and [y] texts -> [x, y]."""
        pairs = ((self.states, others.states), (self.words, others.words))
        states, words = (torch.einsum("xld,ykd->xylk", one, other) for one, other in pairs)
        like = (states + words) / 2
        best = like.masked_fill(~others.mask[None, :, None], -torch.inf).amax(-1)
        return torch.einsum("xyl,xl->xy", best, self.weight)


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


def _option_rows(batch: GraphBatch, question: int) -> Tensor:
    """Sequences that hold an option of a question alone. Shape: [m]."""
    alone = (batch.sequence_option >= 0) & ~batch.sequence_joint
    return (alone & (batch.sequence_question == question)).nonzero().squeeze(1)
