from __future__ import annotations

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from kgreason.nn.segment import (
    segment_count,
    segment_log_softmax,
    segment_max,
    segment_mean,
    segment_softmax,
    segment_sum,
)

SIZE = 5
rows = st.lists(st.tuples(st.integers(0, SIZE - 1), st.floats(-90, 90, width=32)), max_size=17)


def groups(found):
    return [[value for group, value in found if group == i] for i in range(SIZE)]


def tensors(found):
    return torch.tensor([v for _, v in found]), torch.tensor([g for g, _ in found], dtype=torch.int64)


def same(tensor, expected):
    torch.testing.assert_close(tensor, torch.tensor(expected), atol=1e-4, rtol=1e-4)


@given(rows)
def test_reductions_are_those_of_a_loop(found):
    values, index = tensors(found)
    same(segment_sum(values, index, SIZE), [float(sum(g)) for g in groups(found)])
    same(segment_count(index, SIZE), [float(len(g)) for g in groups(found)])
    same(segment_mean(values, index, SIZE), [sum(g) / len(g) if g else 0.0 for g in groups(found)])
    same(segment_max(values, index, SIZE), [max(g, default=-math.inf) for g in groups(found)])


@given(rows)
def test_softmax_is_that_of_each_segment(found):
    values, index = tensors(found)
    expected = torch.empty(len(values))
    for group in range(SIZE):
        expected[index == group] = values[index == group].log_softmax(0)
    torch.testing.assert_close(segment_log_softmax(values, index, SIZE), expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(segment_softmax(values, index, SIZE), expected.exp(), atol=1e-4, rtol=1e-4)


def test_rows_of_several_dimensions():
    values, index = torch.arange(12.0).view(3, 2, 2), torch.tensor([1, 1, 0])
    assert torch.equal(segment_sum(values, index, 2), torch.stack([values[2], values[0] + values[1]]))
    assert torch.equal(segment_mean(values, index, 3)[2], torch.zeros(2, 2))


def test_one_entry_weighs_exactly_one():
    assert segment_softmax(torch.tensor([-87.3, 1e4]), torch.tensor([0, 2]), 3).tolist() == [1.0, 1.0]


def test_gradients_are_finite():
    values = torch.tensor([1.0, 1.0, -80.0, 5.0], requires_grad=True)
    segment_log_softmax(values, torch.tensor([0, 0, 2, 2]), 4).sum().backward()
    assert values.grad is not None
    assert values.grad.isfinite().all()
