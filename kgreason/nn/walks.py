"""The relation paths behind a path follower's mass and a Bellman-Ford network's messages, best first."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor

from kgreason.nn.batch import GraphBatch
from kgreason.nn.paths import EPSILON, RETURN, Followed
from kgreason.records import ROLE_QUESTION

if TYPE_CHECKING:
    from kgreason.nn.walk_kernels import Lattice

__all__ = ["Flow", "Messages", "Walk"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Beginnings of paths that one search follows at most; beyond, what it found so far stands.
SEARCHED = 2000


class Walk(NamedTuple):
    """Edges of a batch (columns of ``edge_index``) in the order they are walked, and what the walk adds."""

    edges: tuple[int, ...]
    value: float


class Flow:
    """The follower's walkers in float64, without the numbers that normalise each step.

    Args:
        batch: one question.
        followed: by the follower.

    Shapes:
        mass [w, n] (after the last step, of what left its concept), met [n] (the walkers' product), power [w].
    """

    def __init__(self, batch: GraphBatch, followed: Followed) -> None:
        code = batch.edge_relation.cpu().numpy()
        self.met = followed.mass.double().cpu().numpy()
        self.power = followed.weight[0].double().cpu().numpy()
        share = followed.relation[0].double().cpu().numpy()
        walkers, steps, _ = share.shape
        prior = np.maximum(batch.node_prior.double().cpu().numpy(), EPSILON)
        came = np.zeros((walkers, steps + 1, batch.num_nodes))
        came[:, 0] = prior * (followed.walker.cpu().numpy() == np.arange(walkers)[:, None])
        source, target = batch.edge_index.cpu().numpy()
        entered = np.where(batch.node_role.cpu().numpy() & ROLE_QUESTION > 0, RETURN, 1.0)
        stays = np.empty((walkers, steps + 1, steps + 1))
        for walker in range(walkers):
            stays[walker] = _staying(share[walker, :, -1])
        self._lattice = _lattice(source, target, share[:, :, code] * entered[target], stays, came, sums=True)
        self.mass = (self._lattice.came[:, 1:] * stays[:, 1:, -1:]).sum(1)

    def walks(self, ends: Ints, limit: int) -> list[Walk]:
        """The paths on which most of the mass came to some nodes; the values of all paths sum to 1.

        The mass is shared among its paths so: nodes in proportion to their mass; at a node the walkers that reached
        it and speak for it in proportion to their powers, which are the elasticities of their product; within a
        walker its paths in proportion to the products of their steps' shares. Steps that stay are left out: a path's
        value is that of all ways to walk it with the steps there are. Mass where no such walker came has no path.

        Args:
            ends: the nodes.
            limit: how many paths.

        Returns:
            Best first; exactly the best unless the search had to follow more than :data:`SEARCHED` beginnings.
        """
        speaks = np.maximum(self.power, 0.0)[:, None] * (self.mass[:, ends] > 0)
        place, walker = np.nonzero((speaks * self.met[ends]).T)
        node = ends[place]
        whole = max(self.met[ends].sum(), EPSILON)
        value = self.met[node] / whole * speaks[walker, place] / speaks.sum(0)[place]
        after = (value / self.mass[walker, node])[:, None] * self._lattice.stays[walker, :, -1]
        return _best_first(self._lattice, node, walker, value, after, limit, sums=True)


class Messages:
    """The paths from concepts of the question along which a Bellman-Ford network's messages raised a score most.

    As NBFNet is read (Zhu et al. 2021, section 4.4): the importance of an edge at an iteration is the gradient of the
    score with respect to a weight of one on its message, that of a path the sum over its edges, each at a later
    iteration than the one before. It is the first-order loss of score were the path's messages left out.

    Args:
        batch: one question.
        edges: which of its edges messages passed over, ascending.

    Shapes:
        edges [e'].
    """

    def __init__(self, batch: GraphBatch, edges: Tensor) -> None:
        self._edges = edges.cpu().numpy()
        self._source, self._target = batch.edge_index.cpu().numpy()[:, self._edges]
        self._starts = batch.node_role.cpu().numpy() & ROLE_QUESTION > 0

    def walks(self, gradient: Floats, ends: Ints, limit: int) -> list[Walk]:
        """The best paths to some nodes.

        Args:
            gradient: importance of each edge at each iteration.
            ends: the nodes.
            limit: how many paths.

        Returns:
            Paths without a node twice, best first; those of no importance or a negative one are left out.

        Shapes:
            gradient [steps, e'], ends [k].
        """
        steps, starts = len(gradient), self._starts.copy()
        starts[ends] = False
        came = np.full((1, steps + 1, len(starts)), -np.inf)
        came[0, 0, starts] = 0.0
        stays = np.where(np.tri(steps + 1, dtype=np.bool_).T, 0.0, -np.inf)[None]
        lattice = _lattice(self._source, self._target, gradient[None], stays, came, sums=False)
        bound = lattice.came[0][:, ends].max(0)
        ends, bound = ends[bound > 0], bound[bound > 0]
        after, walker = np.zeros((len(ends), steps + 1)), np.zeros(len(ends), np.int64)
        found = _best_first(lattice, ends, walker, bound, after, limit, sums=False)
        return [Walk(tuple(self._edges[list(walk.edges)].tolist()), walk.value) for walk in found]


def _lattice(source: Ints, target: Ints, gain: Floats, stays: Floats, came: Floats, *, sums: bool) -> Lattice:
    """All that walks run in; ``came`` is written on."""
    from kgreason.nn.walk_kernels import Lattice, spread  # numba is slow to import

    order = np.argsort(target, kind="stable")
    bounds = np.zeros(came.shape[2] + 1, np.int64)
    np.cumsum(np.bincount(target, minlength=came.shape[2]), out=bounds[1:])
    columns = source, target, order, bounds, gain, stays, came
    lattice = Lattice(*map(np.ascontiguousarray, columns))  # of one layout, so that loops are compiled once
    spread(lattice, sums)
    return lattice


def _best_first(
    lattice: Lattice, node: Ints, walker: Ints, bound: Floats, after: Floats, limit: int, *, sums: bool
) -> list[Walk]:
    from kgreason.nn.walk_kernels import best_first

    begun = map(np.ascontiguousarray, (node, walker, bound, after))
    values, edges = best_first(lattice, *begun, limit, SEARCHED, sums)
    taken = zip(edges.tolist(), values.tolist(), strict=True)
    return [Walk(tuple(edge for edge in walk if edge >= 0), value) for walk, value in taken]


def _staying(stay: Floats) -> Floats:
    """Share that stays in place from after i steps to after j. Shapes: [steps] -> [steps + 1, steps + 1]."""
    size = len(stay) + 1
    return np.array([[stay[i:j].prod() if j >= i else 0.0 for j in range(size)] for i in range(size)])
