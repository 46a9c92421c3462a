from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from kgreason.nn.walk_kernels import Lattice, best_first, spread

NODES, EDGES, STEPS, WALKERS = 5, 11, 3, 2


def lattice(seed: int, *, sums: bool) -> Lattice:
    """Random edges and values; where the greatest counts, sums of logarithms."""
    chance = np.random.default_rng(seed)
    source, target = (chance.integers(0, NODES, EDGES) for _ in range(2))
    order = np.argsort(target, kind="stable")
    bounds = np.searchsorted(target[order], np.arange(NODES + 1))
    gain = chance.random((WALKERS, STEPS, EDGES))
    stays = np.triu(chance.random((WALKERS, STEPS + 1, STEPS + 1)))
    came = np.zeros((WALKERS, STEPS + 1, NODES))
    came[:, 0] = chance.random((WALKERS, NODES))
    if not sums:
        gain, stays = np.log(gain), np.log(np.where(stays > 0, stays, 1))
        came = np.where(came > 0, np.log(np.where(came > 0, came, 1)), -np.inf)
    return Lattice(source, target, order, bounds, gain, stays, came)


def walks_of(lattice: Lattice, walker: int, start: int, *, sums: bool):
    """Every way to walk one edge or more from a node: its edges, the step of the last, and what it is worth there."""
    for length in range(1, STEPS + 1):
        for edges in product(range(EDGES), repeat=length):
            nodes = [start, *(int(lattice.target[edge]) for edge in edges)]
            if any(lattice.source[edge] != node for edge, node in zip(edges, nodes, strict=False)):
                continue
            for steps in combinations(range(STEPS), length):
                parts, since = [float(lattice.came[walker, 0, start])], 0
                for edge, step in zip(edges, steps, strict=True):
                    parts += [lattice.stays[walker, since, step], lattice.gain[walker, step, edge]]
                    since = step + 1
                yield edges, nodes[-1], since, float(np.prod(parts) if sums else np.sum(parts))


@pytest.mark.parametrize("sums", [True, False])
@pytest.mark.parametrize("seed", [1, 2])
def test_what_enters_is_what_all_walks_bring(sums: bool, seed: int):
    given = lattice(seed, sums=sums)
    wanted = given.came.copy()
    for walker, start in product(range(WALKERS), range(NODES)):
        for _, node, step, value in walks_of(given, walker, start, sums=sums):
            before = wanted[walker, step, node]
            wanted[walker, step, node] = before + value if sums else max(before, value)
    spread(given, sums)
    np.testing.assert_allclose(given.came, wanted, rtol=1e-12)


@pytest.mark.parametrize("limit", [1, 7])
def test_the_best_walks_to_a_node_are_the_best_of_all(limit: int):
    given = lattice(3, sums=True)
    end, walker, after = 2, 1, np.arange(1.0, STEPS + 2)
    worth: dict[tuple[int, ...], float] = {}
    for start in range(NODES):
        for edges, node, step, value in walks_of(given, walker, start, sums=True):
            if node == end:
                worth[edges] = worth.get(edges, 0.0) + value * after[step]
    spread(given, True)
    ends = np.array([end]), np.array([walker])
    values, walks = best_first(given, *ends, np.array([np.inf]), after[None], limit, 10_000, True)
    best = sorted(worth.items(), key=lambda each: -each[1])[:limit]
    np.testing.assert_allclose(values, [value for _, value in best], rtol=1e-12)
    assert [tuple(edge for edge in walk.tolist() if edge >= 0) for walk in walks] == [edges for edges, _ in best]
