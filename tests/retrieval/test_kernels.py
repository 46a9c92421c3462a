from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kgreason.retrieval.edits import Rows
from kgreason.retrieval.kernels import arrange, induce, read_rows, touched_by
from kgreason.retrieval.network import Network, Room

N = 23
pairs = st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1)), max_size=97)


def rows_of(edges, nodes=range(N)):
    """Sorted rows, repeated neighbours kept as edges of several relations are."""
    rows = [sorted(t for s, t in edges if s == node) for node in nodes]
    ptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return ptr, np.array([t for row in rows for t in row], np.int32)


def met(rows, seeds):
    """Nodes that two of the rows reach, and seeds."""
    near = [set(row) for row in rows]
    return set().union(*(a & b for a, b in itertools.combinations(near, 2)), seeds)


@given(pairs, st.lists(st.integers(0, N - 1), unique=True, max_size=7))
def test_touched_by_two_seeds_is_between_a_pair_of_them(edges, seeds):
    known = met([[t for s, t in edges if s == seed] for seed in seeds], seeds)
    ptr, idx = rows_of([edge for edge in edges if edge[1] in known], seeds)
    weight = np.arange(1, len(idx) + 1, dtype=np.float32)
    rows = Rows(ptr, idx, idx, weight, np.zeros(len(idx), np.uint8))
    place = np.zeros(N, np.int32)
    node, touches, strength = np.empty(len(idx), np.int32), np.empty(len(idx), np.int32), np.empty(len(idx))
    size = touched_by(np.array(seeds, np.int32), rows, place, node, touches, strength)
    near = [set(idx[ptr[k] : ptr[k + 1]].tolist()) for k in range(len(seeds))]
    assert sorted(node[:size].tolist()) == sorted(known - set(seeds))
    assert touches[:size].tolist() == [sum(n in row for row in near) for n in node[:size].tolist()]
    assert strength[:size].tolist() == [weight[idx == n].sum() for n in node[:size].tolist()]
    assert not place.any()


RELATIONS, BOTH_WAYS = 3, 1  # how many, and which of them is symmetric
GRAPHS = 2000


def network(chance, nodes):
    """A random graph as kernels read it, and its edges (source, relation, target) with weights; ids in any order."""
    edges = {}
    for source, relation, target in chance.integers(
        0, (nodes, RELATIONS, nodes), (int(chance.integers(1, 29)), 3)
    ).tolist():
        if source != target:
            ends = sorted((source, target)) if relation == BOTH_WAYS else (source, target)
            edges[ends[0], relation, ends[1]] = float(chance.integers(1, 5))
    back = [r if r == BOTH_WAYS else r + RELATIONS for r in range(RELATIONS)]
    entries = sorted(
        [(s, t, r, w) for (s, r, t), w in edges.items()] + [(t, s, back[r], w) for (s, r, t), w in edges.items()]
    )
    row, idx, rel, weight = np.array(entries).reshape(-1, 4).T
    ptr = np.searchsorted(row, np.arange(nodes + 1))
    shuffled = chance.permutation(2 * RELATIONS)[:1] if chance.integers(2) else []
    hidden = np.zeros(2 * RELATIONS, np.bool_)
    for code in shuffled:
        hidden[[code % RELATIONS, code % RELATIONS + RELATIONS]] = True
    whole = Network(
        ptr=ptr, idx=idx.astype(np.int32), rel=rel.astype(np.uint8), weight=weight.astype(np.float16).view(np.uint16),
        halves=np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32),
        codes=np.arange(2 * RELATIONS, dtype=np.int32), patched=np.empty(0, np.int64), own=Rows.join([]),
        symmetric=np.arange(RELATIONS) == BOTH_WAYS, hidden=hidden, role=np.empty(0, np.uint8), direct=True,
    )  # fmt: skip
    return whole, {edge: weight for edge, weight in edges.items() if not hidden[edge[1]]}


def patched(chance, net, nodes):
    """The same graph with the rows of some nodes laid over the image, whose own rows are then wrong."""
    moved = np.flatnonzero(chance.integers(0, 2, nodes))
    spans = [slice(net.ptr[node], net.ptr[node + 1]) for node in moved]
    halves = net.halves[net.weight]
    own = Rows.join(
        [(net.idx[s], net.codes[net.rel[s]], halves[s], np.full(s.stop - s.start, 2, np.uint8)) for s in spans]
    )
    idx = net.idx.copy()
    for span in spans:
        idx[span] = nodes - 1
    return net._replace(patched=moved, own=own, idx=idx)


