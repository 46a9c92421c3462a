from __future__ import annotations

from dataclasses import replace

import torch
from hypothesis import given
from hypothesis import strategies as st

from kgreason.nn.ragged import question_tokens, rank_within, to_dense
from tests.cases import random_batch, random_state

groups = st.lists(st.integers(0, 4), max_size=23)


@given(groups)
def test_rank_counts_the_rows_before(group: list[int]):
    rank = rank_within(torch.tensor(group, dtype=torch.int64), 5)
    assert rank.tolist() == [group[:i].count(g) for i, g in enumerate(group)]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=23))
def test_rank_by_score_is_stable(rows: list[tuple[int, int]]):
    group, score = (torch.tensor([row[i] for row in rows], dtype=torch.int64) for i in (0, 1))
    expected = [
        sum(g == row[0] and (s > row[1] or (s == row[1] and j < i)) for j, (g, s) in enumerate(rows))
        for i, row in enumerate(rows)
    ]
    assert rank_within(group, 5, score).tolist() == expected


@given(groups)
def test_dense_holds_every_row_once(group: list[int]):
    values = torch.arange(1.0, 2 * len(group) + 1).view(-1, 2)
    dense, mask = to_dense(values, torch.tensor(group, dtype=torch.int64), 5)
    for g in range(5):
        rows = [values[i].tolist() for i in range(len(group)) if group[i] == g]
        assert dense[g][mask[g]].tolist() == rows
        assert not dense[g][~mask[g]].any()


def test_question_tokens_are_those_of_its_first_sequence():
    batch = random_batch(nodes=(2, 2), options=(2, 2))
    batch = replace(batch, sequence_option=torch.tensor([-1, -1, 0, -1, 2, -1]))
    tokens = random_state(batch).tokens
    assert tokens is not None
    dense, mask = question_tokens(tokens, batch)
    real = batch.attention_mask.bool()
    for q in (0, 1):
        first = next(s for s in range(6) if batch.sequence_option[s] < 0 and batch.sequence_question[s] == q)
        assert torch.equal(dense[q][mask[q]], tokens[first][real[first]])
