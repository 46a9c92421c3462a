from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

from kgreason.nn import walks
from kgreason.nn.batch import GraphBatch
from kgreason.nn.paths import EPSILON, RETURN, Followed
from kgreason.nn.walks import Floats, Flow, Messages, Walk
from tests.cases import NAMES, random_batch

CODES = 2 * len(NAMES)


def one_question(seed: int, nodes: int = 11) -> GraphBatch:
    return random_batch(seed, nodes=(nodes,), options=(3,))


def followed(batch: GraphBatch, seed: int, steps: int = 3, walkers: int = 2) -> Followed:
    """A follower's walk with random shares, in float64; its first two nodes are concepts of the question."""
    random = torch.Generator().manual_seed(seed)
    relation = torch.randn(1, walkers, steps, CODES + 1, generator=random, dtype=torch.float64).mul(2).softmax(-1)
    walker = torch.full((batch.num_nodes,), -1)
    walker[:2] = torch.arange(2) % walkers
    weight = torch.tensor([[1.0, 0.3, -0.5][:walkers]], dtype=torch.float64)
    mass = torch.rand(batch.num_nodes, generator=random, dtype=torch.float64)
    return Followed(mass / mass.sum(), walker, relation, weight, torch.zeros(1))


def ways(batch: GraphBatch, start: int, steps: int) -> Iterator[tuple[int, tuple[int | None, ...]]]:
    """Every way to go ``steps`` steps from a node, by the edge of each step (None: stay), and where it ends."""
    leaving = defaultdict(list)
    for edge, (source, target) in enumerate(batch.edge_index.T.tolist()):
        leaving[source].append((edge, target))

    def go(node: int, way: tuple[int | None, ...]) -> Iterator[tuple[int, tuple[int | None, ...]]]:
        if len(way) == steps:
            yield node, way
            return
        yield from go(node, (*way, None))
        for edge, target in leaving[node]:
            yield from go(target, (*way, edge))

    return go(start, ())


def by_hand(batch: GraphBatch, came: Followed, ends: list[int]) -> dict[tuple[int, ...], float]:
    """Share of every path in the mass of some nodes, by walking every way."""
    share, power = came.relation[0].tolist(), came.weight[0].tolist()
    code = batch.edge_relation.tolist()
    reached: dict[tuple[int, int], dict[tuple[int, ...], float]] = defaultdict(lambda: defaultdict(float))
    for start in (came.walker >= 0).nonzero().flatten().tolist():
        w = int(came.walker[start])
        asked = (batch.node_role & 1).nonzero().flatten().tolist()
        for end, way in ways(batch, start, len(share[w])):
            edges = tuple(edge for edge in way if edge is not None)
            if not edges:
                continue
            value = max(float(batch.node_prior[start]), EPSILON)
            for step, edge in enumerate(way):
                value *= share[w][step][-1 if edge is None else code[edge]]
            value *= RETURN ** sum(int(batch.edge_index[1, edge]) in asked for edge in edges)
            reached[w, end][edges] += value
    total: dict[tuple[int, ...], float] = defaultdict(float)
    whole = sum(float(came.mass[end]) for end in ends)
    for end in ends:
        here = [w for w in range(len(share)) if power[w] > 0 and reached[w, end]]
        for w in here:
            of_walker = float(came.mass[end]) / whole * power[w] / sum(power[v] for v in here)
            for edges, value in reached[w, end].items():
                total[edges] += of_walker * value / sum(reached[w, end].values())
    return total


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("walkers", [1, 2, 3])
def test_a_followers_paths_are_those_of_all_walks(steps: int, walkers: int):
    for seed in range(5):
        batch = one_question(seed)
        came = followed(batch, seed, steps, walkers)
        ends = np.array([4, 7, 9])
        expected = by_hand(batch, came, ends.tolist())
        every = Flow(batch, came).walks(ends, 10**6)
        assert {walk.edges for walk in every} == set(expected)
        for walk in every:
            assert walk.value == pytest.approx(expected[walk.edges], abs=1e-12)
        few = Flow(batch, came).walks(ends, 7)
        assert [walk.value for walk in few] == pytest.approx(sorted(expected.values(), reverse=True)[:7], abs=1e-12)
        assert not set(few) - set(every)