def test_induced_edges_are_those_between_the_nodes_on_many_graphs():
    chance, place, out = np.random.default_rng(7), np.zeros(N, np.int32), Room.of(200)
    for _ in range(GRAPHS):
        nodes = int(chance.integers(2, 12))
        net, edges = network(chance, nodes)
        if chance.integers(2):
            net = patched(chance, net, nodes)
        chosen = chance.permutation(nodes)[: chance.integers(0, nodes + 1)].astype(np.int32)
        role, direct = chance.integers(0, 4, len(chosen)).astype(np.uint8), bool(chance.integers(2))
        net = net._replace(role=role, direct=direct)
        size = induce(chosen, net, place, out)
        known = dict(zip(chosen.tolist(), role.tolist(), strict=True))
        inside = {
            (*edge, weight)
            for edge, weight in edges.items()
            if edge[0] in known and edge[2] in known and (direct or not crosses(known[edge[0]], known[edge[2]]))
        }
        columns = (chosen[out.source[:size]], out.code[:size], chosen[out.target[:size]], out.weight[:size])
        found = list(zip(*(column.tolist() for column in columns), strict=True))
        assert len(set(found)) == len(found)
        assert set(found) == inside
        assert not place.any()
        assert induce(chosen, net, place, Room.of(0)) == size


def crosses(first, second):
    return (first & 1 and second & 2) or (first & 2 and second & 1)


def test_rows_that_are_read_are_those_of_the_definition_on_many_graphs():
    chance, near = np.random.default_rng(11), np.zeros(N, np.uint8)
    for _ in range(GRAPHS):
        nodes = int(chance.integers(2, 12))
        net, edges = network(chance, nodes)
        chosen = chance.permutation(nodes)[: chance.integers(0, nodes + 1)].astype(np.int32)
        rows = Rows.empty(len(chosen), len(net.idx))
        size = read_rows(chosen, patched(chance, net, nodes), near, rows)
        own = []
        for node in chosen.tolist():
            forward = {(t, r, w) for (s, r, t), w in edges.items() if s == node}
            backward = {(s, r + RELATIONS * (r != BOTH_WAYS), w) for (s, r, t), w in edges.items() if t == node}
            own.append(sorted(forward | backward))
        known = met([[entry[0] for entry in row] for row in own], chosen.tolist())
        for k, row in enumerate(own):
            span = slice(rows.ptr[k], rows.ptr[k + 1])
            read = zip(rows.idx[span].tolist(), rows.code[span].tolist(), rows.weight[span].tolist(), strict=True)
            assert list(read) == [entry for entry in row if entry[0] in known]
        assert rows.ptr[-1] == size
        assert not near.any()


def test_edges_are_arranged_as_sorting_says_on_many_graphs():
    chance = np.random.default_rng(17)
    for _ in range(200):
        size, nodes = int(chance.integers(0, 60)), int(chance.integers(1, 9))
        out = Room.of(70)
        out.source[:size], out.target[:size] = chance.integers(0, nodes, (2, size))
        out.code[:size], out.origin[:size] = chance.integers(0, RELATIONS, size), chance.integers(0, 4, size)
        out.weight[:size] = chance.choice(np.array([0, 2**-20, 0.5, 1, 1.5, 3, 60_000], np.float16), size)
        role, room = chance.integers(0, 3, nodes).astype(np.uint8), int(chance.integers(1, 61))
        turns = chance.permutation(nodes), chance.permutation(nodes), chance.permutation(RELATIONS)
        source, target, code, weight, origin = (column[:size] for column in out)
        keys = [turns[2][code], turns[1][target], turns[0][source]]
        if size > room:
            keys += [-weight, -((role[source] > 0).astype(int) + (role[target] > 0))]
        order = np.lexsort(keys)[:room]
        inverse = np.array([RELATIONS, BOTH_WAYS, RELATIONS + 2, 0, 0, 2], np.int32)
        index, relation, strength, origins = arrange(out, size, room, turns, role, inverse)
        assert index.tolist() == [[*source[order], *target[order]], [*target[order], *source[order]]]
        assert relation.tolist() == [*code[order], *inverse[code[order]]]
        assert strength.tolist() == [*weight[order]] * 2
        assert origins.tolist() == [*origin[order]] * 2
