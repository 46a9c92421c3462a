from __future__ import annotations

import numpy as np

from kgreason.retrieval.edits import Rows
from kgreason.retrieval.kernels import read_rows
from kgreason.retrieval.path_kernels import link_paths
from kgreason.retrieval.scratch import Lists
from tests.retrieval.test_kernels import BOTH_WAYS, GRAPHS, RELATIONS, N, network


def test_linked_paths_are_all_paths_of_one_and_two_steps_on_many_graphs():
    chance, near, out = np.random.default_rng(13), np.zeros(N, np.uint8), np.empty((10_000, 8), np.int32)
    following, row_of = np.empty((2, 200), np.int32)
    lists = Lists(np.full(N, -1, np.int32), following, row_of, np.zeros(N, np.int32))
    inverse = np.array([RELATIONS, BOTH_WAYS, RELATIONS + 2, 0, BOTH_WAYS, 2], np.int32)
    for _ in range(GRAPHS):
        nodes = int(chance.integers(2, 12))
        net, _ = network(chance, nodes)
        seeds = chance.permutation(nodes)[: chance.integers(0, nodes + 1)].astype(np.int32)
        rows = Rows.empty(len(seeds), len(net.idx))
        size = read_rows(seeds, net, near, rows)
        asking = chance.integers(0, 2, len(seeds)).astype(np.bool_)
        options = np.argwhere(chance.integers(0, 2, (3, len(seeds)))).astype(np.int32).T
        of_options, row = np.ascontiguousarray(options), rows.row_of()
        given = seeds, rows, asking, of_options, inverse, lists
        found = link_paths(*given, out)
        idx, expected = rows.idx[:size].tolist(), []
        for option in range(3):
            ends = {k for o, k in of_options.T.tolist() if o == option}
            starts = {k for k in np.flatnonzero(asking).tolist() if k not in ends}
            expected += [
                (option, -1, b) for b in range(size) if row[b] in ends and idx[b] in {int(seeds[k]) for k in starts}
            ]
            expected += [
                (option, a, b)
                for a in range(size)
                for b in range(size)
                if idx[a] == idx[b] and row[a] in starts and row[b] in ends
            ]
        assert sorted(map(tuple, out[:found, :3].tolist())) == sorted(expected)
        for _, first, second, start, middle, end, code, last in out[:found].tolist():
            back = inverse[rows.code[second]]
            assert end == seeds[row[second]]
            if first < 0:
                assert (start, middle, code, last) == (idx[second], -1, back, -1)
            else:
                assert (start, middle) == (seeds[row[first]], idx[first])
                assert (code, last) == (rows.code[first], back)
        assert (np.diff(out[:found, 0]) >= 0).all()
        assert (lists.head == -1).all()
        assert not lists.place.any()
        assert link_paths(*given, out[:0]) == found