def test_a_followers_paths_sum_to_its_mass():
    batch = one_question(3)
    came = followed(batch, 3)
    reached = {int(node) for w in range(2) for node in Flow(batch, came).mass[w].nonzero()[0]}
    every = Flow(batch, came).walks(np.array(sorted(reached)), 10**6)
    assert sum(walk.value for walk in every) == pytest.approx(1, abs=1e-12)
    nothing = replace(batch, edge_index=batch.edge_index[:, :0], edge_relation=batch.edge_relation[:0])
    assert Flow(nothing, came).walks(np.array([4]), 5) == []


def test_a_wide_search_stops_with_good_paths(monkeypatch: pytest.MonkeyPatch):
    batch = one_question(0, nodes=101)
    came = followed(batch, 0)
    ends = np.arange(50, 60)
    exact = Flow(batch, came).walks(ends, 5)
    monkeypatch.setattr(walks, "SEARCHED", 13)
    hasty = Flow(batch, came).walks(ends, 5)
    known = {walk.edges: walk.value for walk in Flow(batch, came).walks(ends, 10**4)}
    assert all(known[walk.edges] == pytest.approx(walk.value) for walk in hasty)
    assert sum(walk.value for walk in hasty) > 0.5 * sum(walk.value for walk in exact)


def with_importance(batch: GraphBatch, seed: int, steps: int) -> tuple[torch.Tensor, Floats]:
    """Some of the edges, and random importances of their messages."""
    random = torch.Generator().manual_seed(seed)
    edges = torch.arange(0, batch.edge_index.shape[1], 1 + seed % 2)
    return edges, torch.randn(steps, len(edges), generator=random, dtype=torch.float64).numpy()


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_best_paths_of_messages_are_those_of_all_paths(steps: int):
    for seed in range(6):
        batch = one_question(seed, nodes=7)
        passed, gradient = with_importance(batch, seed, steps)
        row = {edge: i for i, edge in enumerate(passed.tolist())}
        ends = [3, 5]
        expected: dict[tuple[int, ...], float] = {}
        starts = [node for node in (0, 1) if node not in ends]
        for start in starts:
            for end, way in ways(batch, start, steps):
                edges = tuple(edge for edge in way if edge is not None)
                visited = [start, *(int(batch.edge_index[1, edge]) for edge in edges)]
                if end in ends and set(edges) <= set(row) and len(set(visited)) == len(visited):
                    steps_taken = [(k, row[edge]) for k, edge in enumerate(way) if edge is not None]
                    value = sum(float(gradient[k, i]) for k, i in steps_taken)
                    expected[edges] = max(expected.get(edges, -np.inf), value)
        positive = sorted((value for value in expected.values() if value > 0), reverse=True)
        for limit in (3, 10**6):
            found = Messages(batch, passed).walks(gradient, np.array(ends), limit)
            assert [walk.value for walk in found] == pytest.approx(positive[:limit], abs=1e-12)
            assert all(expected[walk.edges] == pytest.approx(walk.value) for walk in found)


def test_no_path_of_messages():
    batch = one_question(0)
    edges, gradient = with_importance(batch, 0, 2)
    messages = Messages(batch, edges)
    assert messages.walks(-np.abs(gradient), np.array([3]), 5) == []
    assert Messages(batch, edges[:0]).walks(gradient[:, :0], np.array([3]), 5) == []
    assert messages.walks(gradient, np.array([0, 1]), 5) == []  # all concepts of the question are ends


def test_a_walk_is_edges_and_a_value():
    assert Walk((1, 2), 0.5) == ((1, 2), 0.5)
