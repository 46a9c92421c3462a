from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kgreason.retrieval.edits import Rows
from kgreason.retrieval.kernels import induce, link_pairs, touched_by

N = 23
pairs = st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)), max_size=97)


def rows_of(edges, nodes=range(N)):
    """Sorted rows, repeated neighbours kept as edges of several relations are."""
    rows = [sorted(t for s, t in edges if s == node) for node in nodes]
    ptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return ptr, np.array([t for row in rows for t in row], np.int32)


@given(pairs, st.lists(st.integers(0, N - 1), unique=True, max_size=7))
def test_touched_by_two_seeds_is_between_a_pair_of_them(edges, seeds):
    ptr, idx = rows_of(edges, seeds)
    weight = np.arange(1, len(idx) + 1, dtype=np.float32)
    rows = Rows(ptr, idx, idx, weight, np.zeros(len(idx), np.uint8))
    count, total = np.zeros(N, np.int32), np.zeros(N, np.float64)
    node, touches, strength = np.empty(len(idx), np.int32), np.empty(len(idx), np.int32), np.empty(len(idx))
    size = touched_by(np.array(seeds, np.int32), rows, count, total, node, touches, strength)
    near = [set(idx[ptr[k] : ptr[k + 1]].tolist()) for k in range(len(seeds))]
    between = set().union(*(a & b for a, b in itertools.combinations(near, 2))) - set(seeds)
    assert sorted(node[:size].tolist()) == sorted(between)
    assert touches[:size].tolist() == [sum(n in row for row in near) for n in node[:size].tolist()]
    assert strength[:size].tolist() == [weight[idx == n].sum() for n in node[:size].tolist()]
    assert not count.any()
    assert not total.any()


@given(
    pairs, st.sets(st.integers(0, N - 1), max_size=5), st.lists(st.booleans(), min_size=5, max_size=5), st.booleans()
)
def test_induced_entries_are_those_between_the_nodes(edges, nodes, readable, hub):
    if hub:  # a row so long that it is searched
        edges = [*edges, *((0, target) for _ in range(7) for target in range(1, N))]
        nodes = {*nodes, 0}
    ptr, idx = rows_of(edges)
    ordered = np.array(sorted(nodes), np.int32)
    local = np.arange(len(ordered), dtype=np.int32)[::-1].copy()
    read = np.array((readable * 2)[: len(ordered)], np.bool_)
    place, out = np.zeros(N, np.int32), np.empty((500, 3), np.int64)
    size = induce(ptr, idx, ordered, local, read, place, out)
    expected = [
        (local[k], local[ordered.tolist().index(idx[entry])], entry)
        for k, node in enumerate(ordered.tolist())
        if read[k]
        for entry in range(ptr[node], ptr[node + 1])
        if idx[entry] in nodes
    ]
    assert sorted(map(tuple, out[:size].tolist())) == sorted(expected)
    assert not place.any()
    assert induce(ptr, idx, ordered, local, read, place, np.empty((0, 3), np.int64)) == size


@given(pairs, st.lists(st.tuples(st.booleans(), st.booleans()), min_size=5, max_size=5))
def test_linked_pairs_meet_in_one_node(edges, flags):
    ptr, idx = rows_of(edges, range(5))
    starts, ends = (np.array(column, np.bool_) for column in zip(*flags, strict=True))
    head, following, out = np.full(N, -1, np.int32), np.empty(len(idx), np.int32), np.empty((10_000, 2), np.int32)
    rows = Rows(ptr, idx, idx, np.ones(len(idx), np.float32), np.zeros(len(idx), np.uint8))
    size = link_pairs(rows, starts, ends, head, following, out)
    row = np.repeat(np.arange(5), np.diff(ptr))
    expected = [
        (a, b) for a in range(len(idx)) for b in range(len(idx)) if idx[a] == idx[b] and starts[row[a]] and ends[row[b]]
    ]
    assert sorted(map(tuple, out[:size].tolist())) == expected
    assert (head == -1).all()
